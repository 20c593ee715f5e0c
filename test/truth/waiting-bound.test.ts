/** How long sockets wait unserved, as the server's telemetry has it, beside what the clients' own clocks say. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCli } from '../cli/command-line.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-waiting-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of a table without quotes, by their columns' names. */
function rowsOf(path: string): { role?: string; waiting?: string; waiting_us?: string }[] {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = head.trim().split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell])));
}

describe('the time that a socket is ready and not served', () => {
  // One is told by epoll that there is something to read; of the other nothing tells but the kernel's queues.
  it.each(['epoll-lt', 'blocking-pool'])(
    '%s: is no longer than the longest wait of a client',
    { timeout: 120_000 },
    async (model) => {
      const session = join(folder, `${model}.fdscope`);
      const table = join(folder, `${model}.csv`);
      // More clients than the server can serve at once: whenever one looks, most sockets have bytes.
      const load = ['--connections', '50', '--work-us', '200', '--duration', '3', '--warmup', '0'];
      const threads = model === 'blocking-pool' ? ['--threads', '50'] : [];
      const ran = await startCli(['run', '--model', model, ...load, ...threads, '--record', session, '--json']).ended;
      expect(ran.code, ran.stderr).toBe(0);
      const { latency } = JSON.parse(ran.stdout) as { latency: { uncorrected: { max: number } } };
      const choices = ['--format', 'csv', '--table', 'fd_states', '--out', table];
      expect((await startCli(['export', session, ...choices]).ended).code).toBe(0);
      const waits = rowsOf(table)
        .filter(({ role, waiting }) => role === 'client' && waiting === 'true')
        .map((row) => Number(row.waiting_us));
      expect(waits.length).toBeGreaterThan(200);
      // A histogram's three digits, and a request that was under way when the clients ended.
      expect(Math.max(...waits)).toBeLessThanOrEqual(latency.uncorrected.max * 1.01);
    },
  );
});
