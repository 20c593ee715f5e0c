/** A server watched from outside, against what that server counts itself, and against /proc. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf, type Counters, type OpenedSocket } from '../../shared/telemetry/codec.ts';
import { syscallNames, type CounterName } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, engine } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled, type ServeSettings } from '../support/server-under-test.ts';

const dialect = dialects.http;
const smallRequest = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;
const portOf = (client: RawClient): number => client.socket.localPort ?? 0;

interface Doctor {
  readonly perfSwitchRecords: { readonly available: boolean; readonly reason?: string };
}
const { perfSwitchRecords } = JSON.parse(execFileSync(engine, ['doctor'], { encoding: 'utf8' })) as Doctor;

interface Watched {
  readonly server: ServerUnderTest;
  readonly watcher: ServerUnderTest;
  readonly inspection: Inspection;
}

/** A server, and another engine that knows of it what anybody could: its pid and its port. */
async function watched(
  model: string,
  settings: ServeSettings,
  work: (watched: Watched) => Promise<void>,
  detail: Readonly<Record<string, unknown>> = { level: 'fds', switches: false },
): Promise<void> {
  const server = await ServerUnderTest.start(model, settings);
  const given = { pid: server.pid, port: server.port, ...detail };
  const watcher = await ServerUnderTest.start('watch', given as ServeSettings, [], [engine, 'watch']);
  const inspection = new Inspection(watcher);
  try {
    await settled(
      () => (watcher.lastCounters ? gaugeOf(watcher.lastCounters, 'threads') : 0),
      (threads) => threads > 0,
    );
    await work({ server, watcher, inspection });
    expect(await watcher.stop()).toMatchObject({ code: 0, reason: 'stopped' });
  } finally {
    watcher.kill();
    server.kill();
  }
}

/** Of all threads of a process. */
function switchesOf(pid: number): { voluntary: number; involuntary: number } {
  const sum = { voluntary: 0, involuntary: 0 };
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    sum.voluntary += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
    sum.involuntary += Number(/^nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  }
  return sum;
}

function isReadable(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

const load = (port: number, durationMs: number): ReturnType<typeof runLoad> =>
  runLoad({
    ...{ target: `127.0.0.1:${port}`, protocol: 'http', handler: 'respond', responseBytes: 128, durationMs },
    clients: [{ profile: 'closed', connections: 8 }],
  });

describe('watched from outside', () => {
  const models = allModels().filter(({ available }) => available);

  for (const model of ['blocking-threads', 'epoll-reactors']) {
    const name = `${model}: context switches, one by one and in all, as /proc has them`;
    if (!perfSwitchRecords.available) {
      it.skip(`${name} — skipped: ${perfSwitchRecords.reason ?? 'perf_event_open is refused'}`);
      continue;
    }
    it(name, () =>
      watched(
        model,
        {},
        async ({ server, watcher }) => {
          // Connections that stay open, so that their threads are met before the load begins and are there after it.
          const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(server.port)));
          await sleep(400);
          const [before, from] = [await watcher.snapshot(), switchesOf(server.pid)];
          for (let round = 0; round < 400; round++) {
            await Promise.all(clients.map((client) => client.ask(smallRequest, replyBytes)));
          }
          const [after, to] = [await watcher.snapshot(), switchesOf(server.pid)];
          const grown = (counter: CounterName): number => counterOf(after, counter) - counterOf(before, counter);
          const voluntary = to.voluntary - from.voluntary;
          const involuntary = to.involuntary - from.involuntary;
          expect(voluntary + involuntary).toBeGreaterThan(300);
          // The server's telemetry thread goes on between the two readings.
          const near = (measured: number, truth: number): void => {
            expect(measured).toBeGreaterThanOrEqual(truth * 0.98 - 4);
            expect(measured).toBeLessThanOrEqual(truth * 1.02 + 4);
          };
          near(grown('recordedBlocked') + grown('recordedPreempted'), voluntary + involuntary);
          near(grown('voluntarySwitches') + grown('involuntarySwitches'), voluntary + involuntary);
          near(grown('recordedBlocked'), voluntary);
          expect(counterOf(after, 'switchesLost')).toBe(0);
          expect(gaugeOf(after, 'recordsSwitches')).toBe(1);
          for (const client of clients) client.close();
        },
        { level: 'counters', switches: true },
      ),
    );
  }

  it('CPU time, memory, threads and descriptors, as the server has them', (context) =>
    measured(context, () =>
      watched('epoll-lt', {}, async ({ server, watcher }) => {
        const [before, theirsBefore] = await Promise.all([watcher.snapshot(), server.snapshot()]);
        expect((await load(server.port, 1500)).code).toBe(0);
        const [after, theirsAfter] = await Promise.all([watcher.snapshot(), server.snapshot()]);
        const cpu = (from: Counters, to: Counters): number =>
          ['cpuUserNs', 'cpuSystemNs'].reduce(
            (sum, name) => sum + counterOf(to, name as CounterName) - counterOf(from, name as CounterName),
            0,
          );
        const [ours, theirs] = [cpu(before, after), cpu(theirsBefore, theirsAfter)];
        expect(theirs).toBeGreaterThan(5e7);
        // The two looks are a moment apart, which is long where they wait for a core.
        whenQuiet(() => {
          expect(ours / theirs).toBeGreaterThan(0.97);
          expect(ours / theirs).toBeLessThan(1.03);
        });
        expect(gaugeOf(after, 'threads')).toBe(gaugeOf(theirsAfter, 'threads'));
        expect(gaugeOf(after, 'rssBytes') / gaugeOf(theirsAfter, 'rssBytes')).toBeGreaterThan(0.9);
        expect(gaugeOf(after, 'rssBytes') / gaugeOf(theirsAfter, 'rssBytes')).toBeLessThan(1.1);
        expect(Math.abs(gaugeOf(after, 'openFds') - gaugeOf(theirsAfter, 'openFds'))).toBeLessThanOrEqual(2);
        // Nobody outside counts these, and none of them is made up.
        for (const name of ['requests', 'eagain', 'wakeups', 'accepts'] as const)
          expect(counterOf(after, name)).toBe(0);
        expect(after.syscalls.slice(0, syscallNames.length).every((count) => count === 0)).toBe(true);
      }),
    ));

  it('bytes that were read and written on each connection, to the last one', () =>
    watched('epoll-lt', {}, async ({ server, watcher, inspection }) => {
      const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)));
      for (const client of clients) {
        await settled(
          () => inspection.socketOf(portOf(client)),
          (socket) => socket !== undefined,
        );
      }
      for (const client of clients) for (let i = 0; i < 20; i++) await client.ask(smallRequest, replyBytes);
      const counts = await settled(
        () => watcher.snapshot(),
        (now) => counterOf(now, 'bytesOut') === 3 * 20 * replyBytes,
      );
      expect(counterOf(counts, 'bytesIn')).toBe(3 * 20 * smallRequest.length);
      expect(counterOf(counts, 'bytesOut')).toBe(3 * 20 * replyBytes);
      const theirs = await server.snapshot();
      expect(counterOf(counts, 'bytesIn')).toBe(counterOf(theirs, 'bytesIn'));
      expect(counterOf(counts, 'bytesOut')).toBe(counterOf(theirs, 'bytesOut'));
      expect(gaugeOf(counts, 'openConnections')).toBe(3);
      for (const client of clients) client.close();
      const closed = await settled(
        () => inspection.opened.filter(({ role }) => role === 'client'),
        (sockets) => sockets.every(({ connectionId }) => inspection.fdState(connectionId)?.flags.has('closed')),
      );
      expect(closed).toHaveLength(3);
      for (const { connectionId } of closed) expect(inspection.fdState(connectionId)?.flags).toContain('closed');
    }));

  it('each socket has the descriptor that the server knows it by, and its listener', () =>
    watched('epoll-lt', {}, async ({ server, inspection }) => {
      const client = await RawClient.connect(server.port);
      const socket = await settled(
        () => inspection.socketOf(portOf(client)),
        (found) => found !== undefined,
      );
      const links = readdirSync(`/proc/${server.pid}/fd`);
      expect(links).toContain(String(socket?.fd));
      expect(socket).toMatchObject({ local: `127.0.0.1:${server.port}`, peer: `127.0.0.1:${portOf(client)}` });
      const listeners = await settled(
        () => inspection.opened.filter(({ role }) => role === 'listener'),
        (found) => found.length > 0,
      );
      expect(listeners).toMatchObject([{ local: `127.0.0.1:${server.port}` }]);
      client.close();
    }));

  /** Of each client, as the watcher told it. */
  const socketsOf = (inspection: Inspection, clients: readonly RawClient[]): Promise<(OpenedSocket | undefined)[]> =>
    settled(
      () => clients.map((client) => inspection.socketOf(portOf(client))),
      (found) => found.every((socket) => socket !== undefined),
    );

  it('sockets of several processes are those of the process that has them', async () => {
    const server = await ServerUnderTest.start('blocking-fork', {});
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)));
    let watcher: ServerUnderTest | undefined;
    try {
      for (const client of clients) await client.ask(smallRequest, replyBytes);
      const given = { pid: server.pid, port: server.port, level: 'fds', switches: false };
      watcher = await ServerUnderTest.start('watch', given as ServeSettings, [], [engine, 'watch']);
      const { threadsStarted } = watcher;
      const inspection = new Inspection(watcher);
      const sockets = await socketsOf(inspection, clients);
      const pids = sockets.map((socket) => threadsStarted.get(socket?.processThreadId ?? 0)?.tid ?? 0);
      expect(new Set(pids).size).toBe(3);
      expect(pids).not.toContain(server.pid);
      // By the inode of the socket, which the kernel's own list has beside its far end.
      const listed = readFileSync('/proc/net/tcp', 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
      const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
      clients.forEach((client, i) => {
        const inode = listed.find((fields) => fields[2]?.endsWith(`:${hex(portOf(client))}`))?.[9];
        expect(readlinkSync(`/proc/${pids[i]}/fd/${sockets[i]?.fd}`)).toBe(`socket:[${inode}]`);
      });
      // It starts processes, and what it has may be for one of them.
      expect(inspection.opened.find(({ role }) => role === 'listener')).not.toHaveProperty('processThreadId');
    } finally {
      for (const client of clients) client.close();
      watcher?.kill();
      server.kill();
    }
  });

  it('a server that forks for each connection is never told to have itself what a child has', () =>
    watched('blocking-fork', {}, async ({ server, watcher, inspection }) => {
      const clients: RawClient[] = [];
      for (let i = 0; i < 40; i++) clients.push(await RawClient.connect(server.port));
      // A child that came behind the last look at the processes is found with the next connection.
      await sleep(300);
      clients.push(await RawClient.connect(server.port));
      const sockets = await socketsOf(inspection, clients.slice(0, -1));
      for (const socket of sockets) {
        const { tid } = watcher.threadsStarted.get(socket?.processThreadId ?? 0) ?? {};
        if (tid === undefined) continue;
        expect(tid).not.toBe(server.pid);
        expect(readdirSync(`/proc/${tid}/fd`)).toContain(String(socket?.fd));
      }
      for (const client of clients) client.close();
    }));

  // The handler lets its client wait, so what that sends meanwhile stays in the kernel.
  it('bytes that nobody reads wait, and for how long', () =>
    watched('epoll-lt', { waitMs: 60_000 }, async ({ server, inspection }) => {
      const client = await RawClient.connect(server.port);
      await client.write(smallRequest);
      const socket = await settled(
        () => inspection.socketOf(portOf(client)),
        (found) => found !== undefined,
      );
      const id = socket?.connectionId ?? 0;
      await sleep(300);
      const sentMs = performance.now();
      await client.write(pattern(4321));
      const waits = await settled(
        () => inspection.fdState(id),
        (state) => (state?.waitingUs ?? 0) > 500_000,
        5000,
      );
      const mostUs = (performance.now() - sentMs) * 1000;
      expect(waits).toMatchObject({ receiveQueueBytes: 4321, tcpState: 'ESTABLISHED' });
      expect(waits?.flags).toContain('waiting');
      expect(waits?.flags).not.toContain('read');
      expect(waits?.waitingUs).toBeLessThan(mostUs);
      client.close();
    }));

  it('connections that nobody accepts wait in the queue of the listener', () =>
    watched('blocking-iterative', {}, async ({ server, watcher }) => {
      const served = await RawClient.connect(server.port);
      await served.ask(smallRequest, replyBytes);
      const others = await Promise.all([1, 2].map(() => RawClient.connect(server.port)));
      const counters = await settled(
        () => watcher.snapshot(),
        (now) => gaugeOf(now, 'acceptQueue') === 2,
      );
      const theirs = await server.snapshot();
      expect(gaugeOf(counters, 'acceptQueue')).toBe(2);
      expect(gaugeOf(counters, 'acceptBacklog')).toBe(gaugeOf(theirs, 'acceptBacklog'));
      for (const client of [served, ...others]) client.close();
    }));

  it('a thread sleeps in the call and on the descriptor that the server itself tells', ({ skip }) =>
    watched('blocking-iterative', { level: 'fds' }, async ({ server, inspection }) => {
      skip(
        !isReadable(`/proc/${server.pid}/syscall`),
        'the call that a thread sleeps in is told only to who may trace it',
      );
      const inside = new Inspection(server);
      const client = await RawClient.connect(server.port);
      await client.ask(smallRequest, replyBytes);
      // It waits for the next request of this one.
      const theirs = await settled(
        () => inside.thread('main'),
        (doing) => doing?.state === 'blocked' && doing.syscall !== undefined && doing.syscall !== 'accept4',
      );
      const [main = ''] = inspection.threadNames();
      const ours = await settled(
        () => inspection.thread(main),
        (doing) => doing?.syscall === theirs?.syscall,
      );
      expect(ours).toMatchObject({ state: 'blocked', syscall: theirs?.syscall, fd: theirs?.fd });
      client.close();
    }));

  if (models.some(({ id }) => id === 'blocking-fork')) {
    it('processes that the server starts belong to it', () =>
      watched('blocking-fork', {}, async ({ server, watcher }) => {
        const before = gaugeOf(await watcher.snapshot(), 'threads');
        const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)));
        for (const client of clients) await client.ask(smallRequest, replyBytes);
        const during = await settled(
          async () => gaugeOf(await watcher.snapshot(), 'threads'),
          (threads) => threads === before + 3,
        );
        expect(during).toBe(before + 3);
        for (const client of clients) client.close();
        const after = await settled(
          async () => gaugeOf(await watcher.snapshot(), 'threads'),
          (threads) => threads === before,
        );
        expect(after).toBe(before);
      }));
  }

  it('goes on when the server ends, and ends when nobody asks it any more', async () => {
    const server = await ServerUnderTest.start('epoll-lt', {});
    const given = { pid: server.pid, port: server.port, level: 'fds', switches: true };
    const watcher = await ServerUnderTest.start('watch', given as unknown as ServeSettings, [], [engine, 'watch']);
    try {
      await settled(
        () => (watcher.lastCounters ? gaugeOf(watcher.lastCounters, 'threads') : 0),
        (threads) => threads > 0,
      );
      await server.stop();
      const threads = await settled(
        async () => gaugeOf(await watcher.snapshot(), 'threads'),
        (count) => count === 0,
      );
      expect(threads).toBe(0);
      expect(await watcher.stop('eof')).toMatchObject({ code: 0, reason: 'eof' });
    } finally {
      watcher.kill();
      server.kill();
    }
  });

  it('refuses settings that name no server', () => {
    const refusalOf = (config: object): string => {
      try {
        execFileSync(engine, ['watch', '--config', JSON.stringify(config)], { encoding: 'utf8', stdio: 'pipe' });
        return '';
      } catch (error) {
        const { status, stderr } = error as { status: number; stderr: string };
        return `${status}: ${stderr}`;
      }
    };
    expect(refusalOf({ pid: 1 })).toMatch(/^2: Say which server is to be watched/);
    expect(refusalOf({ pid: 0x3fffffff, port: 80 })).toMatch(/^2: There is no process 1073741823\./);
    expect(refusalOf({ pid: 1, port: 80, colour: 'red' })).toMatch(/^2: "colour" is no setting of watch/);
    expect(refusalOf({ pid: 1, port: 80, level: 'all' })).toMatch(/^2: level "all" is not known/);
  });
});
