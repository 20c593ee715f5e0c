/** The handler setting that forgets to close: sockets stay in CLOSE_WAIT, and the server serves on and does not spin. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf, syscallOf, type Counters } from '../../shared/telemetry/codec.ts';
import { syscallNames } from '../../shared/telemetry/wire.ts';
import { dialects } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { withClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const leavers = 12;

/** Sockets of the port in CLOSE_WAIT (8), by the kernel's own table. */
function closeWaits(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return rows.filter((row) => new RegExp(`^ *\\d+: ${local} \\S+ 08 `).test(row)).length;
}

const calls = (counters: Counters): number => syscallNames.reduce((sum, name) => sum + syscallOf(counters, name), 0);

/** A process that ends closes what it has. */
const closesByExit = (model: string): boolean => model === 'blocking-fork';

async function comeAndGo(server: ServerUnderTest): Promise<void> {
  const request = dialects.http.request(Buffer.from('x'));
  const reply = dialects.http.reply(Buffer.from('x'));
  for (let i = 0; i < leavers; ++i) {
    const got = await withClient(server.port, (client) => client.ask(request, reply.length));
    expect(got.toString()).toBe(reply.toString());
  }
}

describe.each(allModels())('$id', (model) => {
  if (!model.available) {
    it.skip(`forgets to close — skipped: ${model.reason ?? 'the model is unavailable here'}`);
    return;
  }

  it('keeps what it forgets in CLOSE_WAIT, and goes on', async () => {
    const server = await ServerUnderTest.start(model.id, { protocol: 'http', handler: 'echo', forgetsToClose: true });
    try {
      await comeAndGo(server);
      const wanted = closesByExit(model.id) ? 0 : leavers;
      expect(
        await settled(
          () => closeWaits(server.port),
          (count) => count === wanted,
        ),
      ).toBe(wanted);
      const before = await server.snapshot();
      if (wanted > 0) {
        expect(counterOf(before, 'closes')).toBe(0);
        expect(gaugeOf(before, 'openConnections')).toBe(leavers);
      }
      // Level-triggered, the end of the stream would be reported without end.
      if (!model.id.startsWith('polling')) {
        await sleep(300);
        expect(calls(await server.snapshot()) - calls(before)).toBeLessThan(100);
      }
      await comeAndGo(server);
      expect(await server.stop()).toMatchObject({ code: 0, signal: null, reason: 'stopped' });
      expect(server.findings).toBe('');
    } finally {
      server.kill();
    }
  });

  it('closes all where it does not forget', async () => {
    const server = await ServerUnderTest.start(model.id, { protocol: 'http', handler: 'echo' });
    try {
      await comeAndGo(server);
      const closes = async (): Promise<number> => counterOf(await server.snapshot(), 'closes');
      expect(await settled(closes, (count) => count === leavers)).toBe(leavers);
      expect(closeWaits(server.port)).toBe(0);
    } finally {
      server.kill();
    }
  });
});
