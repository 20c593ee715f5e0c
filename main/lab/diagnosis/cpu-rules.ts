/** Rules about where CPU time goes. */
import { noiseSentence } from '../../../shared/machine-noise.ts';
import { counterOf } from '../../../shared/telemetry/codec.ts';
import { count, milliseconds, percent, rounded, type Rule } from './rule.ts';

/** Of one core. */
const busyShare = 0.85;

export const clientIsTheLimit: Rule = {
  code: 'clientIsTheLimit',
  holdMs: 1000,
  look: (seen) => {
    const share = seen.cores(seen.clients) / seen.clientThreads;
    const server = seen.cores();
    // A server that is as busy as its clients may be the limit all the same.
    if (share < 0.9 || server > busyShare) return undefined;
    return {
      level: 'warning',
      text: `The clients are the bottleneck: the load engine uses ${percent(share)} of its core while the server uses ${percent(server)}, so throughput says what the clients can do, not what the server can.`,
      figures: { clientCpuShare: rounded(share), serverCores: rounded(server) },
    };
  },
};

export const coreBurnedByPolling: Rule = {
  code: 'coreBurnedByPolling',
  holdMs: 1000,
  look: (seen) => {
    const cores = seen.cores();
    const eagain = seen.grew('eagain');
    const emptyShare = seen.calls > 0 ? eagain / seen.calls : 0;
    if (cores < 0.7 || emptyShare < 0.5) return undefined;
    const perSecond = eagain / seen.server.seconds;
    return {
      level: 'warning',
      text: `Polling burns CPU: ${percent(emptyShare)} of all system calls (${count(perSecond)} a second) were answered EAGAIN, nothing there, and the server uses ${percent(cores)} of a core for ${count(seen.grew('requests') / seen.server.seconds)} requests a second.`,
      figures: {
        emptyCallShare: rounded(emptyShare),
        eagainPerSecond: rounded(perSecond),
        serverCores: rounded(cores),
      },
    };
  },
};

/** On average; and as many for each core that the server has. */
const fewestQueued = 4;

export const runQueueIsTheLatency: Rule = {
  code: 'runQueueIsTheLatency',
  holdMs: 1000,
  look: (seen) => {
    const { preempted, woken, longestUs } = seen.runQueue;
    const cores = seen.cores();
    if (preempted + woken < fewestQueued * Math.max(1, cores)) return undefined;
    const longest = longestUs > 0 ? `, for up to ${milliseconds(longestUs)}` : '';
    return {
      level: 'warning',
      text: `The run queue is the latency: on average ${rounded(preempted + woken)} threads could go on and wait for a core, ${rounded(preempted)} of them preempted, ${rounded(woken)} with bytes to read${longest}. The server has ${rounded(cores)} cores' worth of time; the p99 is ${milliseconds(seen.p99Us)}. The kernel's scheduler is the server's queue here.`,
      figures: {
        ...{ preemptedThreads: rounded(preempted), wokenThreads: rounded(woken), longestWaitUs: longestUs },
        ...{ serverCores: rounded(cores), p99Us: rounded(seen.p99Us) },
      },
    };
  },
};

/** So long a coroutine keeps its loop from all others before it is said. */
const hogTicksMs = 100;

export const coroutineNeverYields: Rule = {
  code: 'coroutineNeverYields',
  holdMs: 0,
  look: (seen) => {
    if (!seen.model.startsWith('coroutine')) return undefined;
    const now = seen.server.last;
    const before = seen.server.all.findLast((frame) => now && now.timeNs - frame.timeNs >= hogTicksMs * 1e6);
    if (!now || !before) return undefined;
    const grew = (name: Parameters<typeof counterOf>[1]): number => counterOf(now, name) - counterOf(before, name);
    const spanNs = now.timeNs - before.timeNs;
    const cpuNs = grew('cpuUserNs') + grew('cpuSystemNs');
    if (grew('coroutineSwitches') > 2 || cpuNs < 0.8 * spanNs) return undefined;
    return {
      level: 'warning',
      text: `A coroutine does not yield: for ${Math.round(spanNs / 1e6)} ms one kept the thread busy (${percent(cpuNs / spanNs)} of a core) with no switch to another, so all other connections waited. Cooperative code has to give way by itself.`,
      figures: {
        spanMs: rounded(spanNs / 1e6),
        cpuShare: rounded(cpuNs / spanNs),
        switches: grew('coroutineSwitches'),
      },
    };
  },
};

export const machineBusy: Rule = {
  code: 'machineBusy',
  holdMs: 2000,
  look: ({ noise }) => {
    if (noise === undefined) return undefined;
    const text = noiseSentence(noise);
    if (text === undefined) return undefined;
    const { othersShare, stealShare, readyShare, throttledPeriods } = noise;
    return {
      level: 'warning',
      text,
      figures: {
        ...{ othersShare: rounded(othersShare), stealShare: rounded(stealShare) },
        ...(readyShare === null ? {} : { readyShare: rounded(readyShare) }),
        ...(throttledPeriods === null ? {} : { throttledPeriods }),
      },
    };
  },
};
