/** How long sockets wait unserved, as the server's telemetry has it, beside what the clients' own clocks say. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCli } from '../cli/command-line.ts';
import { csvCells } from '../support/csv-cells.ts';
import { measured, whenQuiet } from '../support/figures.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-waiting-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Column = 'time_ns' | 'connection_id' | 'role' | 'read' | 'waiting' | 'waiting_us' | 'clock' | 'max_ns';

/** Rows of a table, by their columns' names. */
function rowsOf(path: string): Partial<Record<Column, string>>[] {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = csvCells(head);
  return lines.map((line) => Object.fromEntries(csvCells(line).map((cell, i) => [names[i] ?? '', cell])));
}

describe('the time that a socket is ready and not served', () => {
  // One is told by epoll that there is something to read; of the other nothing tells but the kernel's queues.
  it.for(['epoll-lt', 'blocking-pool'])(
    '%s: is no longer than the longest wait of a client',
    { timeout: 120_000 },
    (model, context) =>
      measured(context, async () => {
        const session = join(mkdtempSync(join(folder, 'run-')), `${model}.fdscope`);
        // More clients than the server can serve at once: whenever one looks, most sockets have bytes.
        const load = ['--connections', '50', '--work-us', '200', '--duration', '3', '--warmup', '0'];
        const threads = model === 'blocking-pool' ? ['--threads', '50'] : [];
        const ran = await startCli(['run', '--model', model, ...load, ...threads, '--record', session, '--json']).ended;
        expect(ran.code, ran.stderr).toBe(0);
        const exported = async (table: string) => {
          const file = join(folder, `${model}-${table}.csv`);
          const choices = ['--format', 'csv', '--table', table, '--out', file];
          expect((await startCli(['export', session, ...choices]).ended).code).toBe(0);
          return rowsOf(file);
        };
        // Of the whole recording, as the waits are: the result's own begin when all are connected.
        const latencies = (await exported('latency')).filter(({ clock }) => clock === 'uncorrected');
        const longestUs = Math.max(...latencies.map((row) => Number(row.max_ns))) / 1000;
        const states = (await exported('fd_states')).filter(({ role }) => role === 'client');
        const lastReadNs = new Map(
          states.filter(({ read }) => read === 'true').map((row) => [row.connection_id, Number(row.time_ns)]),
        );
        // What was under way at the end has no latency.
        const waits = states
          .filter((row) => row.waiting === 'true' && Number(row.time_ns) < (lastReadNs.get(row.connection_id) ?? 0))
          .map((row) => Number(row.waiting_us));
        // A machine that is busy looks into the queues less often.
        whenQuiet(() => expect(waits.length).toBeGreaterThan(20));
        // A histogram has three digits.
        expect(Math.max(...waits)).toBeLessThanOrEqual(longestUs * 1.01);
      }),
  );
});
