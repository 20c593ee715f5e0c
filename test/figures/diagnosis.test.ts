/** Every diagnosis rule on real engines: a server that is driven into the situation, and one that is well. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { LabService } from '../../main/lab/lab-service.ts';
import type { LiveLab } from '../../main/lab/live/live-lab.ts';
import { liveSettingsSchema, type LiveSettingsInput } from '../../shared/contract/live.ts';
import { findingCodes, findingSchema, type Finding } from '../../shared/findings.ts';
import { counterOf, decodeCounters, decodeJson, gaugeOf, type Counters } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { measured, whenQuiet } from '../support/figures.ts';

/** That others had the machine is no doing of the server's: no setting brings it about. */
type Code = Exclude<(typeof findingCodes)[number], 'machineBusy'>;
const codes = findingCodes.filter((code): code is Code => code !== 'machineBusy');

interface Situation {
  readonly settings: LiveSettingsInput;
  /** What differs where the rule must stay silent, though all else is alike. */
  readonly spared: Partial<LiveSettingsInput>;
  /** What is done once the clients run. */
  readonly then?: (lab: LiveLab, ticks: readonly Counters[]) => Promise<unknown>;
  /** The finding names a CPU share or a wait, which a machine that is busy with other things does not give as it should. */
  readonly needsCores?: true;
  /** Whatever the neighbours do, what is spared the one thing does not come into it. */
  readonly holdsOnAnyMachine?: true;
}

async function untilOpen(ticks: readonly Counters[], connections: number): Promise<void> {
  const isOpen = (tick: Counters): boolean => gaugeOf(tick, 'openConnections') >= connections;
  while (!ticks.slice(-1).some(isOpen)) await sleep(50);
}

const situations: Record<Code, Situation> = {
  clientIsTheLimit: {
    settings: {
      server: { model: 'epoll-lt', responseBytes: 1000 },
      connections: 500,
      clients: [{ profile: 'slow-reader', chunkBytes: 1, intervalMs: 1 }],
    },
    needsCores: true,
    spared: { clients: [{ profile: 'rate', rate: 50 }] },
  },
  coreBurnedByPolling: {
    settings: {
      server: { model: 'polling-threads' },
      connections: 60,
      clients: [{ profile: 'rate', rate: 200 }],
    },
    needsCores: true,
    spared: { server: { model: 'blocking-threads' } },
  },
  runQueueIsTheLatency: {
    settings: {
      server: { model: 'blocking-threads', workUs: 10_000 },
      connections: 200,
      clients: [{ profile: 'closed' }],
    },
    spared: { server: { model: 'epoll-lt', workUs: 10_000 } },
  },
  coroutineNeverYields: {
    settings: {
      server: { model: 'coroutine-stackful', workUs: 600_000 },
      connections: 4,
      clients: [{ profile: 'closed' }],
    },
    needsCores: true,
    spared: { server: { model: 'coroutine-stackful', waitMs: 600 } },
  },
  // One client at a time: threads that still run, or wait for a core, are not asleep at their listener to be woken.
  thunderingHerd: {
    settings: {
      server: { model: 'epoll-shared', options: { threads: 8, exclusive: false } },
      connections: 1,
      clients: [{ profile: 'churn', thinkMs: 10 }],
      load: { sourceAddresses: 20 },
    },
    spared: { server: { model: 'epoll-shared', options: { threads: 8, exclusive: true } } },
  },
  acceptQueueOverflow: {
    settings: {
      server: { model: 'blocking-iterative', workUs: 1000, options: { backlog: 8 } },
      connections: 200,
      clients: [{ profile: 'churn' }],
      load: { sourceAddresses: 20 },
    },
    spared: { server: { model: 'blocking-iterative', workUs: 1000, options: { backlog: 1024 } } },
  },
  // A pool serves its first connections for as long as they last; it has taken over more than it has threads.
  fdStarves: {
    settings: { server: { model: 'epoll-lt', workUs: 2000 }, connections: 12, clients: [{ profile: 'closed' }] },
    // The loop gives each its turn.
    spared: {},
    // Whom the pool has no thread for must have been accepted: in the accept queue nobody has a socket yet.
    then: async (lab, ticks) => {
      await untilOpen(ticks, 12);
      await lab.switchTo({ model: 'blocking-pool', options: { poolSize: 8 } });
    },
    needsCores: true,
  },
  undrainedEdge: {
    settings: {
      server: { model: 'epoll-et', handler: 'echo', options: { drain: false } },
      connections: 20,
      clients: [{ profile: 'closed' }],
      load: { requestBytes: 100_000 },
    },
    spared: { server: { model: 'epoll-et', handler: 'echo', options: { drain: true } } },
    needsCores: true,
  },
  fdLeak: {
    settings: {
      server: { model: 'epoll-lt', forgetsToClose: true },
      connections: 20,
      clients: [{ profile: 'churn', thinkMs: 50 }],
    },
    spared: { server: { model: 'epoll-lt', forgetsToClose: false } },
    holdsOnAnyMachine: true,
  },
  selectNearLimit: {
    settings: { server: { model: 'select' }, connections: 1000, clients: [{ profile: 'idle' }] },
    spared: { connections: 500 },
    holdsOnAnyMachine: true,
  },
};

const limitMs = 30_000;

const service = new LabService();
const lab = service.live;
afterEach(() => lab.stop());

/** What is found, and the server's counters; both grow while the lab runs. */
async function watch(
  settings: LiveSettingsInput,
  live: LiveLab = lab,
): Promise<{ found: Finding[]; ticks: Counters[] }> {
  const seen = { found: [] as Finding[], ticks: [] as Counters[] };
  const end = live.frames.subscribe({
    take: (source, frame) => {
      const kind = new DataView(frame.buffer, frame.byteOffset).getUint16(4, true);
      const payload = frame.subarray(frameHeaderBytes);
      if (kind === frameKinds.finding) seen.found.push(findingSchema.parse(decodeJson(payload)));
      if (kind === frameKinds.counters && source === 'server') seen.ticks.push(decodeCounters(payload));
    },
    clear: () => {
      seen.found.splice(0);
      seen.ticks.splice(0);
    },
  });
  live.onState(({ phase }) => phase === 'idle' && end());
  await live.start(liveSettingsSchema.parse(settings));
  return seen;
}

/** So much of the server's own time: each rule has looked at every tick of it. */
const silentSeconds = 4;

async function untilWatched(ticks: readonly Counters[]): Promise<void> {
  const spanNs = (): number => (ticks.at(-1)?.timeNs ?? 0) - (ticks[0]?.timeNs ?? 0);
  while (ticks.length < 40 || spanNs() < silentSeconds * 1e9) await sleep(50);
}

/** How a figure of time is judged: where it hangs on the cores, by whether there were any. */
const judgedBy = (needsCores: boolean): ((check: () => void) => void) => (needsCores ? whenQuiet : (check) => check());

describe.each(codes)('%s', (code) => {
  const situation = situations[code];

  it('is found in a server that is driven into it', { timeout: 4 * limitMs }, (context) =>
    measured(context, async () => {
      const { found, ticks } = await watch(situation.settings);
      await situation.then?.(lab, ticks);
      const endMs = performance.now() + limitMs;
      const wanted = (): Finding | undefined => found.find((finding) => finding.code === code);
      while (!wanted() && performance.now() < endMs) await sleep(50);
      const { fault } = lab.state;
      await lab.stop();
      expect(fault).toBeUndefined();
      judgedBy(situation.needsCores === true)(() =>
        expect(wanted(), `found instead: ${found.map(({ text }) => text).join(' ')}`).toMatchObject({ code }),
      );
      expect(wanted()?.text).toMatch(/\d/);
    }),
  );

  it('is not found where that one thing is otherwise', { timeout: 4 * limitMs }, (context) =>
    measured(context, async () => {
      const { found, ticks } = await watch({ ...situation.settings, ...situation.spared });
      await untilWatched(ticks);
      const { fault } = lab.state;
      // It was really at work, or full of idle clients.
      const last = ticks.at(-1);
      await lab.stop();
      expect(fault).toBeUndefined();
      expect(last && counterOf(last, 'requests') + gaugeOf(last, 'openConnections')).toBeGreaterThan(20);
      judgedBy(situation.holdsOnAnyMachine !== true)(() =>
        expect(found.filter((finding) => finding.code === code).map(({ text }) => text)).toEqual([]),
      );
    }),
  );
});

/** Light enough to be well side by side, each in a lab of its own. */
describe.concurrent('a server that is well', { timeout: 4 * limitMs }, () => {
  const models = ['epoll-lt', 'epoll-et', 'select', 'coroutine-stackful', 'blocking-threads', 'blocking-pool'] as const;

  it.for(models)('%s: nothing is found', (model, context) =>
    measured(context, async () => {
      const live = new LabService().live;
      try {
        const clients = [{ profile: 'rate', rate: 200 } as const];
        const { found, ticks } = await watch({ server: { model }, connections: 4, clients }, live);
        await untilWatched(ticks);
        context.expect(live.state.fault).toBeUndefined();
        whenQuiet(() => context.expect(found.map(({ text }) => text)).toEqual([]));
      } finally {
        await live.stop();
      }
    }),
  );
});
