/** What nobody counted is never 0: every figure of every model, at every level, in every output. */
import { describe, expect, it } from 'vitest';
import { serverIds } from '../../shared/catalogue.ts';
import { metricNames, metrics } from '../../shared/expectations/metrics.ts';
import type { RunResult } from '../../shared/run-result.ts';
import { counterNames, detailLevels, gaugeNames, syscallNames } from '../../shared/telemetry/wire.ts';
import { areCallsCounted, countingOf, isCounterCounted, isGaugeCounted } from '../../shared/telemetry/counted.ts';
import { compareSessions } from '../../shared/session/compare.ts';
import { isColumnCounted, overviewColumnNames, type Overview } from '../../shared/session/overview.ts';
import { runsCsv } from '../../main/cli/figures-csv.ts';
import { notCounted } from '../../main/lab/not-counted.ts';
import { counters } from '../../main/lab/sessions/exporters/counter-tables.ts';
import { SessionNames } from '../../main/lab/sessions/exporters/session-names.ts';
import { csvCells } from '../support/csv-cells.ts';

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A frame in which everything is 0. */
function emptyFrame(level: number): object {
  const gauges = Float64Array.from(gaugeNames, (name) => (name === 'detailLevel' ? level : 0));
  return {
    ...{ timeNs: 5, sequence: 0, snapshotId: 0, gauges, stepHits: new Float64Array(0), stepNs: new Float64Array(0) },
    ...{ counters: new Float64Array(counterNames.length), syscalls: new Float64Array(syscallNames.length) },
  };
}

describe('the tables of a session', () => {
  it.each(serverIds.flatMap((model) => detailLevels.map((_, level) => [model, level] as const)))(
    '%s at level %d: a 0 is one that was counted',
    (model, level) => {
      const names = new SessionNames();
      names.counting = () => countingOf(model);
      const decoded = { type: 'counters', source: 'server', isState: false, frame: emptyFrame(level) } as never;
      const [row] = [...counters.rows(decoded, { startedNs: 0, names, before: () => undefined })];
      const cells = new Map(counters.columns.map(({ name }, i) => [name, row?.[i]]));
      const facts = { detailLevel: level, recordsSwitches: false };
      const counting = countingOf(model);
      for (const name of counterNames)
        expect([name, cells.get(snake(name))]).toEqual([name, isCounterCounted(counting, name, facts) ? 0 : null]);
      for (const name of gaugeNames.filter((each) => each !== 'detailLevel'))
        expect([name, cells.get(snake(name))]).toEqual([name, isGaugeCounted(counting, name, facts) ? 0 : null]);
      for (const name of syscallNames)
        expect([name, cells.get(`syscall_${name}`)]).toEqual([name, areCallsCounted(counting) ? 0 : null]);
    },
  );
});

describe('the rule', () => {
  it('nobody has recorded switches where none are recorded', () => {
    const facts = { detailLevel: 2, recordsSwitches: false };
    for (const counting of ['all', 'node', 'outside'] as const)
      expect(isCounterCounted(counting, 'onCpuNs', facts)).toBe(false);
    expect(isCounterCounted('all', 'onCpuNs', { ...facts, recordsSwitches: true })).toBe(true);
  });

  it('from outside sockets are looked at from the level fds on', () => {
    const at = (detailLevel: number) => ({ detailLevel, recordsSwitches: false });
    for (const name of ['bytesIn', 'bytesOut'] as const)
      expect([0, 1, 2].map((level) => isCounterCounted('outside', name, at(level)))).toEqual([false, true, true]);
    for (const name of ['openConnections', 'acceptQueue'] as const)
      expect([0, 1, 2].map((level) => isGaugeCounted('outside', name, at(level)))).toEqual([false, true, true]);
  });

  it('a result of node has null, and why, where it counts nothing', () => {
    const { notAvailable, ...figures } = notCounted('node');
    expect(Object.keys(figures).sort()).toEqual(Object.keys(notAvailable ?? {}).sort());
    for (const name of ['syscalls', 'syscallsPerRequest', 'eagain', 'wakeups', 'coroutineSwitches'])
      expect(figures).toHaveProperty(name, null);
    expect(figures).not.toHaveProperty('accepts');
    expect(notCounted('epoll-lt')).toEqual({});
  });
});

describe('what is made of a result', () => {
  const latency = { p50: 1, p90: 1, p99: 1, p999: 1, max: 1, mean: 1, count: 1 };
  const run = {
    ...{ model: 'node', durationSeconds: 1, requests: 10, requestsPerSecond: 10, errors: {}, connections: 1 },
    ...{ latency: { corrected: latency, uncorrected: latency }, cpuSeconds: { user: 1, system: 1 } },
    ...{ cpuMicrosPerRequest: 2, switchesPerRequest: 1, maxRssBytes: 1, idleRssBytes: 1, serverErrors: {} },
    ...{ clientsAtEnd: null, profiles: {}, clientCpuShare: 0, replies: {}, timeouts: {}, rate: null },
    ...notCounted('node'),
  } as unknown as RunResult;

  it('has no figure of what is null: expectations, comparisons, CSV', () => {
    const empty = ['syscallsPerRequest', 'eagainPerRequest', 'wakeupsPerRequest', 'coroutineSwitchesPerRequest'];
    for (const name of metricNames.filter((each) => empty.includes(each))) expect(metrics[name].of(run)).toBeNull();
    const rows = runsCsv([run]).split('\r\n').map(csvCells);
    for (const name of empty) expect(rows.find((row) => row[4] === name)?.[6]).toBe('');
  });
});

describe('a session at a glance', () => {
  const overviewOf = (...models: string[]): Overview =>
    ({
      ...{ startedNs: 0, endedNs: 2e9, syscalls: {}, lostFrames: 0, latency: { corrected: { count: 0 } } },
      columns: Object.fromEntries(overviewColumnNames.map((name) => [name, [0, 0]])),
      moments: models.map((name) => ({ timeNs: 0, source: 'server', kind: 'model', name })),
    }) as unknown as Overview;

  it('says of each column whether all that served counted it', () => {
    const columns = ['syscalls', 'eagain', 'coroutineSwitches', 'openConnections', 'serverRequests'] as const;
    const countedOf = (...models: string[]): boolean[] =>
      columns.map((column) => isColumnCounted(overviewOf(...models), column));
    expect(countedOf('epoll-lt')).toEqual([true, true, true, true, true]);
    expect(countedOf('node')).toEqual([false, false, false, true, true]);
    expect(countedOf('epoll-lt', 'node')).toEqual([false, false, false, true, true]);
    expect(countedOf('external')).toEqual([false, false, false, false, false]);
  });

  it('two of them have no difference in what one did not count', () => {
    const manifest = { name: 'x', settings: {}, machine: { cpuModel: 'c', cpus: 2, kernel: 'k', versions: {} } };
    const served = (model: string): Overview => {
      const overview = overviewOf(model);
      const columns = { ...overview.columns, clientRequests: [5, 5], serverRequests: [5, 5], rssBytes: [1, 1] };
      return { ...overview, columns: { ...columns, syscalls: model === 'node' ? [0, 0] : [10, 10] } };
    };
    const sessionOf = (model: string) => ({ manifest, overview: served(model) }) as never;
    const { differences } = compareSessions(sessionOf('epoll-lt'), sessionOf('node'));
    const of = (name: string) => differences.find(({ measure }) => measure === name);
    expect(of('syscallsPerRequest')).toMatchObject({ a: 2, b: undefined });
    expect(of('syscallsPerRequest')?.ratio).toBeUndefined();
    expect(of('eagainPerRequest')).toMatchObject({ a: 0, b: undefined });
    expect(of('requests')).toMatchObject({ a: 10, b: 10 });
  });
});
