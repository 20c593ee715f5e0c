/** A client that gets its last reply and the server's end of stream, and never closes: it is not waited for for ever. */
import { describe, expect, it } from 'vitest';
import { counterOf, gaugeOf } from '../../shared/telemetry/codec.ts';
import { dialects } from '../support/dialects.ts';
import { allModels, slowdown } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

// The engine waits two seconds; where a read began just before that, a second time.
const leastMs = 2000;
const mostMs = 6000 * slowdown;

// At the same time, as each of them mostly waits.
describe.concurrent('a client that never closes', () => {
  for (const model of allModels()) {
    if (!model.available) {
      it.skip(`${model.id} — skipped: ${model.reason ?? 'the model is unavailable here'}`);
      continue;
    }
    it(`${model.id} lets go of it in time`, (context) =>
      measured(context, async () => {
        const server = await ServerUnderTest.start(model.id, { protocol: 'http', handler: 'echo' });
        try {
          const [malformed] = dialects.http.malformed;
          if (!malformed) throw new Error('The dialect lists nothing malformed.');
          const client = await RawClient.connect(server.port);
          const startMs = performance.now();
          await client.write(malformed.bytes);
          await client.readToEnd();
          const isOpen = async () => gaugeOf(await server.snapshot(), 'openConnections') > 0;
          expect(await settled(isOpen, (open) => !open, 30_000)).toBe(false);
          const tookMs = performance.now() - startMs;
          expect(tookMs).toBeGreaterThanOrEqual(leastMs);
          expect(counterOf(await server.snapshot(), 'closes')).toBe(1);
          client.close();
          expect(await server.stop()).toMatchObject({ code: 0, reason: 'stopped' });
          expect(server.findings).toBe('');
          whenQuiet(() => expect(tookMs).toBeLessThan(mostMs));
        } finally {
          server.kill();
        }
      }));
  }
});
