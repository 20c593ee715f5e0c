/**
 * What the kernel may refuse at any time, for every model: strace answers some calls in its place. Afterwards the server
 * serves on, and no connection is left open.
 */
import { describe, expect, it } from 'vitest';
import { gaugeOf } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, isSanitized } from '../support/engines.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';
import { isInstalled } from '../support/tools.ts';

const { request, reply } = dialects.http;
const answer = reply(pattern(128));

/**
 * Calls by name, and the error that they return: each third of a thread up to the sixtieth, but for the first (of threads
 * that the engine itself starts). Every column is a run of its own.
 */
const refusals: Readonly<Record<string, readonly [string, string]>> = {
  accept4: ['ENOMEM', 'EMFILE'],
  epoll_ctl: ['ENOSPC', 'ENOMEM'],
  epoll_wait: ['EINTR', 'EINTR'],
  poll: ['EINTR', 'ENOMEM'],
  pselect6: ['EINTR', 'ENOMEM'],
  rt_sigtimedwait: ['EINTR', 'EAGAIN'],
  clone3: ['EAGAIN', 'ENOMEM'],
  clone: ['EAGAIN', 'ENOMEM'],
  io_uring_enter: ['EINTR', 'EAGAIN'],
};
const moments = (name: string): string => (name.startsWith('clone') ? '30..90+3' : '3..60+3');

function injector(column: 0 | 1, names: readonly string[]): string[] {
  const injections = names.flatMap((name) => [
    '-e',
    `inject=${name}:error=${refusals[name]?.[column] ?? ''}:when=${moments(name)}`,
  ]);
  return [
    'strace',
    '-f',
    '-q',
    '-q',
    '-o',
    '/dev/null',
    '-e',
    `trace=${names.join(',')}`,
    '-e',
    'signal=none',
    ...injections,
  ];
}

/** Asks over and over, with a new connection where one was lost, until so many requests were answered. */
async function askOn(port: number, requests: number): Promise<void> {
  let client: RawClient | undefined;
  for (let answered = 0; answered < requests;) {
    try {
      client ??= await RawClient.connect(port);
      expect(await client.ask(request(Buffer.of(65)), answer.length)).toEqual(answer);
      answered++;
      if (answered % 5 > 0) continue;
    } catch (error) {
      if (!(error instanceof Error) || /did not come in time|expected|ECONNREFUSED/.test(error.message)) throw error;
    }
    client?.close();
    client = undefined;
  }
  client?.close();
}

describe.each(allModels().filter(({ id }) => id !== 'node'))('$id', (model) => {
  const obstacle = !model.available
    ? (model.reason ?? 'the model is unavailable here')
    : !isInstalled('strace')
      ? 'strace is not installed'
      : // Its leak check cannot run under a tracer.
        isSanitized && 'a sanitized engine cannot be traced';
  if (obstacle) {
    it.skip(`refusals — skipped: ${obstacle}`);
    return;
  }

  it.each([0, 1] as const)('serves on after the kernel has refused: column %i', async (column) => {
    // A process for each client has threads of its own, of which the first calls would be refused for ever.
    const names = Object.keys(refusals).filter((name) => model.execution !== 'process' || !name.startsWith('epoll'));
    const server = await ServerUnderTest.start(model.id, { protocol: 'http' }, injector(column, names));
    try {
      const clients = model.id === 'blocking-iterative' ? 1 : 4;
      await Promise.all(Array.from({ length: clients }, () => askOn(server.port, 120)));
      const isAtRest = await settled(
        async () => gaugeOf(await server.snapshot(), 'openConnections'),
        (open) => open === 0,
      );
      expect(isAtRest, 'connections that are open although every client has left').toBe(0);
      expect(await server.stop()).toMatchObject({ code: 0, reason: 'stopped' });
    } finally {
      server.kill();
    }
  });
});
