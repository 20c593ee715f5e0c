/** The experiment that runs or ended last: a scenario, a comparison or a sweep. All windows see the same one. */
import { defineStore } from 'pinia';
import { computed, shallowRef } from 'vue';
import type {
  CompareRequest,
  ExperimentKind,
  ExperimentResult,
  ExperimentRun,
  ExperimentState,
  ScenarioRunRequest,
  SweepRequest,
} from '../../shared/contract/experiments.ts';
import type { Params } from '../../shared/contract/contract.ts';
import type { LabLink } from '../app/link.ts';
import { useNotices } from './notices.ts';
import { useRuns } from './runs.ts';

const idle: ExperimentState = { phase: 'idle' };

export type ScenarioStart = Params<'scenario.run'>;
export type CompareStart = Params<'compare.start'>;
export type SweepStart = Params<'sweep.start'>;
export type { CompareRequest, ScenarioRunRequest, SweepRequest };

export const useExperiments = defineStore('experiments', () => {
  const notices = useNotices();
  const tracked = useRuns();
  const state = shallowRef<ExperimentState>(idle);
  /** Runs of the current experiment, or of the last one, that are over. */
  const runs = shallowRef<readonly ExperimentRun[]>([]);
  const results = shallowRef<{ readonly [Kind in ExperimentKind]?: Extract<ExperimentResult, { kind: Kind }> }>({});
  let link: LabLink | undefined;
  let runsOf = 0;
  let shownRun = '';

  const current = computed(() => state.value.current);
  const isRunning = computed(() => state.value.phase !== 'idle');
  const isCancelling = computed(() => state.value.phase === 'cancelling');
  const currentOf = (kind: ExperimentKind) =>
    computed(() => (current.value?.kind === kind ? current.value : undefined));
  const currentScenario = currentOf('scenario');
  const currentCompare = currentOf('compare');
  const currentSweep = currentOf('sweep');

  function take(next: ExperimentState): void {
    const before = state.value;
    state.value = next;
    followTracks(next);
    if (next.current === undefined) tracked.ended('experiment');
    const ended = next.last;
    if (ended === undefined || ended.id === before.last?.id) return;
    if (ended.ending === 'failed') notices.show('error', ended.fault?.sentence ?? `${ended.title} failed.`);
    else void fetchResult();
  }

  /** Every run has a server of its own, whose counters begin at zero: its tracks begin anew, too. */
  function followTracks({ current: now }: ExperimentState): void {
    if (!now) return;
    const isAnother = now.id !== runsOf;
    if (isAnother) {
      runsOf = now.id;
      runs.value = [];
      shownRun = '';
    }
    const { label, variant, value, done } = now.progress;
    const run = JSON.stringify([now.id, label, variant, value, done]);
    if (run === shownRun) return;
    shownRun = run;
    // Who went back to a run of their own stays there while this experiment goes from run to run.
    tracked.begin('experiment', { isShown: isAnother });
  }

  function takeRun(run: ExperimentRun): void {
    runs.value = run.id === runsOf ? [...runs.value, run] : [run];
    runsOf = run.id;
  }

  async function fetchResult(): Promise<void> {
    const result = await attempt((open) => open.request('experiment.result'));
    if (result) keepResult(result);
  }

  function keepResult(result: ExperimentResult): void {
    results.value = { ...results.value, [result.kind]: result };
  }

  async function connect(newLink: LabLink): Promise<void> {
    link = newLink;
    newLink.onEvent('experiment.state', take);
    newLink.onEvent('experiment.run', takeRun);
    // Windows that are loaded anew have the results still.
    for (const result of await newLink.request('experiment.results')) keepResult(result);
    take(await newLink.request('experiment.state'));
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

  /** True where it began. */
  async function begin(verb: (open: LabLink) => Promise<ExperimentState>): Promise<boolean> {
    const next = await attempt(verb);
    if (next) take(next);
    return next !== undefined;
  }
  const startScenario = (request: ScenarioStart) => begin((open) => open.request('scenario.run', request));
  const startCompare = (request: CompareStart) => begin((open) => open.request('compare.start', request));
  const startSweep = (request: SweepStart) => begin((open) => open.request('sweep.start', request));
  const resumeSweep = () => begin((open) => open.request('sweep.resume'));
  /** The last one's report; undefined where there is none, which is told. */
  const report = (kind: 'compare' | 'sweep') => attempt((open) => open.request('experiment.report', { kind }));
  const cancel = () => begin((open) => open.request('experiment.cancel'));

  return {
    ...{ state, runs, results, current, isRunning, isCancelling },
    ...{ currentScenario, currentCompare, currentSweep },
    ...{ connect, startScenario, startCompare, startSweep, resumeSweep, cancel, report },
  };
});
