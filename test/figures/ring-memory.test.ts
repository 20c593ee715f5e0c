/** Memory of the telemetry's rings with a thread for each of thousands of clients: bounded, whatever their number. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { eventKinds } from '../../shared/telemetry/wire.ts';
import { engine, isSanitized } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const mib = 2 ** 20;
const mostEventBytes = 64 * mib;
const mostSwitchBytes = 32 * mib;

const threadsMax = Number(readFileSync('/proc/sys/kernel/threads-max', 'utf8'));
const doctor = JSON.parse(execFileSync(engine, ['doctor'], { encoding: 'utf8' })) as {
  openFiles: { hard: number | null };
};
/** As many as this machine allows, and no more than prove it; sanitizers have memory of their own for each thread. */
const threads = isSanitized
  ? 500
  : Math.min(10_000, Math.floor(threadsMax / 4), (doctor.openFiles.hard ?? 10_000) - 200);

/** Bytes that the kernel has mapped for perf, of /proc/PID/maps. */
function perfMappings(pid: number): { count: number; bytes: number } {
  const rows = readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(/^([0-9a-f]+)-([0-9a-f]+) .*\[perf_event\]$/gm);
  const sizes = [...rows].map(([, from = '0', to = '0']) => parseInt(to, 16) - parseInt(from, 16));
  return { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Memory that the process shares with its children: all that its threads record goes there. */
const sharedBytes = (pid: number): number =>
  1024 * Number(/^RssShmem:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

const taskCount = (pid: number): number =>
  Number(/^Threads:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const rssBytes = (pid: number): number =>
  1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

describe('ring memory of many threads', () => {
  it(`${threads} threads that record events and context switches`, { timeout: 400_000 }, (context) =>
    measured(context, async () => {
      const server = await ServerUnderTest.start('blocking-threads', {});
      const inspection = new Inspection(server);
      try {
        expect(await server.command('level', { level: 'counters', switches: false })).toBeUndefined();
        const load = runLoad({
          ...{ protocol: 'http', target: `127.0.0.1:${server.port}`, durationMs: 30_000, sourceAddresses: 4 },
          ...{ timeoutMs: 60_000, clients: [{ profile: 'closed', connections: threads, thinkMs: 2000 }] },
        });
        const requests = (): number => (server.lastCounters ? counterOf(server.lastCounters, 'requests') : 0);
        // Each has answered, so that its stack and its connection's buffers have their pages.
        await settled(requests, (answered) => answered > threads * 1.2, 60_000);
        const counting = { rss: rssBytes(server.pid), threads: taskCount(server.pid) };
        expect(await server.command('level', { level: 'events', switches: true })).toBeUndefined();
        const atSwitch = requests();
        const peak = { threads: 0, rss: 0, ringBytes: 0, shared: 0, perf: { count: 0, bytes: 0 } };
        await settled(
          () => {
            const counters = server.lastCounters;
            peak.threads = Math.max(peak.threads, counters ? gaugeOf(counters, 'threads') : 0);
            peak.ringBytes = Math.max(peak.ringBytes, counters ? gaugeOf(counters, 'ringBytes') : 0);
            peak.shared = Math.max(peak.shared, sharedBytes(server.pid));
            const perf = perfMappings(server.pid);
            if (perf.bytes > peak.perf.bytes) peak.perf = perf;
            peak.rss = Math.max(peak.rss, rssBytes(server.pid));
            return requests() - atSwitch;
          },
          (answered) => answered > threads * 1.5,
          60_000,
        );
        await load;
        // A machine that is busy with other things does not start them all in that time; what is asked of memory is the same.
        whenQuiet(() => expect(peak.threads, 'each connection has its thread').toBeGreaterThan(threads / 2));
        expect(inspection.eventCount(eventKinds.syscall), 'and each records what it does').toBeGreaterThan(threads);
        expect(peak.perf.bytes).toBeLessThanOrEqual(mostSwitchBytes);
        expect(peak.ringBytes).toBeGreaterThanOrEqual(peak.perf.bytes);
        expect(peak.ringBytes).toBeLessThanOrEqual(mostEventBytes + mostSwitchBytes);
        // Beside the events there are each thread's counters and each socket's record, some 9 KiB of pages together.
        expect(peak.shared).toBeLessThanOrEqual(mostEventBytes + threads * 12 * 1024 + 8 * mib);
        // What is recorded is all that came on top, apart from what the threads that came meanwhile need for themselves.
        const each = counting.rss / counting.threads;
        const newcomers = Math.max(0, peak.threads - counting.threads) * each;
        expect(peak.rss - counting.rss).toBeLessThanOrEqual(mostEventBytes + mostSwitchBytes + newcomers + 8 * mib);
        expect(peak.rss).toBeLessThan(2 ** 30);
        // A thousand at least are recorded, each with a ring of its own.
        if (!inspection.notices.some(({ code }) => code === 'switchesRefused')) {
          expect(peak.perf.count).toBeGreaterThanOrEqual(Math.min(1000, peak.threads - 2));
        }
        // Those that found no room are not passed over in silence. The thread sanitizer has a thread that records nothing.
        const isWhole = peak.perf.count >= peak.threads - (isSanitized ? 1 : 0);
        const codes = inspection.notices.map(({ code }) => code);
        if (!isWhole) expect(codes.some((code) => /^switches(Memory|Refused)$/.test(code))).toBe(true);
        console.log(
          `${counting.threads} threads at counters: RSS ${(counting.rss / mib).toFixed(1)} MiB; ` +
            `${peak.threads} at events with switches: RSS ${(peak.rss / mib).toFixed(1)} MiB, rings ${(peak.ringBytes / mib).toFixed(1)} MiB, of which ${peak.perf.count} of perf ` +
            `${(peak.perf.bytes / mib).toFixed(1)} MiB; shared memory ${(peak.shared / mib).toFixed(1)} MiB`,
        );
        await settled(
          async () => gaugeOf(await server.snapshot(), 'openConnections'),
          (open) => open === 0,
          20_000,
        );
        expect(await server.stop()).toMatchObject({ code: 0 });
      } finally {
        server.kill();
      }
    }),
  );
});
