/** A client that gets its last reply and the server's end of stream, and never closes: it is not waited for for ever. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { dialects } from '../support/dialects.ts';
import { allModels, slowdown } from '../support/engines.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';

// The engine waits two seconds; where a read began just before that, a second time.
const limitMs = 6000 * slowdown;

// At the same time, as each of them mostly waits.
describe.concurrent('a client that never closes', () => {
  for (const model of allModels()) {
    if (!model.available) {
      it.skip(`${model.id} — skipped: ${model.reason ?? 'the model is unavailable here'}`);
      continue;
    }
    it(`${model.id} lets go of it in time`, async () => {
      const server = await ServerUnderTest.start(model.id, { protocol: 'http', handler: 'echo' });
      try {
        const [malformed] = dialects.http.malformed;
        if (!malformed) throw new Error('The dialect lists nothing malformed.');
        const client = await RawClient.connect(server.port);
        await client.write(malformed.bytes);
        await client.readToEnd();
        const startMs = performance.now();
        const isOpen = async () => gaugeOf(await server.snapshot(), 'openConnections') > 0;
        // The reply's end is with the client before the limit has begun.
        await sleep(200);
        expect(await isOpen()).toBe(true);
        while ((await isOpen()) && performance.now() - startMs < limitMs) await sleep(100);
        expect(await isOpen()).toBe(false);
        expect(counterOf(await server.snapshot(), 'closes')).toBe(1);
        client.close();
        expect(await server.stop()).toMatchObject({ code: 0, reason: 'stopped' });
        expect(server.findings).toBe('');
      } finally {
        server.kill();
      }
    });
  }
});
