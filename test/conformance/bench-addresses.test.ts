/** Nothing of the bench can be reached by other machines, nor reaches them, whatever call has the address or none. */
import { describe, expect, it } from 'vitest';
import { Bench } from '../../main/lab/bench/bench.ts';
import { callSchemas, type CallName } from '../../shared/bench/calls.ts';
import type { BenchStep } from '../../shared/bench/step.ts';

const withAddress = (Object.keys(callSchemas) as CallName[]).filter((call) => 'address' in callSchemas[call].shape);
const elsewhere = [
  ...['0.0.0.0:0', '192.0.2.1:80', '[::]:0', '[2001:db8::1]:80', '[::ffff:127.0.0.1]:80', '[::ffff:192.0.2.1]:80'],
  ...[
    '255.255.255.255:9',
    '224.0.0.1:9',
    'localhost:80',
    'example.org:80',
    '127.1:80',
    '2130706433:80',
    'unix:/tmp/x',
    '',
  ],
];

async function onBench(
  work: (call: (name: CallName, args: object, as?: string) => Promise<BenchStep>) => Promise<void>,
) {
  const bench = await Bench.open([{ name: 'server', process: 'bench' }]);
  try {
    await work((call, args, as) =>
      bench.call({
        actor: 'server',
        call,
        arguments: args as Record<string, unknown>,
        ...(as === undefined ? {} : { as }),
      }),
    );
  } finally {
    await bench.close();
  }
}

describe('the bench', () => {
  it('has these calls with an address', () => expect(withAddress).toEqual(['bind', 'connect', 'sendto']));

  it('makes none of them with an address elsewhere', { timeout: 120_000 }, () =>
    onBench(async (call) => {
      for (const family of ['inet', 'inet6']) {
        for (const type of ['stream', 'dgram']) await call('socket', { family, type }, `${family}${type}`);
      }
      for (const name of withAddress) {
        for (const address of elsewhere) {
          for (const fd of ['inetstream', 'inet6stream', 'inetdgram', 'inet6dgram']) {
            const made = call(name, { fd, address, ...(name === 'sendto' ? { data: 'x' } : {}) });
            const { refused, sentence = '' } = await made.catch((error: unknown) => ({
              ...{ refused: true, sentence: String(error) },
            }));
            expect([name, address, refused]).toEqual([name, address, true]);
            expect(sentence).toMatch(/not of the bench|127\.0\.0\.0\/8 and \[::1\] only|address/);
          }
        }
      }
    }),
  );

  it('binds to this machine what would have all its addresses, and says so', { timeout: 120_000 }, () =>
    onBench(async (call) => {
      const hosts = { inet: '127.0.0.1', inet6: '::1' };
      for (const [family, host] of Object.entries(hosts)) {
        await call('socket', { family, type: 'stream' }, `${family}-guard`);
        const listening = await call('listen', { fd: `${family}-guard`, backlog: 1 });
        expect(listening).toMatchObject({
          result: 0,
          sentence: expect.stringContaining('this machine alone') as string,
        });
        const guard = listening.state.sockets.find((each) => each.state === 'LISTEN' && each.family === family);
        expect(guard?.local?.host).toBe(host);
        expect(guard?.local?.port).toBeGreaterThan(0);
        await call('socket', { family, type: 'dgram' }, `${family}-udp`);
        const address = host.includes(':') ? `[${host}]:9` : `${host}:9`;
        const sent = await call('sendto', { fd: `${family}-udp`, data: 'x', address });
        expect(sent.state.sockets.find((each) => each.type === 'dgram' && each.family === family)?.local?.host).toBe(
          host,
        );
      }
    }),
  );
});
