/** Every diagnosis rule: frames that must trigger it, and frames like them that must not. */
import { describe, expect, it } from 'vitest';
import { rules, Diagnosis } from '../../main/lab/diagnosis/diagnosis.ts';
import { findingCodes, type Finding } from '../../shared/findings.ts';
import {
  counterEntry,
  encodeCounters,
  encodeFdStates,
  encodeJson,
  encodeThreads,
  encodeThreadStarted,
  firstSyscallEntry,
} from '../../shared/telemetry/codec.ts';
import {
  counterNames,
  fdFlags,
  frameHeaderBytes,
  frameIntervalMs,
  frameKinds,
  gaugeNames,
  syscallNames,
  tcpStates,
  type CounterName,
  type GaugeName,
  type SyscallName,
} from '../../shared/telemetry/wire.ts';

const tickNs = frameIntervalMs * 1e6;

/** Growth a second, by name. */
interface Rates {
  readonly counters?: Partial<Record<CounterName, number>>;
  readonly syscalls?: Partial<Record<SyscallName, number>>;
  /** Values, and how much they rise a second. */
  readonly gauges?: Partial<Record<GaugeName, number>>;
  readonly gaugesRise?: Partial<Record<GaugeName, number>>;
}

interface Socket {
  readonly connectionId: number;
  readonly fd?: number;
  readonly flags?: number;
  readonly waitingUs?: number;
  readonly receiveQueueBytes?: number;
  readonly bytesIn?: number;
  readonly tcpState?: (typeof tcpStates)[number];
}

interface Situation {
  readonly model: string;
  readonly server: Rates;
  readonly clients?: Rates;
  readonly sockets?: readonly Socket[];
  /** So many threads of the server, and what each of them does. */
  readonly threads?: { readonly count: number; readonly each: Rates };
  readonly seconds?: number;
  /** Of every so many ticks only the first comes, as on a machine whose cores are all taken. */
  readonly comesEvery?: number;
}

function countersFrame(timeNs: number, seconds: number, rates: Rates): Uint8Array {
  const grown = (names: readonly string[], values: Partial<Record<string, number>> = {}): Float64Array =>
    Float64Array.from(names, (name) => Math.round((values[name] ?? 0) * seconds));
  const gauges = Float64Array.from(
    gaugeNames,
    (name) => (rates.gauges?.[name] ?? 0) + Math.round((rates.gaugesRise?.[name] ?? 0) * seconds),
  );
  return encodeCounters({
    ...{ timeNs, sequence: 0, snapshotId: 0, gauges, stepHits: new Float64Array(0), stepNs: new Float64Array(0) },
    counters: grown(counterNames, rates.counters),
    syscalls: grown(syscallNames, rates.syscalls),
  });
}

/** As one thread's part of a `threads` frame. */
function threadValues(rates: Rates, seconds: number): { indexes: Uint16Array; values: Float64Array } {
  const rows = [
    ...counterNames.map((name) => [counterEntry(name), rates.counters?.[name]] as const),
    ...syscallNames.map((name, i) => [firstSyscallEntry + i, rates.syscalls?.[name]] as const),
  ].filter(([, rate]) => rate !== undefined);
  return {
    indexes: Uint16Array.from(rows.map(([entry]) => entry)),
    values: Float64Array.from(rows.map(([, rate]) => Math.round((rate ?? 0) * seconds))),
  };
}

/** Findings of a lab in which everything goes on as described. */
function findingsIn(situation: Situation): Finding[] {
  const { model, server, clients = {}, sockets = [], threads, seconds = 3, comesEvery = 1 } = situation;
  const diagnosis = new Diagnosis();
  const found: Finding[] = [];
  const take = (source: 'server' | 'clients', frame: Uint8Array): void => {
    const kind = new DataView(frame.buffer).getUint16(4, true);
    found.push(...diagnosis.take(source, kind, frame.subarray(frameHeaderBytes)));
  };
  take('server', encodeJson(frameKinds.model, { timeNs: 0, model, sourceFile: '', steps: [] }));
  take('clients', encodeThreadStarted({ threadId: 1, tid: 1, name: 'client 1' }));
  const threadCount = threads?.count ?? 0;
  for (let id = 1; id <= threadCount; id++) {
    take('server', encodeThreadStarted({ threadId: id, tid: id, name: `worker ${id}` }));
  }
  for (let tick = 0; tick * tickNs <= seconds * 1e9; tick += comesEvery) {
    const timeNs = tick * tickNs;
    const elapsed = timeNs / 1e9;
    take('clients', countersFrame(timeNs, elapsed, clients));
    if (sockets.length > 0) {
      const column = (of: (socket: Socket) => number): number[] => sockets.map(of);
      take(
        'server',
        encodeFdStates({
          ...{ timeNs, count: sockets.length },
          connectionIds: Uint32Array.from(column(({ connectionId }) => connectionId)),
          fds: Int32Array.from(column(({ fd, connectionId }) => fd ?? connectionId + 5)),
          flags: Uint16Array.from(column(({ flags }) => flags ?? 0)),
          roles: new Uint8Array(sockets.length).fill(1),
          tcpStates: Uint8Array.from(column(({ tcpState }) => tcpStates.indexOf(tcpState ?? 'ESTABLISHED'))),
          receiveQueueBytes: Uint32Array.from(column(({ receiveQueueBytes }) => receiveQueueBytes ?? 0)),
          sendQueueBytes: new Uint32Array(sockets.length),
          waitingUs: Uint32Array.from(column(({ waitingUs }) => waitingUs ?? 0)),
          bytesIn: Uint32Array.from(sockets, ({ bytesIn }) => bytesIn ?? 0),
          bytesOut: new Uint32Array(sockets.length),
        }),
      );
    }
    const values = threadValues(threads?.each ?? {}, elapsed);
    take(
      'server',
      encodeThreads({
        timeNs,
        threads: Array.from({ length: threadCount }, (_, i) => ({ threadId: i + 1, hasEnded: false, ...values })),
      }),
    );
    take('server', countersFrame(timeNs, elapsed, server));
  }
  return found;
}

/** CPU time that this many cores give in a second, half of it in the kernel. */
const cores = (count: number): Partial<Record<CounterName, number>> => ({
  cpuUserNs: count * 5e8,
  cpuSystemNs: count * 5e8,
});

const { waiting, blocked } = fdFlags;
const socketsOf = (count: number, each: Omit<Socket, 'connectionId'>): Socket[] =>
  Array.from({ length: count }, (_, i) => ({ connectionId: i + 1, ...each }));
const oneOfMany = (odd: Omit<Socket, 'connectionId'>): Socket[] => [...socketsOf(20, {}), { connectionId: 99, ...odd }];

const busyLoop: Rates = { counters: { ...cores(0.6), requests: 30_000 }, syscalls: { read: 30_000, write: 30_000 } };
const clientsAtEase: Rates = { counters: cores(0.5) };

/** What must trigger each rule, and the nearest thing that must not. */
/** What others take from the machine is in no frame of the server's: machine-noise.test.ts has that rule. */
type Code = Exclude<(typeof findingCodes)[number], 'machineBusy'>;
const codes = findingCodes.filter((code): code is Code => code !== 'machineBusy');

const cases: Record<Code, { triggers: Situation; spares: Situation }> = {
  clientIsTheLimit: {
    triggers: { model: 'epoll-lt', server: busyLoop, clients: { counters: cores(0.98) } },
    spares: {
      model: 'epoll-lt',
      server: { ...busyLoop, counters: { ...busyLoop.counters, ...cores(0.99) } },
      clients: { counters: cores(0.98) },
    },
  },
  coreBurnedByPolling: {
    triggers: {
      model: 'polling-scan',
      server: { counters: { ...cores(1), eagain: 900_000, requests: 200 }, syscalls: { read: 901_000 } },
    },
    spares: {
      model: 'epoll-et',
      server: { ...busyLoop, counters: { ...cores(0.95), eagain: 20_000, requests: 30_000 } },
    },
  },
  runQueueIsTheLatency: {
    triggers: {
      model: 'blocking-threads',
      // Of 40 threads one runs, 9 have been preempted and 30 sleep.
      server: { counters: { ...cores(0.98), requests: 900, onCpuNs: 1e9, preemptedNs: 9e9, blockedNs: 30e9 } },
      threads: { count: 40, each: { counters: { onCpuNs: 25e6, preemptedNs: 225e6, blockedNs: 750e6 } } },
    },
    // As many sockets wait, for a loop that has a core.
    spares: {
      model: 'epoll-lt',
      server: { counters: { ...cores(0.98), requests: 900, onCpuNs: 1e9, preemptedNs: 5e7, blockedNs: 0 } },
      threads: { count: 1, each: { counters: { onCpuNs: 95e7, preemptedNs: 5e7 } } },
      sockets: socketsOf(40, { flags: waiting, waitingUs: 20_000 }),
    },
  },
  coroutineNeverYields: {
    triggers: { model: 'coroutine-stackful', server: { counters: { ...cores(1), coroutineSwitches: 8, requests: 4 } } },
    spares: {
      model: 'coroutine-stackful',
      server: { counters: { ...cores(1), coroutineSwitches: 60_000, requests: 30_000 } },
    },
  },
  thunderingHerd: {
    triggers: {
      model: 'epoll-shared',
      server: { counters: { ...cores(0.5), accepts: 100 } },
      // Each sleeps for each client that comes, and its wait returns for every eighth, to ask and for a request.
      threads: {
        count: 8,
        each: {
          counters: { accepts: 12, voluntarySwitches: 112 },
          syscalls: { accept4: 12, epoll_wait: 24 },
        },
      },
    },
    // Threads that share a table sleep for its lock now and then.
    spares: {
      model: 'epoll-shared',
      server: { counters: { ...cores(0.5), accepts: 100 } },
      threads: {
        count: 8,
        each: {
          counters: { accepts: 12, voluntarySwitches: 33 },
          syscalls: { accept4: 22, epoll_wait: 24 },
        },
      },
    },
  },
  acceptQueueOverflow: {
    triggers: {
      model: 'blocking-iterative',
      server: { gauges: { acceptQueue: 17, acceptBacklog: 16 }, gaugesRise: { listenOverflows: 40 } },
    },
    spares: {
      model: 'blocking-iterative',
      server: { gauges: { acceptQueue: 16, acceptBacklog: 16, listenOverflows: 123 } },
    },
  },
  fdStarves: {
    triggers: {
      model: 'epoll-lt',
      server: busyLoop,
      sockets: oneOfMany({ flags: waiting, waitingUs: 400_000, receiveQueueBytes: 60 }),
    },
    spares: { model: 'epoll-lt', server: busyLoop, sockets: oneOfMany({ flags: waiting, waitingUs: 2000 }) },
  },
  undrainedEdge: {
    triggers: {
      model: 'epoll-et',
      server: { counters: { ...cores(0.02), requests: 100 } },
      sockets: oneOfMany({ flags: waiting, waitingUs: 2_000_000, receiveQueueBytes: 4000 }),
    },
    spares: {
      model: 'epoll-et',
      server: { counters: { ...cores(0.02), requests: 100 } },
      sockets: oneOfMany({ flags: 0, receiveQueueBytes: 0 }),
    },
  },
  fdLeak: {
    triggers: {
      model: 'epoll-lt',
      server: { counters: cores(0.1), gauges: { openFds: 60 } },
      sockets: socketsOf(40, { tcpState: 'CLOSE_WAIT' }),
    },
    spares: {
      model: 'epoll-lt',
      server: { counters: cores(0.1), gauges: { openFds: 60 } },
      // Forty have closed their half and wait for their reply.
      sockets: socketsOf(49, { tcpState: 'CLOSE_WAIT' }).map((socket, i) =>
        i < 40 ? { ...socket, bytesIn: 60 } : socket,
      ),
    },
  },
  selectNearLimit: {
    triggers: { model: 'select', server: busyLoop, sockets: [{ connectionId: 1, fd: 990 }] },
    spares: { model: 'poll', server: busyLoop, sockets: [{ connectionId: 1, fd: 990 }] },
  },
};

const codesIn = (situation: Situation): string[] =>
  findingsIn({ clients: clientsAtEase, ...situation }).map(({ code }) => code);

describe.each(codes)('the rule %s', (code) => {
  it('speaks once while its situation lasts, with its figures in the sentence', () => {
    const findings = findingsIn({ clients: clientsAtEase, ...cases[code].triggers });
    expect(findings.map((finding) => finding.code)).toEqual([code]);
    const [finding] = findings;
    expect(finding?.text).toMatch(/\d/);
    expect(Object.values(finding?.figures ?? {}).every(Number.isFinite)).toBe(true);
    expect(finding?.model).toBe(cases[code].triggers.model);
    expect(finding?.timeNs).toBeGreaterThanOrEqual(finding?.sinceNs ?? Infinity);
  });

  it('is silent where only its neighbourhood holds', () => {
    expect(codesIn(cases[code].spares)).not.toContain(code);
  });
});

describe('the run queue', () => {
  it('is also seen where switches are not recorded: threads asleep on sockets that have bytes', () => {
    const server = { counters: { ...cores(0.98), requests: 900 } };
    const threads = { count: 40, each: { counters: { voluntarySwitches: 20 } } };
    const situation = { model: 'blocking-threads', server, threads };
    const asleep = (flags: number): Socket[] => socketsOf(40, { flags, waitingUs: 20_000 });
    expect(codesIn({ ...situation, sockets: asleep(waiting | blocked) })).toEqual(['runQueueIsTheLatency']);
    expect(codesIn({ ...situation, sockets: asleep(blocked) })).toEqual([]);
  });
});

describe('the thundering herd', () => {
  const accepting = (each: Rates): Situation => ({
    ...{ model: 'epoll-shared', server: { counters: { ...cores(0.5), accepts: 100 } } },
    threads: { count: 8, each },
  });

  it('is also seen where the threads come so fast that the kernel lets them look', () => {
    const each = {
      counters: { accepts: 12, voluntarySwitches: 100 },
      syscalls: { accept4: 100, epoll_wait: 112 },
    };
    expect(codesIn(accepting(each))).toEqual(['thunderingHerd']);
  });

  it('is none where threads poll accept4 or sleep in it', () => {
    const polls = { counters: { accepts: 12, voluntarySwitches: 12 }, syscalls: { accept4: 9000 } };
    expect(codesIn(accepting(polls))).toEqual([]);
    const sleeps = { counters: { accepts: 12, voluntarySwitches: 90 }, syscalls: { accept4: 12, read: 24 } };
    expect(codesIn(accepting(sleeps))).toEqual([]);
  });
});

describe('a starved socket', () => {
  it('is none where no tick tells that others were served meanwhile: the server may have had no core', () => {
    const waitingFor = (waitingUs: number): Socket[] =>
      socketsOf(50, {}).map((socket, i) => (i < 20 ? { ...socket, flags: waiting, waitingUs } : socket));
    const late = { model: 'epoll-lt', server: busyLoop, comesEvery: 7 };
    expect(codesIn({ ...late, sockets: waitingFor(330_000) })).toEqual([]);
    expect(codesIn({ ...late, sockets: waitingFor(800_000) })).toEqual(['fdStarves']);
  });
});

describe('the accept queue', () => {
  it('has not overflowed where there was room: a listener drops resets of closed connections too', () => {
    const server = { gauges: { acceptQueue: 0, acceptBacklog: 4096 }, gaugesRise: { listenOverflows: 40 } };
    expect(codesIn({ model: 'blocking-threads', server })).toEqual([]);
  });
});

describe('the diagnosis', () => {
  it('has a rule for every code', () => {
    expect(rules.map(({ code }) => code).sort()).toEqual([...findingCodes].sort());
  });

  it('finds nothing in a healthy lab', () => {
    const healthy = { model: 'epoll-lt', server: busyLoop, clients: clientsAtEase, sockets: socketsOf(50, {}) };
    expect(findingsIn(healthy)).toEqual([]);
  });
});
