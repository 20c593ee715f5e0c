/** Sockets, as the engine's frames tell of them, against `ss` and against what the test itself does to them. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled, type ServeSettings } from '../support/server-under-test.ts';
import { itWith, output } from '../support/tools.ts';

const dialect = dialects.http;
const smallRequest = dialect.request(Buffer.alloc(0));

interface SsRow {
  readonly state: string;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly local: string;
  readonly peer: string;
}

/** What `ss` says of the sockets of a port, listeners first. */
async function socketsOf(port: number): Promise<SsRow[]> {
  const text = await output('ss', '-tnaH', `sport = :${port}`);
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [state = '', receiveQueue, sendQueue, local = '', peer = ''] = line.trim().split(/\s+/);
      return { state, receiveQueue: Number(receiveQueue), sendQueue: Number(sendQueue), local, peer };
    });
}

async function withServer(
  model: string,
  settings: ServeSettings,
  work: (server: ServerUnderTest, inspection: Inspection) => Promise<void>,
): Promise<void> {
  const server = await ServerUnderTest.start(model, settings);
  const inspection = new Inspection(server);
  try {
    expect(await server.command('level', { level: 'fds', switches: false })).toBeUndefined();
    await work(server, inspection);
    expect(await server.stop()).toMatchObject({ code: 0 });
  } finally {
    server.kill();
  }
}

const portOf = (client: RawClient): number => client.socket.localPort ?? 0;

describe('sockets against ss', () => {
  itWith('ss', 'each is announced with the addresses that ss shows', () =>
    withServer('epoll-lt', {}, async (server, inspection) => {
      const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(server.port)));
      await settled(
        () => inspection.opened.length,
        (count) => count >= 4,
      );
      const shown = (await socketsOf(server.port)).filter(({ state }) => state === 'ESTAB');
      const told = inspection.opened.filter(({ role }) => role === 'client');
      const pairs = (rows: readonly { local: string; peer: string }[]): string[] =>
        rows.map(({ local, peer }) => `${local} ${peer}`).toSorted();
      expect(pairs(told)).toEqual(pairs(shown));
      expect(inspection.opened.filter(({ role }) => role === 'listener')).toMatchObject([
        { connectionId: 0, local: `127.0.0.1:${server.port}` },
      ]);
      for (const client of clients) client.close();
    }),
  );

  // The handler lets its client wait, so what that sends meanwhile stays in the kernel.
  itWith('ss', 'the receive queue of a client that is not read from', () =>
    withServer('epoll-lt', { waitMs: 60_000 }, async (server, inspection) => {
      const client = await RawClient.connect(server.port);
      await client.write(smallRequest);
      const socket = await settled(
        () => inspection.socketOf(portOf(client)),
        (found) => found !== undefined,
      );
      const id = socket?.connectionId ?? 0;
      await settled(
        () => inspection.fdState(id)?.flags.has('read'),
        (hasRead) => hasRead === true,
      );
      await client.write(pattern(4321));
      const told = await settled(
        () => inspection.fdState(id),
        (state) => state?.receiveQueueBytes === 4321,
      );
      const [shown] = (await socketsOf(server.port)).filter(({ state }) => state === 'ESTAB');
      expect(shown?.receiveQueue).toBe(4321);
      expect(told).toMatchObject({ receiveQueueBytes: 4321, sendQueueBytes: 0, tcpState: 'ESTABLISHED' });
      client.close();
    }),
  );

  itWith('ss', 'the send queue towards a client that does not read', () =>
    withServer('epoll-lt', { responseBytes: 16 << 20 }, async (server, inspection) => {
      const client = await RawClient.connect(server.port);
      client.socket.pause();
      await client.write(smallRequest);
      const ofClient = async (): Promise<SsRow | undefined> =>
        (await socketsOf(server.port)).find(({ state }) => state === 'ESTAB');
      // Full once it does not grow any more.
      let before = -1;
      await settled(
        async () => (await ofClient())?.sendQueue ?? 0,
        (now) => {
          const isFull = now > 0 && now === before;
          before = now;
          return isFull;
        },
      );
      const shown = (await ofClient())?.sendQueue ?? 0;
      const socket = await settled(
        () => inspection.socketOf(portOf(client)),
        (found) => found !== undefined,
      );
      const told = await settled(
        () => inspection.fdState(socket?.connectionId ?? 0),
        (state) => state?.sendQueueBytes === shown,
      );
      expect(shown).toBeGreaterThan(0);
      expect(told?.sendQueueBytes).toBe(shown);
      expect(told?.flags).toContain('writeBlocked');
      client.close();
    }),
  );

  itWith('ss', 'the accept queue, and what found no room in it', () =>
    withServer('blocking-iterative', { options: { backlog: 2 } }, async (server) => {
      const served = await RawClient.connect(server.port);
      await served.ask(smallRequest, dialect.reply(pattern(128)).length);
      const overflowsBefore = overflowsOfHost();
      // The queue takes one more than its backlog; whoever comes then is not answered.
      const others: Socket[] = Array.from({ length: 6 }, () => connect({ host: '127.0.0.1', port: server.port }));
      others.forEach((socket) => socket.on('error', () => {}));
      const [first] = others;
      if (!first) throw new Error('No client was started.');
      await once(first, 'connect');
      const counters = await settled(
        () => server.snapshot(),
        (now) => gaugeOf(now, 'listenOverflows') > 0 && gaugeOf(now, 'acceptQueue') === 3,
        8000,
      );
      const [listener] = (await socketsOf(server.port)).filter(({ state }) => state === 'LISTEN');
      expect(listener).toMatchObject({ receiveQueue: 3, sendQueue: 2 });
      expect(gaugeOf(counters, 'acceptQueue')).toBe(3);
      expect(gaugeOf(counters, 'acceptBacklog')).toBe(2);
      expect(gaugeOf(counters, 'listenOverflows')).toBeGreaterThan(0);
      // Those of all listeners of the host: there may be more, not fewer.
      expect(gaugeOf(counters, 'listenOverflows')).toBeLessThanOrEqual(overflowsOfHost() - overflowsBefore);
      others.forEach((socket) => socket.destroy());
      served.close();
    }),
  );
});

/** TcpExt: ListenOverflows and ListenDrops together, of this network namespace. */
function overflowsOfHost(): number {
  const lines = readFileSync('/proc/net/netstat', 'utf8').split('\n');
  const [names = '', values = ''] = lines.filter((line) => line.startsWith('TcpExt:'));
  const at = names.split(' ').indexOf('ListenDrops');
  return Number(values.split(' ')[at]);
}

describe('bytes of all sockets together', () => {
  const facts = allModels();
  const models = facts.filter(({ id, available }) => available && id !== 'node').map(({ id }) => id);
  it.each(models)('%s: as many as are counted', (model) =>
    withServer(model, { protocol: 'echo', handler: 'echo' }, async (server, inspection) => {
      const isOneByOne = model === 'blocking-iterative';
      await runLoad({
        ...{ protocol: 'echo', target: `127.0.0.1:${server.port}`, durationMs: 800 },
        clients: [{ profile: 'closed', connections: isOneByOne ? 1 : 5 }],
      });
      await settled(
        async () => gaugeOf(await server.snapshot(), 'openConnections'),
        (open) => open === 0,
      );
      const counters = await server.snapshot();
      const sum = (column: 'bytesIn' | 'bytesOut'): number =>
        inspection.fdStates.reduce((total, frame) => total + frame[column].reduce((a, b) => a + b, 0), 0);
      expect(counterOf(counters, 'bytesIn')).toBeGreaterThan(0);
      expect(sum('bytesIn')).toBe(counterOf(counters, 'bytesIn'));
      expect(sum('bytesOut')).toBe(counterOf(counters, 'bytesOut'));
    }),
  );
});
