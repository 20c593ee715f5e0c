/** Context switches, each one as the kernel's perf subsystem records it, against the kernel's own sums in /proc. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf, type Switches } from '../../shared/telemetry/codec.ts';
import { switchKinds } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, engine } from '../support/engines.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';

const dialect = dialects.http;
const request = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;

interface Doctor {
  readonly perfSwitchRecords: { readonly available: boolean; readonly reason?: string };
}
const { perfSwitchRecords } = JSON.parse(execFileSync(engine, ['doctor'], { encoding: 'utf8' })) as Doctor;

const switchesOf = (pid: number, tid: number): { voluntary: number; involuntary: number } => {
  const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
  return {
    voluntary: Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]),
    involuntary: Number(/^nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]),
  };
};

/** How often a thread got a core, fell asleep and had to leave, in these frames. */
function countsOf(frames: readonly Switches[], threadId: number): { into: number; blocked: number; preempted: number } {
  const counts = switchKinds.map((_, kind) =>
    frames.reduce(
      (sum, { threadIds, kinds }) => sum + threadIds.filter((id, i) => id === threadId && kinds[i] === kind).length,
      0,
    ),
  );
  const [into = 0, blocked = 0, preempted = 0] = counts;
  return { into, blocked, preempted };
}

describe('recorded context switches against /proc/PID/task/*/status', () => {
  const models = allModels().filter(({ available }) => available);
  for (const model of ['blocking-pool', 'epoll-lt', 'epoll-reactors', 'coroutine-stackless']) {
    const name = `${model}: within 2%, thread by thread`;
    if (!perfSwitchRecords.available) {
      it.skip(`${name} — skipped: ${perfSwitchRecords.reason ?? 'perf_event_open is refused'}`);
      continue;
    }
    if (!models.some(({ id }) => id === model)) {
      it.skip(`${name} — skipped: the engine does not have this model here`);
      continue;
    }
    it(name, async () => {
      const server = await ServerUnderTest.start(model, { level: 'counters' });
      const inspection = new Inspection(server);
      try {
        await server.command('level', { level: 'counters', switches: true });
        await sleep(150);
        const threads = [...server.threadsStarted.values()].filter(({ name }) => !/^(telemetry|commands)$/.test(name));
        const before = new Map(threads.map(({ tid }) => [tid, switchesOf(server.pid, tid)]));
        const countedBefore = await server.snapshot();
        const framesBefore = inspection.switches.length;
        await runLoad({
          ...{ protocol: 'http', target: `127.0.0.1:${server.port}`, durationMs: 2000 },
          clients: [{ profile: 'closed', connections: 4 }],
        });
        await sleep(150);
        const counted = await server.snapshot();
        const recorded = inspection.switches.slice(framesBefore);
        const grown = (name: Parameters<typeof counterOf>[1]): number =>
          counterOf(counted, name) - counterOf(countedBefore, name);
        // Where other programs keep the telemetry thread from its rings for long, some records find no room, and each of
        // them is counted: what was recorded and what was lost are together what the kernel has.
        const lost = grown('switchesLost');
        let all = 0;
        let allRecorded = 0;
        for (const { threadId, tid, name } of threads) {
          const now = switchesOf(server.pid, tid);
          const voluntary = now.voluntary - (before.get(tid)?.voluntary ?? 0);
          const involuntary = now.involuntary - (before.get(tid)?.involuntary ?? 0);
          const { into, blocked, preempted } = countsOf(recorded, threadId);
          const slack = Math.max(3, (voluntary + involuntary) * 0.02);
          expect(blocked, `${name}: blocked`).toBeLessThanOrEqual(voluntary + slack);
          expect(blocked, `${name}: blocked`).toBeGreaterThanOrEqual(voluntary - slack - lost);
          expect(preempted, `${name}: preempted`).toBeLessThanOrEqual(involuntary + slack);
          expect(preempted, `${name}: preempted`).toBeGreaterThanOrEqual(involuntary - slack - lost);
          // Whoever leaves a core comes back.
          expect(Math.abs(into - blocked - preempted), `${name}: in`).toBeLessThanOrEqual(1 + lost);
          all += voluntary + involuntary;
          allRecorded += into + blocked + preempted;
        }
        expect(all, 'too few switches to tell').toBeGreaterThan(500);
        // Two records a switch: who leaves and who comes.
        expect(Math.abs(allRecorded + lost - 2 * all)).toBeLessThanOrEqual(2 * all * 0.02);
        expect(gaugeOf(counted, 'recordsSwitches')).toBe(1);
        // On a core is what the kernel counts as CPU time, but for the switches themselves: some microseconds each that
        // lie between the record of who leaves and the record of who comes.
        const cpuNs = grown('cpuUserNs') + grown('cpuSystemNs');
        const switchNs = grown('recordedBlocked') * 8000;
        if (lost === 0) {
          expect(grown('onCpuNs')).toBeGreaterThan((cpuNs - switchNs) * 0.85);
          expect(grown('onCpuNs')).toBeLessThan(cpuNs * 1.25);
        }
        await server.command('level', { level: 'counters', switches: false });
        expect(gaugeOf(await server.snapshot(), 'recordsSwitches')).toBe(0);
        expect(inspection.notices).toEqual([]);
        await server.stop();
      } finally {
        server.kill();
      }
    });
  }
});

describe('threads that start while context switches are recorded', () => {
  const name = 'blocking-threads: each within 2% of /proc, from its birth';
  if (!perfSwitchRecords.available) {
    it.skip(`${name} — skipped: ${perfSwitchRecords.reason ?? 'perf_event_open is refused'}`);
    return;
  }
  it(name, async () => {
    const requests = 400;
    const server = await ServerUnderTest.start('blocking-threads', {});
    const inspection = new Inspection(server);
    try {
      await server.command('level', { level: 'counters', switches: true });
      const clients = await Promise.all([1, 2, 3, 4, 5, 6].map(() => RawClient.connect(server.port)));
      const ask = async (client: RawClient): Promise<void> => {
        for (let i = 0; i < requests; i++) await client.ask(request, replyBytes);
      };
      await Promise.all(clients.map(ask));
      await sleep(200);
      const counted = await server.snapshot();
      const started = [...server.threadsStarted.values()].filter(({ name }) => name.startsWith('connection '));
      expect(started).toHaveLength(clients.length);
      const lost = counterOf(counted, 'switchesLost');
      for (const { threadId, tid, name } of started) {
        const kernel = switchesOf(server.pid, tid);
        const recorded = countsOf(inspection.switches, threadId);
        const slackOf = (count: number): number => Math.max(3, count * 0.02);
        const agree = (what: string, got: number, has: number): void => {
          expect(got, `${name}: ${what}`).toBeLessThanOrEqual(has + slackOf(has));
          expect(got, `${name}: ${what}`).toBeGreaterThanOrEqual(has - slackOf(has) - lost);
        };
        // The requests come one by one, so that the thread sleeps for each.
        expect(kernel.voluntary, name).toBeGreaterThan(requests * 0.5);
        agree('blocked', recorded.blocked, kernel.voluntary);
        agree('preempted', recorded.preempted, kernel.involuntary);
      }
      expect(inspection.notices).toEqual([]);
      for (const client of clients) client.close();
      await server.stop();
    } finally {
      server.kill();
    }
  });
});
