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
    expect(() => parseAxis('clients=1,x')).toThrow('written like clients=1,10,100');
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

  it('runs by value, and gives the median of each point', async () => {
    const ran: number[] = [];
    const runOne: RunOne = ({ connections }) => Promise.resolve(result(connections * 10 + (ran.push(connections) % 2)));
    const { points, isCancelled } = await sweep(plan, { runOne, models });
    expect(ran).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    expect(isCancelled).toBe(false);
    expect(points.map(({ value, label, status }) => `${value}${label} ${status}`)).toEqual(
      ['1a', '1b', '2a', '2b', '3a', '3b'].map((point) => `${point} done`),
    );
    expect(points[0]?.figures?.throughput).toMatchObject({ median: 11, count: 2 });
    expect(points[0]?.figures?.syscallsPerRequest).toBeNull();
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
    expect(seen).toEqual(['0: 1a', 'frames', '1: 1b', 'frames', '2: 2a', 'frames', '3: 2b', 'frames']);
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
      expect(first.points.map(({ status }) => status)).toEqual([
        'done',
        'done',
        'done',
        ...Array<string>(3).fill('not-run'),
      ]);
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
