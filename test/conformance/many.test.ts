/** Many connections at once, by the load engine, with every reply checked byte for byte. */
import { describe, expect, it } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { allModels, isSanitized, slowdown, type ModelFacts } from '../support/engines.ts';
import { protocols } from '../support/dialects.ts';
import { errorsOf, runLoad } from '../support/load-engine.ts';
import { ServerUnderTest, settled, steady } from '../support/server-under-test.ts';

const ten = 10_000;

/** How many connections each model is asked to hold, and why fewer than the others where that is so. */
function most(model: ModelFacts): { connections: number; because?: string } {
  switch (model.id) {
    case 'blocking-iterative':
      return { connections: 0, because: 'it serves one connection at a time' };
    case 'blocking-pool':
      return { connections: 0, because: 'it serves as many connections as its pool has threads' };
    case 'node':
      return {
        connections: 0,
        because: 'Node accepts between the requests it serves, so not all are accepted in the run',
      };
    case 'blocking-fork':
      return { connections: 200, because: 'a process each is slow on two cores' };
    case 'polling-threads':
      return { connections: 50, because: 'every thread spins, so each turn takes as long as all the others' };
    case 'polling-scan':
    case 'poll':
    case 'signal-driven':
    case 'blocking-threads':
    case 'select':
      return { connections: 1000 };
    default:
      return { connections: ten };
  }
}

/** As long as it takes until every client has had its turn: on a busy machine a while. */
async function hold(model: ModelFacts, protocol: string, connections: number): Promise<void> {
  for (const durationMs of [500, 4000]) if (await holdFor(durationMs, model, protocol, connections)) return;
  expect(await holdFor(40_000, model, protocol, connections), 'every client was answered').toBe(true);
}

/** False where some clients had not been answered when the time was up. */
async function holdFor(durationMs: number, model: ModelFacts, protocol: string, connections: number): Promise<boolean> {
  const server = await ServerUnderTest.start(model.id, { protocol, handler: 'respond', responseBytes: 128 });
  try {
    const idleFds = await steady(() => server.openFds());
    const load = await runLoad({
      protocol,
      target: `127.0.0.1:${server.port}`,
      durationMs: durationMs * slowdown,
      warmupMs: 100,
      timeoutMs: 120_000 * slowdown,
      sourceAddresses: 4,
      handler: 'respond',
      responseBytes: 128,
      clients: [{ profile: 'closed', connections, thinkMs: connections > 1000 ? 200 : 0 }],
    });
    expect(errorsOf(load)).toEqual({});
    if (Number(load.counters.requests) < connections) return false;
    expect(load.code).toBe(0);
    // A process for each is slow to start: clients that have left already are accepted all the same.
    const after = await settled(
      () => server.snapshot(),
      (counters) => counterOf(counters, 'accepts') === connections,
      90_000,
    );
    expect(counterOf(after, 'accepts')).toBe(connections);
    expect(counterOf(after, 'requests')).toBeGreaterThanOrEqual(connections);
    expect(
      await settled(
        () => server.openFds(),
        (fds) => fds <= idleFds,
        90_000,
      ),
    ).toBeLessThanOrEqual(idleFds);
    const ended = await server.stop();
    expect(ended).toMatchObject({ code: 0, reason: 'stopped' });
    expect(server.findings).toBe('');
    return true;
  } finally {
    server.kill();
  }
}

describe.each(allModels())('$id', (model) => {
  const { connections, because } = most(model);
  if (!model.available || connections === 0) {
    it.skip(`many connections at once — skipped: ${because ?? model.reason ?? 'the model is unavailable here'}`);
    return;
  }
  const first = Math.max(20, Math.floor(Math.min(connections, 1000) / (isSanitized ? 5 : 1)));
  it.each(protocols)(`${first} connections at once, %s${because ? ` (not more: ${because})` : ''}`, (protocol) =>
    hold(model, protocol, first),
  );
  if (connections < ten) return;
  if (isSanitized) it.skip(`${ten} connections at once — skipped: a sanitized engine is too slow for them`);
  else it(`${ten} connections at once, http`, () => hold(model, 'http', ten));
});
