/** What the engine says of its own process, held against /proc. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { counterOf, gaugeOf, type Counters } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import type { ModelFacts } from '../support/engines.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const { request, reply } = dialects.http;
const connections = 12;
const replyBytes = reply(pattern(128)).length;

/** The process and those that it forked. */
const family = (server: ServerUnderTest): number[] => [server.pid, ...server.childPids()];

const sumOver = (pids: readonly number[], of: (pid: number) => number): number =>
  pids.reduce((sum, pid) => sum + of(pid), 0);

/** Open descriptors by /proc, at a moment when the engine has no file of its telemetry open, if there is one. */
const settledFds = (server: ServerUnderTest, wanted: number): Promise<number> =>
  settled(
    () => entries(server.pid, 'fd'),
    (fds) => fds === wanted,
  );

/** Seconds in user and system mode by /proc/PID/stat, which counts in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const rssBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

const entries = (pid: number, folder: string): number => readdirSync(`/proc/${pid}/${folder}`).length;

/** Threads, descriptors, memory, CPU time and bytes of a server that has answered some clients. */
export async function expectProcessFigures({ id, execution }: Pick<ModelFacts, 'id' | 'execution'>): Promise<void> {
  const server = await ServerUnderTest.start(id, { protocol: 'http' });
  const clients: RawClient[] = [];
  try {
    // One client at a time is all that this model serves.
    const count = id === 'blocking-iterative' ? 1 : connections;
    // Threads that poll burn the server's cores, and each client waits for its turn.
    const rounds = id === 'polling-threads' ? 20 : 200;
    const body = request(Buffer.from('x'));
    for (let i = 0; i < count; ++i) clients.push(await RawClient.connect(server.port));
    for (let i = 0; i < rounds; ++i) await Promise.all(clients.map((client) => client.ask(body, replyBytes)));
    // The engine looks at its gauges every 50 ms, and at times has a file of /proc open itself.
    const isWhole = (now: Counters): boolean =>
      counterOf(now, 'bytesOut') === count * rounds * replyBytes &&
      gaugeOf(now, 'openConnections') === count &&
      (execution === 'process' || gaugeOf(now, 'openFds') === entries(server.pid, 'fd'));
    const gauges = await settled(() => server.snapshot(), isWhole, 10_000);
    const before = sumOver(family(server), cpuSeconds);
    const counted = await server.snapshot();
    const pids = family(server);
    const after = sumOver(pids, cpuSeconds);

    expect(counterOf(counted, 'bytesIn')).toBe(count * rounds * body.length);
    expect(counterOf(counted, 'bytesOut')).toBe(count * rounds * replyBytes);
    expect(gaugeOf(counted, 'openConnections')).toBe(count);
    expect(gaugeOf(counted, 'threads')).toBe(sumOver(pids, (pid) => entries(pid, 'task')));
    if (execution !== 'process') {
      expect(gaugeOf(gauges, 'openFds')).toBe(await settledFds(server, gaugeOf(gauges, 'openFds')));
      const rss = rssBytes(server.pid);
      expect(Math.abs(gaugeOf(counted, 'rssBytes') - rss)).toBeLessThan(Math.max(rss * 0.05, 1 << 20));
    }
    const cpu = (counterOf(counted, 'cpuUserNs') + counterOf(counted, 'cpuSystemNs')) / 1e9;
    // Two ticks of rounding for each process.
    expect(cpu).toBeGreaterThanOrEqual(before - 0.02 * pids.length);
    expect(cpu).toBeLessThanOrEqual(after + 0.02 * pids.length);
    expect(await server.stop()).toMatchObject({ code: 0 });
  } finally {
    for (const client of clients) client.close();
    server.kill();
  }
}
