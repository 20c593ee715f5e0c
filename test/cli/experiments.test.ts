/** Experiments through the contract, with real engines: a scenario to its conclusion, a comparison, a cancelled sweep. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabClient } from '../../shared/contract/client.ts';
import type { ExperimentResult, ExperimentRun, ExperimentState } from '../../shared/contract/experiments.ts';
import { FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';
import { openWindow, startWebLab, type WebLab } from '../support/web-lab.ts';

let folder: string;
let lab: WebLab;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-data-'));
  lab = await startWebLab({ XDG_DATA_HOME: folder });
});
afterAll(async () => {
  lab.process.kill('SIGTERM');
  await lab.process.ended;
  rmSync(folder, { recursive: true, force: true });
});

const text = `version: 1
title: Requests and their calls
question: Which model makes how many system calls?
watch: [system calls]
models: [epoll-lt, blocking-threads]
clients: [{ profile: closed }]
connections: 4
durationSeconds: 1
warmupSeconds: 0.3
predict:
  ask: Who has more threads?
  choices:
    - { text: epoll, when: peakThreads(epoll-lt) > peakThreads(blocking-threads) }
    - { text: threads, when: peakThreads(blocking-threads) > peakThreads(epoll-lt) }
expectations:
  - { expect: mismatches(epoll-lt) < 1, because: replies are checked, otherwise: a fault of fdscope }
`;

/** What a window is told of experiments. */
function follow(window: LabClient): {
  runs: ExperimentRun[];
  ended: (id: number) => Promise<{ state: ExperimentState; result: ExperimentResult | null }>;
} {
  const runs: ExperimentRun[] = [];
  const watchers = new Set<(state: ExperimentState) => void>();
  window.onEvent('experiment.run', (run) => runs.push(run));
  window.onEvent('experiment.state', (state) => {
    for (const look of watchers) look(state);
  });
  const ended = async (id: number): Promise<{ state: ExperimentState; result: ExperimentResult | null }> => {
    let state = await window.request('experiment.state');
    while (state.last?.id !== id) {
      state = await new Promise((resolve) => {
        const look = (next: ExperimentState): void => {
          watchers.delete(look);
          resolve(next);
        };
        watchers.add(look);
      });
    }
    return { state, result: await window.request('experiment.result') };
  };
  return { runs, ended };
}

const idOf = ({ current }: ExperimentState): number => current?.id ?? NaN;

describe('experiments of a window', () => {
  it('run a scenario to its conclusion, with its frames on the way and no live run beside it', async () => {
    const window = await openWindow(lab);
    const { runs, ended } = follow(window);
    const counters = new Set<string>();
    window.onFrames((source, frames) => {
      for (const { kind } of new FrameSplitter().push(frames)) if (kind === frameKinds.counters) counters.add(source);
    });
    const id = idOf(await window.request('scenario.run', { scenario: { text } }));
    const live = { server: { model: 'poll' as const }, clients: [{ profile: 'closed' as const }] };
    await expect(window.request('live.start', live)).rejects.toThrow('An experiment is running');
    await expect(window.request('scenario.run', { scenario: { text } })).rejects.toThrow('Another experiment');
    const { state, result } = await ended(id);
    expect(state.last).toMatchObject({ kind: 'scenario', ending: 'done' });
    expect(runs.map(({ label, ending }) => [label, ending])).toEqual([
      ['epoll-lt', 'done'],
      ['blocking-threads', 'done'],
    ]);
    expect(counters).toEqual(new Set(['server', 'clients']));
    if (result?.kind !== 'scenario') throw new Error('no scenario was concluded');
    expect(result.scenario.conclusion.expectations[0]?.held).toBe(true);
    expect(result.scenario.conclusion.prediction?.choices.map(({ isRight }) => isRight)).toEqual([false, true]);
    expect(result.scenario.runs.every(({ requests }) => requests > 0)).toBe(true);
    window.close();
  });

  it('compare models, and tell another window the same', async () => {
    const window = await openWindow(lab);
    const { ended } = follow(window);
    const load = {
      clients: [{ profile: 'closed' as const }],
      durationSeconds: 0.3,
      warmupSeconds: 0.1,
      connections: 3,
    };
    const id = idOf(await window.request('compare.start', { load, subjects: ['epoll-lt', 'poll'], repeats: 2 }));
    const { result } = await ended(id);
    if (result?.kind !== 'compare') throw new Error('nothing was compared');
    expect(result.compare.entries.map(({ runs }) => runs.length)).toEqual([2, 2]);
    expect(result.compare.differences.length).toBeGreaterThan(0);
    const other = await openWindow(lab);
    expect(await other.request('experiment.result')).toEqual(result);
    window.close();
    other.close();
  });

  it('cancel a sweep and go on with it', async () => {
    const window = await openWindow(lab);
    const { runs, ended } = follow(window);
    const load = { clients: [{ profile: 'closed' as const }], durationSeconds: 1.5 };
    const sweep = { load, subjects: ['epoll-lt' as const], axis: 'clients' as const, values: [1, 2, 50_000] };
    const id = idOf(await window.request('sweep.start', sweep));
    while (runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const cancelled = await window.request('experiment.cancel');
    expect(cancelled).toMatchObject({ phase: 'idle', last: { id, ending: 'cancelled' } });
    expect(cancelled.resumable).toMatchObject({ axis: 'clients', pointsTotal: 3 });
    const next = idOf(await window.request('sweep.resume'));
    const { result } = await ended(next);
    if (result?.kind !== 'sweep') throw new Error('nothing was swept');
    expect(result.sweep.points.map(({ value, status }) => [value, status])).toEqual([
      [1, 'done'],
      [2, 'done'],
      [50_000, 'refused'],
    ]);
    expect((await window.request('experiment.state')).resumable).toBeUndefined();
    window.close();
  });

  it('check, keep and list scenarios of the user, and read no file for a browser', async () => {
    const window = await openWindow(lab);
    const wrong = await window.request('scenario.check', { text: text.replace('connections: 4', 'connections: none') });
    expect(wrong.mistakes).toMatchObject([{ line: 7, column: 14 }]);
    const saved = await window.request('scenario.save', { name: 'mine', text });
    expect(saved.file).toBe(join(folder, 'fdscope/scenarios/mine.yaml'));
    const listed = await window.request('scenario.list');
    expect(listed.find(({ name }) => name === 'mine')).toMatchObject({ origin: 'own', plan: { runs: 2 } });
    await expect(window.request('scenario.open', { file: '/etc/hostname' })).rejects.toThrow('A browser may not name');
    await expect(window.request('scenario.save', { name: '../mine', text })).rejects.toThrow('A name has letters');
    await window.request('scenario.delete', { name: 'mine' });
    window.close();
  });
});
