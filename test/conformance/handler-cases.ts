/** Cases of the handlers: CPU work, waits, forwarding; and what only one protocol has. */
import { expect } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { httpHead, pattern, prefixed } from '../support/dialects.ts';
import { expectBytes } from '../support/expect-bytes.ts';
import { slowdown } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { withClient } from '../support/raw-client.ts';
import { oneAtATime, type Case, type Context } from './case.ts';

const waitMs = 100;
const workUs = 2000;

async function expectExchange({ server }: Context, request: Buffer | string, reply: Buffer): Promise<void> {
  const got = await withClient(server.port, (client) => client.ask(Buffer.from(request), reply.length));
  expectBytes(got, reply);
}

async function expectLastExchange({ server }: Context, request: Buffer | string, reply: Buffer): Promise<void> {
  await withClient(server.port, async (client) => {
    await client.write(request);
    const { bytes, wasReset } = await client.readToEnd();
    expectBytes(bytes, reply);
    expect(wasReset).toBe(false);
  });
}

const handlers: readonly Case[] = [
  {
    name: 'an upstream wait is no shorter than asked, and pipelined requests wait one after another',
    server: 'waits',
    run: async (context) => {
      const { dialect } = context;
      const startMs = performance.now();
      const request = dialect.request(Buffer.from('w'));
      const reply = dialect.reply(Buffer.from('w'));
      await expectExchange(context, Buffer.concat([request, request]), Buffer.concat([reply, reply]));
      // Node's timers may come a millisecond early.
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(2 * (waitMs - 1));
    },
  },
  {
    name: 'waits of four connections overlap',
    server: 'waits',
    skip: oneAtATime,
    run: (context) =>
      measured(context, async () => {
        const { dialect } = context;
        const startMs = performance.now();
        const request = dialect.request(Buffer.from('w'));
        const reply = dialect.reply(Buffer.from('w'));
        await Promise.all([1, 2, 3, 4].map(() => expectExchange(context, request, reply)));
        const tookMs = performance.now() - startMs;
        whenQuiet(() => expect(tookMs).toBeLessThan(3.5 * waitMs * slowdown));
      }),
  },
  {
    name: 'CPU work is real',
    server: 'works',
    run: async (context) => {
      const { server, dialect } = context;
      const rounds = 50;
      const reply = dialect.reply(Buffer.from('w'));
      // Both: the kernel splits what it measured exactly into user and system by ticks.
      const cpuNs = async (): Promise<number> => {
        const counters = await server.snapshot();
        return counterOf(counters, 'cpuUserNs') + counterOf(counters, 'cpuSystemNs');
      };
      const beforeNs = await cpuNs();
      await withClient(server.port, async (client) => {
        for (let i = 0; i < rounds; ++i) await client.ask(dialect.request(Buffer.from('w')), reply.length);
      });
      const spentNs = (await cpuNs()) - beforeNs;
      // Frequencies change under the calibration.
      expect(spentNs).toBeGreaterThan(0.6 * rounds * workUs * 1000);
    },
  },
  {
    name: 'forward relays replies of the upstream unchanged, one connection each',
    server: 'forward',
    run: async (context) => {
      const { server, dialect } = context;
      const before = await server.snapshot();
      const request = dialect.request(Buffer.from('onwards'));
      const reply = dialect.reply(pattern(200_000));
      await expectExchange(context, Buffer.concat([request, request, request]), Buffer.concat([reply, reply, reply]));
      const after = await server.snapshot();
      expect(counterOf(after, 'upstreamConnects') - counterOf(before, 'upstreamConnects')).toBe(3);
    },
  },
  {
    name: 'forward relays a request of 1 MiB',
    server: 'forward',
    run: async (context) => {
      const { dialect } = context;
      await expectExchange(context, dialect.request(pattern(1 << 20)), dialect.reply(pattern(200_000)));
    },
  },
  {
    name: 'forward to a dead upstream: an error reply, closed, counted',
    server: 'deadUpstream',
    run: async (context) => {
      const { server, dialect } = context;
      const before = await server.snapshot();
      for (let i = 0; i < 3; ++i) {
        await withClient(server.port, async (client) => {
          const got = await client.ask(dialect.request(Buffer.from('lost')), dialect.badGateway.length);
          expect(got.toString()).toBe(dialect.badGateway.toString());
          client.halfClose();
          expect((await client.readToEnd()).bytes.length).toBe(0);
        });
      }
      const after = await server.snapshot();
      expect(counterOf(after, 'errorUpstream') - counterOf(before, 'errorUpstream')).toBe(3);
    },
  },
];

const ok = (body: string, connection?: string): Buffer =>
  Buffer.concat([httpHead('200 OK', body.length, connection), Buffer.from(body)]);

const http: readonly Case[] = [
  {
    name: 'HTTP/1.0 as ab sends it: answered and closed',
    server: 'echo',
    run: (context) =>
      expectLastExchange(
        context,
        'GET /ab HTTP/1.0\r\nHost: 127.0.0.1\r\nUser-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n',
        ok('/ab', 'close'),
      ),
  },
  {
    name: 'HTTP/1.0 with keep-alive stays open',
    server: 'echo',
    run: (context) => {
      const request = 'GET /k HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n';
      return expectExchange(context, request + request, Buffer.concat([ok('/k'), ok('/k')]));
    },
  },
  {
    name: 'Connection: close is obeyed, also behind a pipeline',
    server: 'echo',
    run: (context) =>
      expectLastExchange(
        context,
        'GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n',
        Buffer.concat([ok('/1'), ok('/2', 'close')]),
      ),
  },
  {
    name: 'HEAD has the headers of the body and no body',
    server: 'mebibyte',
    run: (context) => {
      const request = 'HEAD / HTTP/1.1\r\nHost: t\r\n\r\n';
      const head = httpHead('200 OK', 1 << 20);
      return expectExchange(context, request + request, Buffer.concat([head, head]));
    },
  },
  {
    name: 'a chunked request body, with an extension and a trailer',
    server: 'echo',
    run: (context) =>
      expectExchange(
        context,
        'POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nT: v\r\n\r\n' +
          'GET /next HTTP/1.1\r\nHost: t\r\n\r\n',
        Buffer.concat([ok('hello!'), ok('/next')]),
      ),
  },
  {
    name: 'Expect: 100-continue is answered before the body comes',
    server: 'echo',
    run: async ({ server }) => {
      const interim = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
      const head = 'POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n';
      await withClient(server.port, async (client) => {
        expect((await client.ask(Buffer.from(head), interim.length)).toString()).toBe(interim.toString());
        expect((await client.ask(Buffer.from('body'), ok('body').length)).toString()).toBe(ok('body').toString());
      });
    },
  },
  {
    name: 'empty lines between requests and bare line feeds are taken',
    server: 'echo',
    run: (context) =>
      expectExchange(
        context,
        '\r\nGET /a HTTP/1.1\nHost: t\n\n\r\n\r\nGET /b HTTP/1.1\r\nHost: t\r\n\r\n',
        Buffer.concat([ok('/a'), ok('/b')]),
      ),
  },
];

const resp: readonly Case[] = [
  {
    name: 'PING, ECHO and QUIT, inline and as arrays, and what is unknown',
    server: 'echo',
    run: (context) =>
      expectLastExchange(
        context,
        'PING\r\nping hello\r\n*1\r\n$4\r\nPiNg\r\n\r\nECHO a\r\nECHO\r\n*2\r\n$3\r\nFOO\r\n$1\r\nx\r\n*1\r\n$4\r\nQUIT\r\n',
        Buffer.from(
          '+PONG\r\n$5\r\nhello\r\n+PONG\r\n$1\r\na\r\n' +
            "-ERR wrong number of arguments for 'echo' command\r\n-ERR unknown command 'FOO'\r\n+OK\r\n",
        ),
      ),
  },
];

const echo: readonly Case[] = [
  {
    name: 'an empty body, and exactly 16 MiB',
    server: 'echo',
    run: async ({ server }) => {
      const most = pattern(16 << 20);
      await withClient(server.port, async (client) => {
        expect((await client.ask(prefixed(Buffer.alloc(0)), 4)).equals(Buffer.alloc(4))).toBe(true);
        const [got] = await Promise.all([client.read(4 + most.length), client.write(prefixed(most))]);
        expect(got.equals(prefixed(most))).toBe(true);
      });
    },
  },
];

export const handlerCases: readonly Case[] = [
  ...handlers,
  ...http.map((each) => ({ ...each, protocols: ['http'] as const })),
  ...resp.map((each) => ({ ...each, protocols: ['resp'] as const })),
  ...echo.map((each) => ({ ...each, protocols: ['echo'] as const })),
];
