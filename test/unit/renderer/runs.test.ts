/** Whose run the Scope shows: an experiment or a session puts the user's own run aside, and does not destroy it. */
import { effectScope, type EffectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExperimentState } from '../../../shared/contract/experiments.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { useShownRun } from '../../../renderer/app/use-shown-run.ts';
import { useChannels } from '../../../renderer/stores/channels.ts';
import { useExperiments } from '../../../renderer/stores/experiments.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { useMoments } from '../../../renderer/stores/moments.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import { useRuns } from '../../../renderer/stores/runs.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import { history } from '../../../renderer/stores/telemetry.ts';
import { useTimebase } from '../../../renderer/stores/timebase.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import type { LabDouble } from './lab-double.ts';
import { countersFrame, joined } from './scope-tools.ts';

const comparing = (done: number, id = 3): ExperimentState => ({
  phase: 'running',
  current: {
    ...{ id, kind: 'compare', title: 'Mine' },
    progress: {
      ...{ done, total: 6, elapsedSeconds: 1, durationSeconds: 2, requests: 9, secondsLeft: 58 },
      label: `run ${done}`,
    },
  },
});

let double: LabDouble;
let scope: EffectScope;
beforeEach(async () => {
  ({ double } = await joined());
  double.answers['experiment.state'] = () => ({ phase: 'idle' });
  await useExperiments().connect(double);
  scope = effectScope();
  scope.run(useShownRun);
  useUi().screen = 'scope';
});
afterEach(() => scope.stop());

/** A server that answers so many requests a second over [fromMs, toMs]. */
function serve(model: string, rate: number, fromMs: number, toMs: number): void {
  double.send('server', encodeJson(frameKinds.model, { timeNs: fromMs * 1e6, model, sourceFile: 'x', steps: [] }));
  for (let ms = fromMs; ms <= toMs; ms += 50) {
    const requests = ((ms - fromMs) * rate) / 1000;
    double.send('server', countersFrame(ms, requests, rate));
  }
}
const shownModels = (): string[] => history.moments.models.map(({ model }) => model);

async function ownRun(): Promise<void> {
  double.tell('live.state', { phase: 'starting', paused: false });
  await useLab().start(useSetup().toStart);
  serve('epoll-lt', 1000, 1000, 5000);
  double.tell('live.state', { phase: 'stopping', paused: false });
  // What the engines tell while they end is no figure of the run.
  serve('epoll-lt', 0, 5050, 5400);
  double.tell('live.state', { phase: 'idle', paused: false });
}

describe('the run that was on the Scope', () => {
  it('waits beside a comparison, one press away, as it was', async () => {
    await ownRun();
    const { epoch } = history;
    const runs = useRuns();
    double.tell('experiment.state', comparing(0));
    expect(runs.kept?.words).toBe('epoll-lt, 0:04');
    expect([history.hasData, runs.shown]).toEqual([false, 'experiment']);
    serve('select', 2000, 11_000, 13_000);
    expect(shownModels()).toEqual(['select']);
    runs.showKept();
    expect([shownModels()[0], history.epoch, runs.shown]).toEqual(['epoll-lt', epoch, 'own']);
    // The comparison goes on behind it, from run to run.
    double.tell('experiment.state', comparing(1));
    serve('poll', 3000, 21_000, 22_000);
    expect(shownModels()[0]).toBe('epoll-lt');
    runs.showFed();
    expect(shownModels()).toEqual(['poll']);
    double.tell('experiment.state', { phase: 'idle' });
    runs.showKept();
    expect(shownModels()[0]).toBe('epoll-lt');
  });

  it('has its last figures, of before the stop, and the window that suits its length', async () => {
    await ownRun();
    const channels = useChannels();
    channels.sample();
    expect(channels.asOf).toMatchObject({ kind: 'ended', sinceStartNs: 4e9 });
    expect(channels.now?.requestsPerSecond).toBeCloseTo(1000, 0);
    expect(channels.gauges?.openFds).toBe(1000);
    double.tell('experiment.state', comparing(0));
    serve('select', 2000, 11_000, 13_000);
    channels.sample();
    expect([channels.asOf?.kind, channels.now?.requestsPerSecond]).toEqual(['now', 2000]);
    const timebase = useTimebase();
    timebase.zoom(0.01);
    timebase.pause();
    useRuns().showKept();
    channels.sample();
    expect(channels.now?.requestsPerSecond).toBeCloseTo(1000, 0);
    expect([timebase.isFollowing, timebase.widthNs]).toEqual([true, 4.4e9]);
  });

  it('is shown alone on the Scope: other screens show what is measured', async () => {
    await ownRun();
    double.tell('experiment.state', comparing(0));
    serve('select', 2000, 11_000, 13_000);
    useRuns().showKept();
    useUi().screen = 'compare';
    await Promise.resolve();
    expect(shownModels()).toEqual(['select']);
  });

  it('gives way to another run of the user alone', async () => {
    await ownRun();
    double.tell('experiment.state', comparing(0));
    double.tell('experiment.state', { phase: 'idle' });
    double.tell('experiment.state', comparing(0, 4));
    expect(useRuns().kept).toBeDefined();
    useRuns().showKept();
    double.tell('live.state', { phase: 'starting', paused: false });
    expect([useRuns().kept, history.hasData, useRuns().shown]).toEqual([undefined, false, 'own']);
    serve('poll', 10, 31_000, 32_000);
    expect(shownModels()).toEqual(['poll']);
  });

  it('is there again when a session is closed', async () => {
    await ownRun();
    const runs = useRuns();
    runs.begin('session');
    serve('select', 2000, 1000, 2000);
    const { runId } = history;
    runs.begin('session', { isSameRun: true });
    // A seek tells the same run from another moment on, and keeps the zoom.
    expect(history.runId).toBe(runId);
    runs.end();
    expect([shownModels()[0], runs.kept, runs.shown]).toEqual(['epoll-lt', undefined, 'own']);
  });

  it('is put aside whole, with all that a history knows', () => {
    const [one, other] = [new TelemetryHistory(), new TelemetryHistory()];
    const known = Object.keys(one).filter((key) => key !== 'version');
    const of = (history: object, key: string): unknown => Reflect.get(history, key);
    expect(known).toEqual(expect.arrayContaining(['counters', 'machine', 'runId']));
    const before = known.map((key) => [of(one, key), of(other, key)] as const);
    one.exchange(other);
    known.forEach((key, i) => expect([key, of(other, key), of(one, key)]).toEqual([key, ...(before[i] ?? [])]));
    for (const key of ['counters', 'sockets', 'moments', 'machine'] as const)
      expect(other[key]).toBe(before[known.indexOf(key)]?.[0]);
  });

  it('does not tell its findings anew', async () => {
    await ownRun();
    const finding = {
      code: 'fdLeak',
      level: 'warning',
      figures: {},
      timeNs: 3e9,
      sinceNs: 2e9,
      model: 'epoll-lt',
      text: 'Starves.',
    };
    double.send('lab', encodeJson(frameKinds.finding, finding));
    const moments = useMoments();
    const notices = useNotices();
    const told = (): number => notices.toasts.filter(({ text }) => text === 'Starves.').length;
    moments.sample();
    expect(told()).toBe(1);
    for (const { id } of notices.toasts) notices.dismiss(id);
    double.tell('experiment.state', comparing(0));
    serve('select', 2000, 11_000, 12_000);
    moments.sample();
    useRuns().showKept();
    moments.sample();
    expect(told()).toBe(0);
    expect(moments.findings).toBe(1);
  });
});
