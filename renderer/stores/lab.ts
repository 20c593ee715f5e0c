/** The running lab: its state, and the verbs. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { ModelId } from '../../shared/catalogue.ts';
import type { LiveChanges, LiveSettings, LiveState, SwitchReport } from '../../shared/contract/live.ts';
import type { ModelOptions } from '../../shared/schemas/settings.ts';
import type { LabLink } from '../app/link.ts';
import { duration } from './format.ts';
import { useNotices } from './notices.ts';
import { useRuns } from './runs.ts';
import { fedHistory, takeFrames } from './telemetry.ts';

export type LinkStatus = 'connecting' | 'open' | 'lost';

const idle: LiveState = { phase: 'idle', paused: false };

export const useLab = defineStore('lab', () => {
  const notices = useNotices();
  const runs = useRuns();
  const status = ref<LinkStatus>('connecting');
  const lostReason = ref('');
  const state = shallowRef<LiveState>(idle);
  /** The model that was pressed and does not serve yet. */
  const pendingModel = ref<ModelId>();
  const lastSwitch = shallowRef<SwitchReport>();
  let link: LabLink | undefined;
  let wanted: { model: ModelId; options: ModelOptions } | undefined;

  const phase = computed(() => state.value.phase);
  const isRunning = computed(() => phase.value === 'running' || phase.value === 'switching');
  const isBusy = computed(() => phase.value === 'starting' || phase.value === 'stopping');
  const servingModel = computed(() => (isRunning.value ? state.value.settings?.server.model : undefined));

  function takeState(next: LiveState): void {
    const began = next.phase === 'starting' && state.value.phase !== 'starting';
    if (began) {
      runs.begin('own');
      lastSwitch.value = undefined;
    } else if (next.phase === 'running' || next.phase === 'switching') runs.adoptOwn();
    if (next.phase === 'stopping' || next.phase === 'idle') runs.ended('own');
    if (next.phase !== 'replaying' && next.startedNs !== undefined && runs.fed === 'own')
      fedHistory().startsAt(next.startedNs);
    if (next.fault !== undefined && next.fault !== state.value.fault) notices.show('error', next.fault);
    state.value = next;
  }

  async function connect(newLink: LabLink): Promise<void> {
    link = newLink;
    newLink.onEvent('live.state', takeState);
    newLink.onFrames((source, frames) => takeFrames(source, frames, (text) => notices.show('error', text)));
    newLink.onClosed((reason) => {
      if (link === newLink) lose(reason);
    });
    takeState(await newLink.request('live.state'));
    status.value = 'open';
  }

  /** There is no lab, or none any more. */
  function lose(reason: string): void {
    link = undefined;
    status.value = 'lost';
    lostReason.value = reason;
    // Nobody knows what runs now.
    state.value = idle;
    pendingModel.value = undefined;
  }

  /** Runs a verb; a fault is shown and gives undefined. */
  async function attempt<T>(verb: (open: LabLink) => Promise<T>): Promise<T | undefined> {
    try {
      if (!link) throw new Error('The lab is not connected. Reconnect first.');
      return await verb(link);
    } catch (error) {
      notices.show('error', error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** The run before goes when the lab says that this one starts, ahead of its frames: what is refused leaves it. */
  async function start(settings: LiveSettings): Promise<void> {
    const next = await attempt((open) => open.request('live.start', settings));
    if (next) takeState(next);
  }

  async function stop(): Promise<void> {
    const next = await attempt((open) => open.request('live.stop'));
    if (next) takeState(next);
  }

  async function restart(settings: LiveSettings): Promise<void> {
    await stop();
    await start(settings);
  }

  async function change(changes: LiveChanges): Promise<void> {
    const next = await attempt((open) => open.request('live.change', changes));
    if (next) takeState(next);
  }

  const pauseClients = (paused: boolean): Promise<void> => change({ paused });

  /** One press switches the running server. Of presses that come faster than switches, the last one counts. */
  async function switchTo(model: ModelId, options: ModelOptions): Promise<void> {
    wanted = { model, options };
    if (pendingModel.value !== undefined) return;
    while (wanted !== undefined) {
      const next = wanted;
      wanted = undefined;
      if (next.model === servingModel.value) continue;
      pendingModel.value = next.model;
      const report = await attempt((open) => open.request('live.switch', next));
      if (report) {
        lastSwitch.value = report;
        noteServing(report.model, next.options);
      }
    }
    pendingModel.value = undefined;
  }

  /** Where the state that the lab sends by itself comes after its report, the report counts. */
  function noteServing(model: ModelId, options: ModelOptions): void {
    const { settings } = state.value;
    if (!settings || settings.server.model === model) return;
    state.value = { ...state.value, settings: { ...settings, server: { ...settings.server, model, options } } };
  }

  async function mark(text: string): Promise<void> {
    await attempt((open) => open.request('live.mark', { text }));
  }

  const switchWords = computed(() => {
    const report = lastSwitch.value;
    if (!report) return '';
    const pause = duration(report.pauseMs * 1e6);
    return report.how === 'live'
      ? `${report.previous} → ${report.model}: ${report.keptConnections} connections stayed open, nobody served for ${pause}`
      : `${report.previous} → ${report.model}: these two cannot hand over, so the clients connected anew; ${pause} without service`;
  });

  return {
    status,
    lostReason,
    state,
    phase,
    isRunning,
    isBusy,
    servingModel,
    pendingModel,
    lastSwitch,
    switchWords,
    connect,
    lose,
    attempt,
    start,
    stop,
    restart,
    change,
    pauseClients,
    switchTo,
    mark,
  };
});
