/** Every diagnosis rule on real engines: a server that is driven into the situation, and one that is well. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import { LabService } from '../../main/lab/lab-service.ts';
import type { LiveLab } from '../../main/lab/live/live-lab.ts';
import { liveSettingsSchema, type LiveSettingsInput } from '../../shared/contract/live.ts';
import { findingCodes, findingSchema, type Finding } from '../../shared/findings.ts';
import { counterOf, decodeCounters, decodeJson, gaugeOf, type Counters } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { othersWatch } from '../support/machine-share.ts';

type Code = (typeof findingCodes)[number];

interface Situation {
  readonly settings: LiveSettingsInput;
  /** What differs where the rule must stay silent, though all else is alike. */
  readonly spared: Partial<LiveSettingsInput>;
  /** What is done once the clients run. */
  readonly then?: (lab: LiveLab, ticks: readonly Counters[]) => Promise<unknown>;
  /** The finding must name a CPU share, which a machine that is busy with other things may not have to give. */
  readonly needsCores?: true;
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
  },
  selectNearLimit: {
    settings: { server: { model: 'select' }, connections: 1000, clients: [{ profile: 'idle' }] },
    spared: { connections: 500 },
  },
};

const limitMs = 30_000;
/** Cores' worth of other programs beyond which the engines cannot have a core each. */
const busyCores = 0.2;

const service = new LabService();
const lab = service.live;
afterEach(() => lab.stop());

/** What is found, and the server's counters; both grow while the lab runs. */
async function watch(settings: LiveSettingsInput): Promise<{ found: Finding[]; ticks: Counters[] }> {
  const seen = { found: [] as Finding[], ticks: [] as Counters[] };
  const end = lab.frames.subscribe({
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
  lab.onState(({ phase }) => phase === 'idle' && end());
  await lab.start(liveSettingsSchema.parse(settings));
  return seen;
}

/** So much of the server's own time: each rule has looked at every tick of it. */
const silentSeconds = 4;

async function untilWatched(ticks: readonly Counters[]): Promise<void> {
  const spanNs = (): number => (ticks.at(-1)?.timeNs ?? 0) - (ticks[0]?.timeNs ?? 0);
  while (ticks.length < 40 || spanNs() < silentSeconds * 1e9) await sleep(50);
}

const enginePids = (): number[] => [lab.state.serverPid, lab.state.clientsPid].filter((pid) => pid !== undefined);

/** Says that a machine had no cores to give, where that is so; a rule that stays silent on a quiet one is a failure. */
function skipIfBusy(context: TestContext, others: number): void {
  if (others > busyCores) context.skip(`other programs had ${others.toFixed(1)} cores, and the engines too little`);
}

describe.each(findingCodes)('%s', (code) => {
  const situation = situations[code];

  it('is found in a server that is driven into it', { timeout: limitMs + 20_000 }, async (context) => {
    const { found, ticks } = await watch(situation.settings);
    await situation.then?.(lab, ticks);
    const others = othersWatch(enginePids);
    const endMs = performance.now() + limitMs;
    const wanted = (): Finding | undefined => found.find((finding) => finding.code === code);
    while (!wanted() && performance.now() < endMs) await sleep(50);
    if (!wanted() && situation.needsCores) skipIfBusy(context, others());
    expect(wanted(), `found instead: ${found.map(({ text }) => text).join(' ')}`).toMatchObject({ code });
    expect(wanted()?.text).toMatch(/\d/);
    expect(lab.state.fault).toBeUndefined();
  });

  it('is not found where that one thing is otherwise', { timeout: 60_000 }, async () => {
    const { found, ticks } = await watch({ ...situation.settings, ...situation.spared });
    await untilWatched(ticks);
    expect(found.filter((finding) => finding.code === code).map(({ text }) => text)).toEqual([]);
    // It was really at work, or full of idle clients.
    const last = ticks.at(-1);
    expect(last && counterOf(last, 'requests') + gaugeOf(last, 'openConnections')).toBeGreaterThan(20);
    expect(lab.state.fault).toBeUndefined();
  });
});

describe('a server that is well', () => {
  it.each(['epoll-lt', 'epoll-et', 'select', 'coroutine-stackful', 'blocking-threads', 'blocking-pool'] as const)(
    '%s: nothing is found',
    async (model) => {
      const clients = [{ profile: 'rate', rate: 200 } as const];
      const { found, ticks } = await watch({ server: { model }, connections: 4, clients });
      await untilWatched(ticks);
      expect(found.map(({ text }) => text)).toEqual([]);
    },
  );
});
