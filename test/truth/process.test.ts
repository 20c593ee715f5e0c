/** What the engine says of its own process and traffic, against /proc and the kernel's count of bytes. */
import { describe, expect, it } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';
import { isInstalled, output } from '../support/tools.ts';
import { expectProcessFigures } from './process-figures.ts';

const { request, reply } = dialects.http;
const models = allModels().filter(({ available }) => available);

describe.each(models)('the process of $id', ({ id, execution }) => {
  it('has the threads, descriptors, memory, CPU time and bytes that the kernel says', () =>
    expectProcessFigures({ id, execution }));
});

describe('bytes against ss', () => {
  const name = 'epoll-lt: the bytes of each socket, as the kernel counts them';
  if (!isInstalled('ss')) {
    it.skip(`${name} — skipped: ss is not installed`);
    return;
  }
  it(name, async () => {
    const server = await ServerUnderTest.start('epoll-lt', { protocol: 'http', responseBytes: 5000 });
    const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.connect(server.port)));
    try {
      const body = request(Buffer.from('hello'));
      const bytes = reply(pattern(5000)).length;
      for (const client of clients) for (let i = 0; i < 20; ++i) await client.ask(body, bytes);
      const text = await output('ss', '-tinH', 'state', 'established', `( sport = :${server.port} )`);
      const sum = (field: string): number =>
        [...text.matchAll(new RegExp(`\\b${field}:(\\d+)`, 'g'))].reduce((total, [, n]) => total + Number(n), 0);
      const counted = await server.snapshot();
      expect(counterOf(counted, 'bytesIn')).toBe(sum('bytes_received'));
      expect(counterOf(counted, 'bytesOut')).toBe(sum('bytes_sent'));
      await server.stop();
    } finally {
      for (const client of clients) client.close();
      server.kill();
    }
  });
});
