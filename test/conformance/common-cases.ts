/** Cases for every protocol: fragments, pipelines, big replies, slow and impolite clients. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { counterOf, syscallOf } from '../../shared/telemetry/codec.ts';
import { pattern } from '../support/dialects.ts';
import { expectBytes } from '../support/expect-bytes.ts';
import { RawClient, withClient } from '../support/raw-client.ts';
import { settled } from '../support/server-under-test.ts';
import { oneAtATime, type Case, type Context } from './case.ts';

// Long enough that the server has read one piece before the next is sent, mostly; the reply is the same if not.
const betweenPiecesMs = 1;
const mebibyte = 1 << 20;

/** Whether the server answers a new client: what every mishap must leave intact. */
async function expectAlive({ server, dialect }: Context, body: Buffer = Buffer.from('alive')): Promise<void> {
  const reply = dialect.reply(body);
  const got = await withClient(server.port, (client) =>
    client.ask(dialect.request(Buffer.from('alive')), reply.length),
  );
  expect(got.equals(reply)).toBe(true);
}

const small: readonly Case[] = [
  {
    name: 'a request cut in two at every byte',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const body = Buffer.from('cut me');
      const request = dialect.request(body);
      const reply = dialect.reply(body);
      await withClient(server.port, async (client) => {
        for (let cut = 1; cut < request.length; ++cut) {
          await client.write(request.subarray(0, cut));
          await sleep(betweenPiecesMs);
          const got = await client.ask(request.subarray(cut), reply.length);
          expectBytes(got, reply, `cut at ${cut}`);
        }
      });
    },
  },
  {
    name: 'a request byte by byte',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const body = Buffer.from('drop by drop');
      const reply = dialect.reply(body);
      await withClient(server.port, async (client) => {
        for (const byte of dialect.request(body)) {
          await client.write(Buffer.of(byte));
          await sleep(betweenPiecesMs);
        }
        expectBytes(await client.read(reply.length), reply);
      });
    },
  },
  {
    name: 'a pipeline of 100 requests of different sizes',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const bodies = Array.from({ length: 100 }, (_, i) => Buffer.alloc(1 + i * 37, 65 + (i % 26)));
      const replies = Buffer.concat(bodies.map((body) => dialect.reply(body)));
      await withClient(server.port, async (client) => {
        const got = await client.ask(Buffer.concat(bodies.map((body) => dialect.request(body))), replies.length);
        expect(got.equals(replies)).toBe(true);
      });
    },
  },
  {
    name: 'requests and bytes are counted',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const request = dialect.request(Buffer.from('count'));
      const reply = dialect.reply(Buffer.from('count'));
      const before = await server.snapshot();
      await withClient(server.port, async (client) => {
        for (let i = 0; i < 50; ++i) await client.ask(request, reply.length);
      });
      // The last reply is with the client before the server has counted it.
      const after = await settled(
        () => server.snapshot(),
        (counters) => counterOf(counters, 'requests') - counterOf(before, 'requests') >= 50,
      );
      const grown = (name: 'requests' | 'bytesIn' | 'bytesOut' | 'accepts') =>
        counterOf(after, name) - counterOf(before, name);
      expect({ requests: grown('requests'), accepts: grown('accepts') }).toEqual({ requests: 50, accepts: 1 });
      expect({ in: grown('bytesIn'), out: grown('bytesOut') }).toEqual({
        in: 50 * request.length,
        out: 50 * reply.length,
      });
    },
  },
];

const big: readonly Case[] = [
  {
    name: 'an echo of 1 MiB',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const body = pattern(mebibyte);
      const reply = dialect.reply(body);
      const got = await withClient(server.port, async (client) => {
        // Written while the reply is read: the server may answer no sooner than all is there, but need not wait.
        const [, read] = await Promise.all([client.write(dialect.request(body)), client.read(reply.length)]);
        return read;
      });
      expect(got.equals(reply)).toBe(true);
    },
  },
  {
    name: 'a reply of 1 MiB, three times',
    server: 'mebibyte',
    run: async ({ server, dialect }) => {
      const reply = dialect.reply(pattern(mebibyte));
      await withClient(server.port, async (client) => {
        for (let i = 0; i < 3; ++i) {
          const got = await client.ask(dialect.request(Buffer.from('x')), reply.length);
          expect(got.equals(reply)).toBe(true);
        }
      });
    },
  },
  {
    name: 'a reply in 7 chunks',
    server: 'chunks',
    run: async ({ model, server, dialect }) => {
      const reply = dialect.reply(pattern(70_000));
      const before = await server.snapshot();
      await withClient(server.port, async (client) => {
        const got = await client.ask(
          Buffer.concat([dialect.request(Buffer.of(65)), dialect.request(Buffer.of(65))]),
          2 * reply.length,
        );
        expect(got.equals(Buffer.concat([reply, reply]))).toBe(true);
      });
      // The node model cannot count its calls, and completions need none.
      if (model.id === 'node' || model.id === 'io_uring') return;
      const writes = await settled(
        async () => syscallOf(await server.snapshot(), 'write') - syscallOf(before, 'write'),
        (count) => count >= 14,
      );
      expect(writes).toBeGreaterThanOrEqual(14);
    },
  },
  {
    name: 'a slow reader gets every byte of 16 MiB',
    server: 'mebibyte',
    run: async (context) => {
      const { server, dialect, model } = context;
      const one = dialect.reply(pattern(mebibyte));
      await withClient(server.port, async (client) => {
        client.socket.pause();
        await client.write(Buffer.concat(Array.from({ length: 16 }, () => dialect.request(Buffer.of(65)))));
        await sleep(100);
        if (!oneAtATime(model)) await expectAlive(context, pattern(mebibyte));
        const drip = setInterval(() => {
          client.socket.resume();
          setImmediate(() => client.socket.pause());
        }, 2);
        await sleep(200);
        clearInterval(drip);
        // The last drip's own pause may still be due; it must not come behind the resume.
        await new Promise((resolve) => setImmediate(resolve));
        client.socket.resume();
        const got = await client.read(16 * one.length);
        for (let i = 0; i < 16; ++i) {
          expect(got.subarray(i * one.length, (i + 1) * one.length).equals(one), `reply ${i}`).toBe(true);
        }
      });
    },
  },
];

const endings: readonly Case[] = [
  {
    name: 'a half-close behind a request: its reply, then the end',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const reply = dialect.reply(Buffer.from('last'));
      await withClient(server.port, async (client) => {
        await client.write(dialect.request(Buffer.from('last')));
        client.halfClose();
        const { bytes, wasReset } = await client.readToEnd();
        expectBytes(bytes, reply);
        expect(wasReset).toBe(false);
      });
    },
  },
  {
    name: 'a half-close behind a request for 1 MiB',
    server: 'mebibyte',
    run: async ({ server, dialect }) => {
      await withClient(server.port, async (client) => {
        await client.write(dialect.request(Buffer.of(65)));
        client.halfClose();
        const { bytes } = await client.readToEnd();
        expect(bytes.equals(dialect.reply(pattern(mebibyte)))).toBe(true);
      });
    },
  },
  {
    name: 'a half-close in mid-request: the end and no reply, one protocol error',
    server: 'echo',
    run: async (context) => {
      const { server, dialect } = context;
      const before = await server.snapshot();
      await withClient(server.port, async (client) => {
        await client.write(dialect.request(Buffer.from('never whole')).subarray(0, -3));
        client.halfClose();
        expect((await client.readToEnd()).bytes.length).toBe(0);
      });
      const errors = await settled(
        async () => counterOf(await server.snapshot(), 'errorProtocol') - counterOf(before, 'errorProtocol'),
        (count) => count > 0,
      );
      expect(errors).toBe(1);
      await expectAlive(context);
    },
  },
  {
    name: 'a reset in mid-request: the server goes on',
    server: 'echo',
    run: async (context) => {
      const { server, dialect } = context;
      for (let i = 0; i < 5; ++i) {
        const client = await RawClient.connect(server.port);
        await client.write(dialect.request(Buffer.from('never whole')).subarray(0, -3));
        await sleep(2);
        client.reset();
      }
      await expectAlive(context);
    },
  },
  {
    name: 'a reset in mid-reply: the server goes on, and the descriptors come back',
    server: 'mebibyte',
    run: async (context) => {
      const { server, dialect } = context;
      await expectAlive(context, pattern(mebibyte));
      const fdsBefore = server.openFds();
      for (let i = 0; i < 3; ++i) {
        const client = await RawClient.connect(server.port);
        await client.write(Buffer.concat(Array.from({ length: 16 }, () => dialect.request(Buffer.of(65)))));
        await client.read(10_000);
        client.reset();
      }
      await expectAlive(context, pattern(mebibyte));
      expect(
        await settled(
          () => server.openFds(),
          (fds) => fds <= fdsBefore,
        ),
      ).toBeLessThanOrEqual(fdsBefore);
    },
  },
  {
    name: 'a client that connects and says nothing',
    server: 'echo',
    run: async (context) => {
      const client = await RawClient.connect(context.server.port);
      if (!oneAtATime(context.model)) await expectAlive(context);
      client.close();
      await expectAlive(context);
    },
  },
  {
    name: 'malformed input: answered, closed, and the server goes on',
    server: 'echo',
    run: async (context) => {
      const { server, dialect } = context;
      for (const { what, bytes, answer } of dialect.malformed) {
        await withClient(server.port, async (client) => {
          await client.write(bytes);
          const got = await client.read(answer.length);
          expectBytes(got, answer, what);
          client.halfClose();
          expect((await client.readToEnd()).bytes.toString(), what).toBe('');
        });
      }
      await expectAlive(context);
    },
  },
  {
    name: 'a good request before a malformed one is answered',
    server: 'echo',
    run: async ({ server, dialect }) => {
      const bad = dialect.malformed[0];
      if (!bad) throw new Error('The dialect lists nothing malformed.');
      await withClient(server.port, async (client) => {
        const wanted = Buffer.concat([dialect.reply(Buffer.from('good')), bad.answer]);
        const got = await client.ask(Buffer.concat([dialect.request(Buffer.from('good')), bad.bytes]), wanted.length);
        expectBytes(got, wanted);
        client.halfClose();
        expect((await client.readToEnd()).bytes.length).toBe(0);
      });
    },
  },
];

export const commonCases: readonly Case[] = [...small, ...big, ...endings];
