import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunOne } from '../../main/lab/compare/compare.ts';
import { LabError } from '../../main/lab/errors.ts';
import { applyAxis, parseAxis, Refusal } from '../../main/lab/sweep/axes.ts';
import { descriptorLimit, refusedBefore, shortfallOf } from '../../main/lab/sweep/refusals.ts';
import { readSweep, writeSweep } from '../../main/lab/sweep/resume-file.ts';
import { sweep, type SweepPlan, type SweepRecord } from '../../main/lab/sweep/sweep.ts';
import type { ModelInfo } from '../../shared/catalogue.ts';
import type { RunResult } from '../../shared/run-result.ts';
import { sweepCsv } from '../../shared/experiment-csv.ts';
import { toldNoise } from '../../shared/statistics/noise-of-runs.ts';
import { runSettingsSchema, type RunSettingsInput } from '../../shared/schemas/settings.ts';

const settings = (changes: Partial<RunSettingsInput> = {}): ReturnType<typeof runSettingsSchema.parse> =>
  runSettingsSchema.parse({ server: { model: 'epoll-lt' }, clients: [{ profile: 'closed' }], ...changes });

const model = (id: 'epoll-lt' | 'blocking-pool', option?: string): ModelInfo => ({
  ...{ id, summary: '', family: 'blocking', execution: 'thread', sourceFile: '', available: true },
  options: option ? [{ name: option, summary: '', kind: 'integer', min: 1, max: 64, default: 4 }] : [],
});
const pool = model('blocking-pool', 'poolSize');

/** The members that a sweep looks at. */
const result = (requestsPerSecond: number, more: object = {}): RunResult =>
  ({
    ...{ requestsPerSecond, requests: 1, notices: [], errors: { connect: 0, refused: 0, fdLimit: 0 } },
    ...{ connections: 1, cpuSeconds: { user: 1, system: 0 }, durationSeconds: 2, latency: { corrected: {} } },
    ...{ maxRssBytes: 1, syscallsPerRequest: null, ...more },
  }) as unknown as RunResult;

describe('an axis', () => {
  it('is read with its values in order, each once', () => {
    expect(parseAxis('clients=100,1,10,10')).toEqual({ axis: 'clients', values: [1, 10, 100] });
    expect(() => parseAxis('client=1')).toThrow('did you mean "clients"');
    expect(() => parseAxis('clients=1,x')).toThrow('A sweep over clients takes a number, such as 100');
    expect(() => parseAxis('clients=')).toThrow('written like');
  });

  it('changes what it varies and nothing else', () => {
    const base = settings();
    expect(applyAxis('clients', 7, base, undefined)).toEqual({ ...base, connections: 7 });
    expect(applyAxis('rate', 500, base, undefined).clients).toEqual([{ profile: 'rate', rate: 500 }]);
    expect(applyAxis('size', 99, base, undefined).server.responseBytes).toBe(99);
    const echo = settings({ server: { model: 'epoll-lt', handler: 'echo' } });
    expect(applyAxis('size', 99, echo, undefined).load.requestBytes).toBe(99);
    const pooled = settings({ server: { model: 'blocking-pool' } });
    expect(applyAxis('threads', 9, pooled, pool).server.options).toEqual({ poolSize: 9 });
  });

  it('keeps the whole where it varies the idle part', () => {
    const changed = applyAxis('idle', 0.9, settings({ connections: 200 }), undefined);
    expect(changed.connections).toBe(20);
    expect(changed.clients).toEqual([{ profile: 'closed' }, { profile: 'idle', connections: 180 }]);
    expect(applyAxis('idle', 0, settings(), undefined).clients).toHaveLength(1);
  });

  it('refuses a model that it does not go with, and for all a value that cannot be', () => {
    expect(() => applyAxis('threads', 2, settings(), model('epoll-lt'))).toThrow(Refusal);
    expect(() => applyAxis('threads', 65, settings({ server: { model: 'blocking-pool' } }), pool)).toThrow(Refusal);
    expect(() => applyAxis('idle', 0.99, settings({ connections: 10 }), undefined)).toThrow(Refusal);
    expect(() => applyAxis('idle', 1, settings(), undefined)).toThrow('less than 1');
    expect(() => applyAxis('clients', 0, settings(), undefined)).toThrow(
      'A value of clients must be at least 1, not 0.',
    );
    const churn = settings({ clients: [{ profile: 'churn' }] });
    expect(() => applyAxis('rate', 10, churn, undefined)).toThrow('one client of the profile closed or rate');
  });
});

describe('a point that cannot be', () => {
  it('is found by the limit of descriptors before it runs', () => {
    expect(descriptorLimit('Max open files            1024                 4096                 files')).toBe(4096);
    expect(descriptorLimit('Max open files            1024                 unlimited            files')).toBe(Infinity);
    expect(refusedBefore(settings({ connections: 5000 }), 4096)).toMatch(
      /^5000 connections need .* 4096 here; `ulimit -Hn`/,
    );
    expect(refusedBefore(settings({ connections: 4000 }), 4096)).toBeUndefined();
  });

  it('is told by its run', () => {
    const notice = { level: 'warning', code: 'selectRange', text: 'select closed 9.', source: 'lab' };
    expect(shortfallOf(result(1, { notices: [notice] }))).toEqual({ status: 'refused', reason: 'select closed 9.' });
    expect(shortfallOf(result(1, { errors: { connect: 2, refused: 1, fdLimit: 0 } }))?.reason).toMatch(
      /connect 3 times/,
    );
    expect(shortfallOf(result(0, { requests: 0 }))?.status).toBe('failed');
    expect(shortfallOf(result(1))).toBeUndefined();
  });
});

describe('a sweep', () => {
  const entries = ['a', 'b'].map((label) => ({ label, settings: settings() }));
  const plan: SweepPlan = { axis: 'clients', values: [1, 2, 3], entries, repeats: 2 };
  const models = [model('epoll-lt')];

  it('runs every point once a round, in the order of the seed, and gives the median of each', async () => {
    const ran: number[] = [];
    const runOne: RunOne = ({ connections }) => Promise.resolve(result(connections * 10 + (ran.push(connections) % 2)));
    const { points, isCancelled, seed } = await sweep({ ...plan, seed: 5 }, { runOne, models });
    const rounds = [ran.slice(0, 6), ran.slice(6)];
    for (const round of rounds) expect([...round].sort()).toEqual([1, 1, 2, 2, 3, 3]);
    expect(rounds).not.toContainEqual([1, 1, 2, 2, 3, 3]);
    expect(rounds[0]).not.toEqual(rounds[1]);
    const again: number[] = [];
    await sweep(
      { ...plan, seed },
      { runOne: ({ connections }) => Promise.resolve(result(again.push(connections))), models },
    );
    expect(again).toEqual(ran);
    expect(isCancelled).toBe(false);
    expect(points.map(({ value, label, status }) => `${value}${label} ${status}`)).toEqual(
      ['1a', '1b', '2a', '2b', '3a', '3b'].map((point) => `${point} done`),
    );
    expect(points[0]?.figures?.throughput?.count).toBe(2);
    expect(points[0]?.figures?.syscallsPerRequest).toBeNull();
  });

  it('takes a machine that grows slower for no trend', async () => {
    // Nothing depends on the value; each run is 1 % slower than the one before.
    const slopes = Array.from({ length: 40 }, async (_, seed) => {
      let speed = 1000;
      const runOne: RunOne = () => Promise.resolve(result((speed *= 0.99)));
      const values = [1, 2, 3, 4, 5, 6];
      const { points } = await sweep(
        { ...plan, values, entries: entries.slice(0, 1), repeats: 3, seed },
        { runOne, models },
      );
      const medians = points.map(({ figures }) => figures?.throughput?.median ?? 0);
      return (medians.at(-1) ?? 0) - (medians[0] ?? 0);
    });
    const found = await Promise.all(slopes);
    // By value, in one go, the last would be 15 runs later and slower in every sweep.
    const falling = found.filter((slope) => slope < 0).length;
    expect(falling).toBeGreaterThan(8);
    expect(falling).toBeLessThan(32);
  });

  it('marks what cannot be told apart', async () => {
    let turn = 0;
    // 10, 10.5 and 20 replies a second, and two more in every other run.
    const of = (connections: number): number => [10, 10.5, 20][connections - 1] ?? 0;
    const runOne: RunOne = ({ connections }) => Promise.resolve(result(of(connections) + (turn++ % 2) * 2));
    const { points } = await sweep({ ...plan, entries: entries.slice(0, 1), repeats: 8, seed: 1 }, { runOne, models });
    expect(points.map(({ doubts }) => doubts.throughput?.before ?? false)).toEqual([false, true, false]);
    const csv = sweepCsv({ ...(await sweep({ ...plan, repeats: 2 }, { runOne, models })) });
    expect(csv.split('\n')[0]).toContain('throughput (requests/s),throughput low,throughput high,throughput not told');
    expect(csv.split('\n')[1]).toMatch(/^1,a,epoll-lt,done,,.*,2,,,,\r?$/);
  });

  it('has what others took beside its points, as medians of their runs; nothing where nobody says', async () => {
    const shares = [0.1, 0.4, 0.2];
    let turn = 0;
    const runOne: RunOne = () => {
      const noise = { othersShare: shares[turn++ % 3], stealShare: 0, readyShare: null, throttledPeriods: null };
      return Promise.resolve(result(1, { noise }));
    };
    const found = await sweep({ ...plan, entries: entries.slice(0, 1), repeats: 3, seed: 1 }, { runOne, models });
    expect(toldNoise(found.points).map(({ name }) => name)).toEqual(['othersCpu', 'steal']);
    const [head, first] = sweepCsv(found).split(/\r?\n/);
    expect(head).toMatch(/,runs,othersCpu \(%\),steal \(%\),runQueueWait \(%\),throttledPeriods \(periods\)$/);
    expect(first).toMatch(/,3,20,0,,$/);
  });

  it('tells of each run before its frames come', async () => {
    const seen: string[] = [];
    const runOne: RunOne = (_settings, { watch }) => {
      watch?.begin();
      return Promise.resolve(result(1));
    };
    await sweep(
      { ...plan, repeats: 1, values: [1, 2] },
      { runOne, models },
      {
        watch: { begin: () => seen.push('frames'), frame: () => {} },
        onProgress: ({ done, label, value }) => seen.push(`${done}: ${value}${label}`),
      },
    );
    expect(seen.filter((_, i) => i % 2 === 1)).toEqual(['frames', 'frames', 'frames', 'frames']);
    const told = seen.filter((_, i) => i % 2 === 0);
    expect(told.map((text) => text.split(': ')[0])).toEqual(['0', '1', '2', '3']);
    expect(told.map((text) => text.split(': ')[1]).sort()).toEqual(['1a', '1b', '2a', '2b']);
  });

  it('shows a point that fails with its reason, once, and goes on', async () => {
    let asked = 0;
    const runOne: RunOne = ({ connections }) => {
      if (connections !== 2) return Promise.resolve(result(1));
      asked++;
      return Promise.reject(new LabError('failed', 'It fell over.'));
    };
    const { points } = await sweep({ ...plan, entries: entries.slice(0, 1) }, { runOne, models });
    expect(asked).toBe(1);
    expect(points.map(({ status }) => status)).toEqual(['done', 'failed', 'done']);
    expect(points[1]).toMatchObject({ reason: 'It fell over.', figures: null });
  });

  it('cancelled and gone on with through its file makes each run once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdscope-sweep-'));
    try {
      const records: SweepRecord[] = [];
      let ran = 0;
      const runOne: RunOne = () =>
        ++ran === 6 ? Promise.reject(new LabError('interrupted', 'stop')) : Promise.resolve(result(ran));
      const onRecord = (record: SweepRecord): void => void records.push(record);
      const first = await sweep(plan, { runOne, models }, { onRecord });
      expect(first.isCancelled).toBe(true);
      // Five of the six points of the first round.
      expect(first.points.filter(({ status }) => status === 'done')).toHaveLength(5);
      expect(first.points.filter(({ status }) => status === 'not-run')).toHaveLength(1);
      const file = join(folder, 'sweep.json');
      writeSweep(file, { plan, records });
      const stored = readSweep(file);
      expect(stored.plan).toEqual(plan);
      const second = await sweep(stored.plan, { runOne, models, before: stored.records }, { onRecord });
      expect(second.points.map(({ status }) => status)).toEqual(Array(6).fill('done'));
      const keys = records.map(({ value, label, repeat }) => `${value}${label}${repeat}`);
      expect(keys).toHaveLength(12);
      expect(new Set(keys).size).toBe(12);
      writeFileSync(file, '{"kind":"something else"}');
      expect(() => readSweep(file)).toThrow('is no file of a sweep');
      expect(() => readSweep(join(folder, 'none'))).toThrow('There is no file');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
