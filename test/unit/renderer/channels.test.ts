import { beforeEach, describe, expect, it } from 'vitest';
import { encodeCounters, encodeJson } from '../../../shared/telemetry/codec.ts';
import { counterNames, frameKinds, gaugeNames, syscallNames } from '../../../shared/telemetry/wire.ts';
import { useChannels } from '../../../renderer/stores/channels.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { isTimed, useMoments } from '../../../renderer/stores/moments.ts';
import { useMeasuredCost } from '../../../renderer/stores/measured-cost.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import { useTimebase } from '../../../renderer/stores/timebase.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

let double: LabDouble;
beforeEach(async () => {
  ({ double } = await joined());
  await useLab().start(useSetup().toStart);
});

type Totals = Partial<Record<(typeof counterNames)[number] | (typeof syscallNames)[number], number>>;

/** A frame of totals at a time in ms. */
function counters(
  source: 'server' | 'clients',
  ms: number,
  totals: Totals,
  gauges: Partial<Record<(typeof gaugeNames)[number], number>> = {},
): void {
  const list = (names: readonly string[], values: Readonly<Record<string, number>>): Float64Array =>
    Float64Array.from(names, (name) => values[name] ?? 0);
  const frame = encodeCounters({
    timeNs: ms * 1e6,
    sequence: ms,
    snapshotId: 0,
    gauges: list(gaugeNames, gauges),
    counters: list(counterNames, totals),
    syscalls: list(syscallNames, totals),
    stepHits: new Float64Array(0),
    stepNs: new Float64Array(0),
  });
  double.send(source, frame);
}
const serve = (model: string, ms: number): void =>
  double.send('server', encodeJson(frameKinds.model, { timeNs: ms * 1e6, model, sourceFile: 'x', steps: [] }));

/** Totals that grow by so much a second, every 50 ms over [from, to]. */
function run(from: number, to: number, rates: Totals, base: Totals = {}, detailLevel = 0): void {
  for (let ms = from; ms <= to; ms += 50) {
    const grown = Object.fromEntries(
      Object.entries(rates).map(([name, rate]) => [
        name,
        (base[name as keyof Totals] ?? 0) + (rate * (ms - from)) / 1000,
      ]),
    );
    counters('server', ms, grown, { openFds: 63, detailLevel });
  }
}

describe('the cost of a level of detail', () => {
  it('is what CPU per request was under it, beside what it is with counters alone', async () => {
    const cost = useMeasuredCost();
    serve('epoll-lt', 1000);
    run(1000, 5000, { requests: 1000, cpuUserNs: 8e6, cpuSystemNs: 2e6 });
    await Promise.resolve();
    useChannels().sample();
    expect(cost.costOf('counters')).toMatch(/^Measured here, epoll-lt: 10(\.0)? µs of CPU a request over \d s\.$/);
    expect(cost.costOf('events')).toBeUndefined();
    double.send('lab', encodeJson(frameKinds.mark, { name: 'change', timeNs: 5e9, text: 'detail' }));
    const reached = { requests: 4000, cpuUserNs: 32e6, cpuSystemNs: 8e6 };
    run(5050, 9050, { requests: 1000, cpuUserNs: 9e6, cpuSystemNs: 2e6 }, reached, 2);
    useChannels().sample();
    expect(cost.costOf('events')).toMatch(
      /11(\.0)? µs of CPU a request over \d s, 10(\.0)?% more than counters alone\.$/,
    );
  });
});

describe('figures of the channels', () => {
  it('come from the growth of counters under the model that serves', () => {
    serve('epoll-lt', 1000);
    run(1000, 3000, {
      requests: 1000,
      read: 2000,
      write: 100,
      cpuUserNs: 5e6,
      cpuSystemNs: 3e6,
      voluntarySwitches: 500,
    });
    const channels = useChannels();
    channels.sample();
    const figures = channels.byModel.get('epoll-lt')?.figures;
    expect(figures?.requestsPerSecond).toBeCloseTo(1000);
    expect(figures?.syscallsPerRequest).toBeCloseTo(2.1);
    expect(figures?.cpuMicrosPerRequest).toBeCloseTo(8);
    expect(figures?.switchesPerRequest).toBeCloseTo(0.5);
    expect(figures?.voluntaryPerSecond).toBeCloseTo(500);
    expect(figures?.p99Ms).toBeUndefined();
    expect(channels.gauges?.openFds).toBe(63);
  });

  it('keep those of a model after a switch, and leave what lies around it to nobody', () => {
    const channels = useChannels();
    serve('epoll-lt', 1000);
    run(1000, 3000, { requests: 1000 });
    channels.sample();
    serve('select', 3000);
    run(3050, 3300, { requests: 100 }, { requests: 2000 });
    channels.sample();
    expect(channels.now).toBeUndefined();
    expect(channels.byModel.has('select')).toBe(false);
    run(3350, 5000, { requests: 100 }, { requests: 2030 });
    channels.sample();
    expect(channels.byModel.get('select')?.figures.requestsPerSecond).toBeCloseTo(100);
    expect(channels.byModel.get('epoll-lt')?.figures.requestsPerSecond).toBeCloseTo(1000);
    expect(channels.largest.requestsPerSecond).toBeCloseTo(1000);
  });

  it('are of now alone, also where another window has changed something', () => {
    const channels = useChannels();
    serve('epoll-lt', 1000);
    run(1000, 3000, { requests: 1000 });
    double.send('lab', encodeJson(frameKinds.mark, { name: 'change', timeNs: 3e9, text: 'connections 50 → 500' }));
    run(3050, 4000, { requests: 100 }, { requests: 2005 });
    channels.sample();
    expect(channels.now?.requestsPerSecond).toBeCloseTo(100);
  });

  it('do not reach back beyond the switch where a frame came late', () => {
    const channels = useChannels();
    serve('epoll-lt', 1000);
    run(1000, 3000, { requests: 1000 });
    serve('select', 3010);
    // Nothing was told for half a second; the first frame of the new model has replies of both.
    run(3500, 4500, { requests: 100 }, { requests: 2300 });
    channels.sample();
    expect(channels.now?.requestsPerSecond).toBeCloseTo(100);
  });

  it('are not compared under other settings', async () => {
    const channels = useChannels();
    serve('epoll-lt', 1000);
    run(1000, 3000, { requests: 1000 });
    channels.sample();
    const channel = channels.byModel.get('epoll-lt');
    expect(channel && channels.isStale(channel)).toBe(false);
    await useLab().change({ connections: 500 });
    expect(channel && channels.isStale(channel)).toBe(true);
    expect(channels.largest.requestsPerSecond).toBe(0);
  });

  it('say when the clients are the limit, and name their errors', () => {
    const channels = useChannels();
    serve('epoll-lt', 1000);
    run(1000, 3000, { requests: 1000 });
    for (let ms = 1000; ms <= 3000; ms += 50) {
      counters('clients', ms, { cpuUserNs: (ms - 1000) * 0.96e6, errorRefused: 2, errorFdLimit: 3 });
    }
    channels.sample();
    expect(channels.isClientTheLimit).toBe(true);
    expect(channels.errors).toEqual({ total: 5, words: 'fd limit, refused' });
  });
});

describe('moments', () => {
  it('become a list, newest first, and a toast that leads to the moment', () => {
    const moments = useMoments();
    serve('epoll-lt', 1000);
    run(1000, 2000, { requests: 10 });
    const finding = { code: 'fdLeak', level: 'warning', model: 'epoll-lt', figures: {}, sinceNs: 1.4e9 };
    double.send('lab', encodeJson(frameKinds.finding, { ...finding, timeNs: 1.5e9, text: 'It leaks.' }));
    double.send('lab', encodeJson(frameKinds.mark, { name: 'change', timeNs: 1.7e9, text: 'connections 50 → 500' }));
    moments.sample();
    moments.sample();
    expect(moments.list.map(({ text }) => text)).toEqual(['connections 50 → 500', 'It leaks.']);
    expect(moments.findings).toBe(1);
    const { toasts } = useNotices();
    expect(toasts.map(({ text }) => text)).toEqual(['It leaks.']);
    toasts[0]?.action?.run();
    expect(useTimebase().cursorNs).toBe(1.5e9);
    expect(useTimebase().isFollowing).toBe(false);
  });

  it('have the time they were said at, or none where nobody knows it: no guess', () => {
    const moments = useMoments();
    const said = { level: 'warning', code: 'x' };
    double.send('lab', encodeJson(frameKinds.notice, { ...said, text: 'some time' }));
    double.send('lab', encodeJson(frameKinds.notice, { ...said, text: 'then', timeNs: 1.1e9 }));
    run(1000, 1200, { requests: 10 });
    moments.sample();
    expect(moments.list.map(({ text }) => text)).toEqual(['then', 'some time']);
    expect(moments.list.map(({ timeNs }) => timeNs)).toEqual([1.1e9, Number.NaN]);
    expect(moments.list.map(isTimed)).toEqual([true, false]);
    const { toasts } = useNotices();
    expect(toasts.map(({ text, action }) => [text, action?.title])).toEqual([
      ['some time', undefined],
      ['then', 'Show the moment'],
    ]);
  });
});

describe('a lost lab', () => {
  it('is said, with its reason, and nothing seems to run', () => {
    double.die('The lab has ended.');
    const lab = useLab();
    expect([lab.status, lab.lostReason, lab.isRunning]).toEqual(['lost', 'The lab has ended.', false]);
  });
});
