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

  describe('binds to this machine what would have all its addresses', () => {
    const said = expect.stringContaining('this machine alone') as string;
    const hosts = { inet: '127.0.0.1', inet6: '::1' } as const;
    const other = { inet: '[::1]:9', inet6: '127.0.0.1:9' } as const;
    const families = ['inet', 'inet6'] as const;

    it.each(families)('a stream that listens: %s', { timeout: 120_000 }, (family) =>
      onBench(async (call) => {
        await call('socket', { family, type: 'stream' }, 'guard');
        const listening = await call('listen', { fd: 'guard', backlog: 1 });
        expect(listening).toMatchObject({ result: 0, sentence: said });
        const guard = listening.state.sockets.find(({ state }) => state === 'LISTEN');
        expect(guard?.local?.host).toBe(hosts[family]);
        expect(guard?.local?.port).toBeGreaterThan(0);
      }),
    );

    // The kernel gives the address before it finds that the call cannot be.
    it.each(
      families.flatMap((family) => [
        {
          family,
          name: 'sendto',
          args: { data: 'x', address: `${hosts[family].replace('::1', '[::1]')}:9` },
          errno: null,
        },
        { family, name: 'sendto', args: { data: 'x', address: other[family] }, errno: expect.any(String) as string },
        { family, name: 'send', args: { data: 'x' }, errno: 'EDESTADDRREQ' },
        { family, name: 'write', args: { data: 'x' }, errno: 'EDESTADDRREQ' },
        { family, name: 'connect', args: { address: other[family] }, errno: expect.any(String) as string },
      ]),
    )('a datagram socket, of whatever call: $family, $name', { timeout: 120_000 }, ({ family, name, args, errno }) =>
      onBench(async (call) => {
        await call('socket', { family, type: 'dgram' }, 'udp');
        const { state, ...step } = await call(name as CallName, { fd: 'udp', ...args });
        expect(step.errno).toEqual(errno);
        if (name !== 'connect') expect(step.sentence).toEqual(said);
        expect(state.sockets.filter(({ type }) => type === 'dgram')).toMatchObject([
          { local: { host: hosts[family] } },
        ]);
      }),
    );

    it('a datagram socket that takes the number of another before a ring is handed over', { timeout: 120_000 }, () =>
      onBench(async (call) => {
        const ring = await call('io_uring_setup', { entries: 4 }, 'ring');
        if (ring.errno !== null) {
          expect(ring.errno).toMatch(/^(ENOSYS|EPERM)$/);
          return;
        }
        await call('socket', { family: 'inet', type: 'stream' }, 'first');
        await call('io_uring_prep', { ring: 'ring', operation: 'send', fd: 'first', data: 'x', tag: 1 });
        const made = await call('socket', { family: 'inet', type: 'dgram' }, 'udp');
        await call('dup', { fd: 'udp', to: 4 });
        expect([ring.result, made.result]).toEqual([3, 5]);
        const { state, sentence } = await call('io_uring_submit', { ring: 'ring' });
        expect(sentence).toEqual(said);
        expect(state.sockets.filter(({ type }) => type === 'dgram')).toMatchObject([{ local: { host: '127.0.0.1' } }]);
      }),
    );
  });
});
