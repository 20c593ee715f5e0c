/** What other programs, the host and a quota took from a run: differences of what the kernel sums up. */
import { readdirSync } from 'node:fs';
import type { MachineNoise } from '../../shared/machine-noise.ts';
import { allowedCpus, parseCpuList } from './cores.ts';
import { readProc, type ReadText } from './doctor-facts.ts';

/** USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10;

/** Milliseconds since boot of some CPUs, stolen time apart. */
export function cpuTimes(stat: string | undefined, cpus: readonly number[]): { busyMs: number; stealMs: number } {
  let busyMs = 0;
  let stealMs = 0;
  for (const line of (stat ?? '').split('\n')) {
    const [name = '', ...fields] = line.split(/\s+/);
    const cpu = /^cpu(\d+)$/.exec(name)?.[1];
    if (cpu === undefined || !cpus.includes(Number(cpu))) continue;
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields.map(Number);
    busyMs += (user + nice + system + irq + softirq) * tickMs;
    stealMs += steal * tickMs;
  }
  return { busyMs, stealMs };
}

/** CPU time of a process, with its children that have ended, in ms; 0 where it has gone. */
export function processMs(stat: string | undefined): number {
  // The name, in brackets, may hold spaces: the fields are counted from behind it. Times are the 14th to 17th.
  const fields = (stat ?? '').replace(/^.*\) /s, '').split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + (Number(ticks) || 0) * tickMs, 0);
}

/** The quota's account of this process's cgroup, version 2 or 1; undefined where there is none, or nothing is limited. */
export function throttling(read: ReadText): { periods: number; ms: number } | undefined {
  const groups = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  for (const [, controllers = '', path = '/'] of groups) {
    const isV2 = controllers === '';
    if (!isV2 && !controllers.split(',').includes('cpu')) continue;
    for (const folder of isV2 ? ['/sys/fs/cgroup'] : ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct']) {
      const text = read(`${folder}${path === '/' ? '' : path}/cpu.stat`) ?? read(`${folder}/cpu.stat`);
      const number = (key: string): number | undefined => {
        const found = new RegExp(`^${key} (\\d+)`, 'm').exec(text ?? '')?.[1];
        return found === undefined ? undefined : Number(found);
      };
      const periods = number('nr_throttled');
      if (periods === undefined || (number('nr_periods') ?? 0) === 0) continue;
      return { periods, ms: isV2 ? (number('throttled_usec') ?? 0) / 1000 : (number('throttled_time') ?? 0) / 1e6 };
    }
  }
  return undefined;
}

interface Reading {
  readonly atMs: number;
  readonly busyMs: number;
  readonly stealMs: number;
  readonly pressureMs: number | undefined;
  readonly throttled: { periods: number; ms: number } | undefined;
  readonly ownMs: number;
  /** By thread of the server: time on a core, and ready without one, in ns. */
  readonly threads: ReadonlyMap<string, readonly [number, number]>;
}

/** With more threads than this, as many are looked at: a look takes some 10 µs. */
const mostThreads = 500;
/** A server with more threads than this serves with them and forks nobody. */
const mostForkers = 16;

function threadTimes(pid: number, read: ReadText): Map<string, readonly [number, number]> {
  const times = new Map<string, readonly [number, number]>();
  let tids: string[];
  try {
    tids = readdirSync(`/proc/${pid}/task`).slice(0, mostThreads);
  } catch {
    return times; // it has just ended
  }
  for (const tid of tids) {
    const [onCpu, ready] = (read(`/proc/${pid}/task/${tid}/schedstat`) ?? '').split(' ').map(Number);
    if (onCpu !== undefined && ready !== undefined) times.set(tid, [onCpu, ready]);
  }
  return times;
}

export interface WatchedProcesses {
  readonly serverPid: number;
  /** Those of the lab that work for the run: the clients, an upstream. */
  readonly otherPids: readonly number[];
  /** A CPU list; empty: wherever the kernel likes. */
  readonly serverCpus: string;
}

export class NoiseWatch {
  readonly #watched: () => WatchedProcesses | undefined;
  readonly #read: ReadText;
  #last: Reading | undefined;

  constructor(watched: () => WatchedProcesses | undefined, read: ReadText = readProc) {
    this.#watched = watched;
    this.#read = read;
    this.restart();
  }

  restart(): void {
    const watched = this.#watched();
    this.#last = watched && this.#now(watched);
  }

  get ageMs(): number {
    return this.#last ? performance.now() - this.#last.atMs : Number.POSITIVE_INFINITY;
  }

  /** Since the last time, or undefined where there is nothing to compare with. */
  take(): MachineNoise | undefined {
    const watched = this.#watched();
    const from = this.#last;
    const to = watched && this.#now(watched);
    this.#last = to;
    if (!watched || !from || !to || to.atMs <= from.atMs) return undefined;
    const tookMs = to.atMs - from.atMs;
    const cores = this.#cpusOf(watched).length;
    let onCpuNs = 0;
    let readyNs = 0;
    for (const [tid, [onCpu, ready]] of to.threads) {
      const before = from.threads.get(tid) ?? [0, 0];
      onCpuNs += Math.max(0, onCpu - before[0]);
      readyNs += Math.max(0, ready - before[1]);
    }
    const others = to.busyMs - from.busyMs - (to.ownMs - from.ownMs);
    const difference = (a: number | undefined, b: number | undefined): number | null =>
      a === undefined || b === undefined ? null : Math.max(0, b - a);
    const pressureMs = difference(from.pressureMs, to.pressureMs);
    return {
      seconds: tookMs / 1000,
      othersShare: Math.max(0, others) / tookMs / cores,
      stealShare: Math.max(0, to.stealMs - from.stealMs) / tookMs / cores,
      readyShare: onCpuNs + readyNs > 0 ? readyNs / (onCpuNs + readyNs) : null,
      pressureShare: pressureMs === null ? null : Math.min(1, pressureMs / tookMs),
      throttledPeriods: difference(from.throttled?.periods, to.throttled?.periods),
      throttledMs: difference(from.throttled?.ms, to.throttled?.ms),
    };
  }

  #cpusOf({ serverCpus }: WatchedProcesses): number[] {
    return serverCpus === '' ? allowedCpus() : parseCpuList(serverCpus);
  }

  #now(watched: WatchedProcesses): Reading {
    const read = this.#read;
    const pressure = /^some .*total=(\d+)/m.exec(read('/proc/pressure/cpu') ?? '')?.[1];
    const threads = threadTimes(watched.serverPid, read);
    // What a server of processes has forked is its own; a child is listed at the thread that made it.
    const tids = threads.size > mostForkers ? [] : [...threads.keys()];
    const children = tids.flatMap((tid) =>
      (read(`/proc/${watched.serverPid}/task/${tid}/children`) ?? '').trim().split(' ').filter(Boolean).map(Number),
    );
    // Pinned apart, the clients take nothing from the server's CPUs. The lab itself runs where it likes and reads what the
    // server tells: it is no neighbour that a quieter machine would be without.
    const lab = [process.pid, ...(watched.serverCpus === '' ? watched.otherPids : [])];
    const own = [watched.serverPid, ...children, ...lab];
    return {
      ...cpuTimes(read('/proc/stat'), this.#cpusOf(watched)),
      atMs: performance.now(),
      pressureMs: pressure === undefined ? undefined : Number(pressure) / 1000,
      throttled: throttling(read),
      ownMs: own.reduce((sum, pid) => sum + processMs(read(`/proc/${pid}/stat`)), 0),
      threads,
    };
  }
}
