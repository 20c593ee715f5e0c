/** Trace event JSON, parsed back and summed against the session's counters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendEdits } from '../../main/lab/sessions/session-editor.ts';
import { readChromeTrace, type ChromeTrace } from './chrome-trace.ts';
import { recordedRun, type RecordedRun } from './export-support.ts';
import { startNs } from './session-frames.ts';
import { countByName, expectNested, totalNs } from './trace-checks.ts';

let run: RecordedRun;
let trace: ChromeTrace;
beforeAll(async () => {
  run = await recordedRun();
  await appendEdits(run.path, [
    { type: 'annotation', annotation: { id: 'a', fromNs: startNs + 1e9, toNs: startNs + 2e9, text: 'the "stall"' } },
    { type: 'annotation', annotation: { id: 'b', fromNs: startNs + 1.5e9, text: 'here' } },
  ]);
  await run.export('chrome');
  trace = readChromeTrace(readFileSync(join(run.folder, 'out.chrome'), 'utf8'));
});
afterAll(() => run.remove());

const tracksNamed = (name: string): string[] =>
  [...trace.names].filter(([, value]) => value === name).map(([track]) => track);

describe('a session as a Chrome trace', () => {
  it('names processes and threads as the kernel knows them', () => {
    expect(trace.names.get('4000')).toBe('fdscope server');
    expect(trace.names.get('5000')).toBe('fdscope clients');
    expect(trace.names.get('4000/4000')).toBe('loop');
    expect(trace.names.get('4000/4001')).toBe('telemetry');
    expect(trace.names.get('5000/5000')).toBe('load');
  });

  it('has slices that nest', () => {
    expect(trace.slices.length).toBeGreaterThan(1000);
    expectNested(trace.slices);
    // A check of the check: the system calls of a coroutine lie within its slice.
    const [coroutine] = trace.slices.filter(({ category }) => category === 'coroutine');
    const within = trace.slices.filter(
      ({ category, track, fromNs, toNs }) =>
        category === 'syscall' && track === coroutine?.track && fromNs >= coroutine.fromNs && toNs <= coroutine.toNs,
    );
    expect(within.map(({ name }) => name)).toEqual(['read', 'write']);
  });

  it('has as many system calls of each name as the counters say', () => {
    expect(countByName(trace.slices, 'syscall')).toEqual(run.syscalls);
    const reads = trace.slices.filter(({ name, category }) => category === 'syscall' && name === 'read');
    expect(reads.filter(({ args }) => args.result === -11).length).toBe(4 * 8);
    expect(reads[0]?.args).toEqual({ fd: 7, connection: 1, result: 90 });
  });

  it('has a thread on the CPU for as long as the counters say', () => {
    const [lane] = tracksNamed('loop: CPU');
    const onLane = trace.slices.filter(({ track }) => track === lane);
    expect(totalNs(onLane.filter(({ name }) => name === 'on CPU'))).toBe(run.onCpuNs);
    const kinds = countByName(onLane, 'CPU');
    // Every other switch was by preemption; the last of all ends nothing.
    expect(kinds).toEqual({ 'on CPU': 60, blocked: 30, preempted: 30 });
  });

  it('has counters that end where those of the session do', () => {
    const last = (pid: number, name: string): number | string | undefined =>
      trace.events.filter((event) => event.ph === 'C' && event.pid === pid && event.name === name).at(-1)?.args?.value;
    expect(last(4000, 'requests')).toBe(run.requests);
    expect(last(5000, 'requestsSent')).toBe(run.requests);
    expect(last(4000, 'onCpuNs')).toBe(run.onCpuNs);
    for (const [name, count] of Object.entries(run.syscalls)) expect(last(4000, `system calls: ${name}`)).toBe(count);
    expect(Math.abs(Number(last(5000, 'latency p50')) / 20_060 - 1)).toBeLessThan(0.001);
  });

  it('shows how long each socket was ready and not served', () => {
    const [lane] = tracksNamed('fd 7, client 127.0.0.1:8080 ↔ 127.0.0.2:40000');
    const slices = trace.slices.filter(({ track }) => track === lane);
    const waits = slices.filter(({ name }) => name === 'ready, not served');
    // Every third tick it has waited for 400 µs, and the next tick finds it served.
    expect(waits.length).toBe(20);
    expect(waits.slice(0, 19).map(({ fromNs, toNs }) => toNs - fromNs)).toEqual(new Array(19).fill(50e6 + 400e3));
    expect(slices.find(({ name }) => name === 'open')).toMatchObject({ fromNs: 2e6, toNs: 3e9, args: { fd: 7 } });
  });

  it('shows coroutines, models, marks and annotations', () => {
    const [lane] = tracksNamed('coroutine 1');
    expect(
      countByName(
        trace.slices.filter(({ track }) => track === lane),
        'coroutine',
      ),
    ).toEqual({ runs: 60 });
    expect(
      countByName(
        trace.slices.filter(({ track }) => track === lane),
        'await',
      ),
    ).toEqual({ 'awaits read': 59 });
    const models = trace.slices.filter(({ category }) => category === 'model');
    expect(models.map(({ name, fromNs, toNs }) => ({ name, fromNs, toNs }))).toEqual([
      { name: 'epoll-lt', fromNs: 1e6, toNs: 1.5e9 },
      { name: 'poll', fromNs: 1.5e9, toNs: 3e9 },
    ]);
    const marks = trace.events.filter(({ ph, s }) => ph === 'i' && s === 'g').map(({ name, ts }) => [name, ts]);
    expect(marks).toEqual([
      ['steady', 3000],
      ['work 10 µs → 20 µs', 1.5e6],
      ['A socket waited 3 ms.', 1.5e6],
      ['here', 1.5e6],
    ]);
    const [annotation] = trace.slices.filter(({ category }) => category === 'annotation');
    expect(annotation).toMatchObject({ name: 'the "stall"', fromNs: 1e9, toNs: 2e9 });
  });
});
