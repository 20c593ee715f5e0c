/**
 * More clients than there are descriptors, for every model, with a real limit: the server stays, rests, goes on serving
 * whom it has, and serves everybody again once there is room.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gaugeOf } from '../../shared/telemetry/codec.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { aSecond } from '../support/quiet-second.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';
import { isInstalled } from '../support/tools.ts';

const { request, reply } = dialects.http;
const answer = reply(pattern(128));
const ask = (client: RawClient): Promise<Buffer> => client.ask(request(Buffer.of(65)), answer.length);

/** Node itself has some twenty descriptors, the engine as many with its counters. */
const descriptors = 96;
const manyClients = 160;
const limited = ['prlimit', `--nofile=${descriptors}:${descriptors}`];

describe.each(allModels())('$id', (model) => {
  const obstacle = !model.available
    ? (model.reason ?? 'the model is unavailable here')
    : !isInstalled('prlimit') && 'prlimit is not installed';
  if (obstacle) {
    it.skip(`descriptor limit — skipped: ${obstacle}`);
    return;
  }

  it.concurrent('stays, rests, serves on, and recovers', async () => {
    const server = await ServerUnderTest.start(model.id, { protocol: 'http', responseBytes: 128 }, limited);
    const clients: RawClient[] = [];
    try {
      const first = await RawClient.connect(server.port);
      clients.push(first);
      expect(await ask(first)).toEqual(answer);
      for (let i = 1; i < manyClients; i++) clients.push(await RawClient.connect(server.port));

      if (model.family !== 'non-blocking') {
        const ticks = await settled(
          async () => (await aSecond(server)).ticks,
          (seen) => seen <= 3,
          60_000,
        );
        expect(ticks, 'CPU in a second at the limit, in 10 ms').toBeLessThanOrEqual(3);
      }
      expect(await ask(first)).toEqual(answer);
      const atLimit = await server.snapshot();
      const seen = readdirSync(`/proc/${server.pid}/fd`).length;
      expect(Math.abs(gaugeOf(atLimit, 'openFds') - seen), `open descriptors beside ${seen}`).toBeLessThanOrEqual(2);
      expect(gaugeOf(atLimit, 'rssBytes')).toBeGreaterThan(1 << 20);

      for (const client of clients) client.close();
      const open = await settled(
        async () => gaugeOf(await server.snapshot(), 'openConnections'),
        (connections) => connections === 0,
        60_000,
      );
      expect(open, 'connections that are open although every client has left').toBe(0);
      for (let i = 0; i < 5; i++) {
        const late = await RawClient.connect(server.port);
        clients.push(late);
        expect(await ask(late)).toEqual(answer);
        late.close();
      }
      expect(await server.stop()).toMatchObject({ code: 0, reason: 'stopped' });
    } finally {
      for (const client of clients) client.close();
      server.kill();
    }
  });
});
