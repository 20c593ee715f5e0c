/** Every case against every model under every protocol, each with the same bytes as the answer. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gaugeOf } from '../../shared/telemetry/codec.ts';
import { allModels, slowdown, type ModelFacts } from '../support/engines.ts';
import { dialects, type Protocol } from '../support/dialects.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { withClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled, steady, type ServeSettings } from '../support/server-under-test.ts';
import { servers, type Case, type ServerName } from './case.ts';
import { commonCases } from './common-cases.ts';
import { handlerCases } from './handler-cases.ts';

const cases = [...commonCases, ...handlerCases];

/**
 * A port on which nobody listens: a low one, as those that are free a moment long are given to the next server, or to a
 * client that then meets itself.
 */
async function deadPort(): Promise<number> {
  for (let port = 1; port < 100; port++) {
    const isRefused = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
      socket.once('connect', () => {
        socket.destroy();
        resolve(false);
      });
    });
    if (isRefused) return port;
  }
  throw new Error('Somebody listens on every port below 100.');
}

interface Started {
  readonly server: ServerUnderTest;
  readonly fds: number;
  readonly threads: number;
}

interface Entry extends ModelFacts {
  readonly label: string;
  /** Options that are not the model's defaults. */
  readonly chosen?: ServeSettings['options'];
}

/** Options that change how a model reads and waits go through the table as models of their own. */
const variants: Readonly<Record<string, ServeSettings['options']>> = {
  'epoll-et': { shortRead: true },
  'epoll-shared': { exclusive: false },
  'coroutine-stackful': { backend: 'poll' },
};

const entries: Entry[] = allModels().flatMap((model) => {
  const options = variants[model.id];
  const own: Entry = { ...model, label: model.id };
  return options ? [own, { ...model, label: `${model.id} ${JSON.stringify(options)}`, chosen: options }] : [own];
});

/** Starts a server and serves one connection, so that what it opens once is open before anything is counted. */
async function start(model: Entry, protocol: Protocol, name: ServerName, ports: Ports): Promise<Started> {
  const settings = servers[name];
  const upstream = 'upstream' in settings ? { upstream: `127.0.0.1:${ports[settings.upstream]}` } : {};
  const server = await ServerUnderTest.start(model.id, {
    protocol,
    ...settings,
    ...upstream,
    options: model.chosen ?? {},
  });
  await withClient(server.port, async (client) => {
    await client.write(dialects[protocol].request(Buffer.from('warm')));
    client.halfClose();
    await client.readToEnd();
  });
  // The server closes its side a moment after the client has seen the end.
  while (gaugeOf(await server.snapshot(), 'openConnections') > 0) await sleep(5);
  // A pool may still be starting its last threads.
  const threads = await steady(() => server.threads());
  return { server, fds: server.openFds(), threads };
}

interface Ports {
  readonly live: number;
  readonly dead: number;
}

/** Cases of one server, in the order in which they take their turns. */
function casesOf(protocol: Protocol): Map<ServerName, Case[]> {
  const byServer = new Map<ServerName, Case[]>();
  for (const each of cases) {
    if (each.protocols && !each.protocols.includes(protocol)) continue;
    byServer.set(each.server, [...(byServer.get(each.server) ?? []), each]);
  }
  return byServer;
}

/** Every case against every model under one protocol. */
export function describeTable(protocol: Protocol): void {
  describe.each(entries)('$label', (model) => {
    if (!model.available) {
      it.skip(`all cases — skipped: ${model.reason ?? 'the model is unavailable here'}`);
      return;
    }
    describe(protocol, () => {
      const dialect = dialects[protocol];
      const started = new Map<ServerName, Started>();
      let upstream: ServerUnderTest | undefined;
      let ports: Ports;

      beforeAll(async () => {
        upstream = await ServerUnderTest.start('epoll-lt', { protocol, handler: 'respond', responseBytes: 200_000 });
        ports = { live: upstream.port, dead: await deadPort() };
      });
      afterAll(() => {
        upstream?.kill();
        for (const { server } of started.values()) server.kill();
      });

      // Cases mostly wait. Those of one server look at its counters and descriptors, and take turns.
      describe.concurrent.each([...casesOf(protocol)])('%s', (serverName, own) => {
        for (const { name, skip, run } of own) {
          const reason = skip?.(model);
          if (reason !== undefined) {
            it.skip(`${name} — skipped: ${reason}`);
            continue;
          }
          it(name, { concurrent: false }, async ({ skip: inconclusive }) => {
            let entry = started.get(serverName);
            // A case that took its server down must not fail the ones after it.
            if (!entry?.server.isRunning) {
              entry = await start(model, protocol, serverName, ports);
              started.set(serverName, entry);
            }
            await run({ model, protocol, dialect, server: entry.server, skip: inconclusive });
            expect(entry.server.findings).toBe('');
            expect(entry.server.isRunning).toBe(true);
          });
        }
      });

      it('leaves no descriptor, thread or process behind, and stops within a second', async ({ skip }) => {
        const judge = async (name: ServerName, { server, fds, threads }: Started): Promise<void> => {
          const left = () => ({
            fds: server.openFds(),
            threads: server.threads(),
            children: server.childPids().length,
          });
          const isClean = (now: ReturnType<typeof left>) =>
            now.fds <= fds && now.threads <= threads && now.children === 0;
          const now = await settled(left, isClean);
          expect(isClean(now), `${name}: ${JSON.stringify(now)}, idle it was ${fds} fds, ${threads} threads`).toBe(
            true,
          );
          const ended = await server.stop();
          expect(ended, name).toMatchObject({ code: 0, signal: null, reason: 'stopped' });
          expect(server.findings).toBe('');
          whenQuiet(() => expect(ended.tookMs, name).toBeLessThan(1000 * slowdown));
        };
        await measured({ skip }, () =>
          Promise.all(
            [...started].map(async ([name, first]) => {
              // Tried again, it is another one that stops.
              const each = first.server.isRunning ? first : await start(model, protocol, name, ports);
              started.set(name, each);
              await judge(name, each);
            }),
          ),
        );
      });
    });
  });
}
