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

/** What a run of these options recorded: the longest latency by the clients, and each wait that had ended by a read, in µs. */
async function record(name: string, options: string[]): Promise<{ longestUs: number; waits: number[] }> {
  const runFolder = mkdtempSync(join(folder, 'run-'));
  const session = join(runFolder, `${name}.fdscope`);
  const ran = await startCli(['run', ...options, '--warmup', '0', '--record', session, '--json']).ended;
  expect(ran.code, ran.stderr).toBe(0);
  const exported = async (table: string) => {
    const file = join(runFolder, `${table}.csv`);
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
  return { longestUs, waits };
}

// A histogram has three digits.
const roundedUp = 1.01;

describe('the time that a socket is ready and not served', () => {
  // One is told by epoll that there is something to read; of the other nothing tells but the kernel's queues.
  it.for(['epoll-lt', 'blocking-pool'])(
    '%s: is no longer than the longest wait of a client',
    { timeout: 120_000 },
    (model, context) =>
      measured(context, async () => {
        // More clients than the server can serve at once: whenever one looks, most sockets have bytes.
        const load = ['--connections', '50', '--work-us', '200', '--duration', '3'];
        const threads = model === 'blocking-pool' ? ['--threads', '50'] : [];
        const { longestUs, waits } = await record(model, ['--model', model, ...load, ...threads]);
        // A machine that is busy looks into the queues less often.
        whenQuiet(() => expect(waits.length).toBeGreaterThan(20));
        expect(Math.max(...waits)).toBeLessThanOrEqual(longestUs * roundedUp);
      }),
  );

  // A look at so many queues takes milliseconds, in which some that had bytes are read, and the next one is ticks away.
  it('is not what a look said that was overtaken by a read', { timeout: 120_000 }, async () => {
    const load = ['--connections', '2000', '--rate', '2000', '--duration', '3'];
    const { longestUs, waits } = await record('many', ['--model', 'blocking-threads', ...load]);
    expect(Math.max(0, ...waits)).toBeLessThanOrEqual(longestUs * roundedUp);
  });
});
