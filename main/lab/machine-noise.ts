/** What other programs, the host and a quota took from a run: differences of what the kernel sums up. */
import { readdirSync } from 'node:fs';
import type { MachineNoise } from '../../shared/machine-noise.ts';
import { allowedCpus, parseCpuList } from './cores.ts';
import { readProc, type ReadText } from './doctor-facts.ts';

/** USER_HZ is 100 on every Linux that Node runs on. */
const tickMs = 10;

/** Milliseconds since boot of some CPUs, stolen time apart, and how many threads of the machine could run just now. */
export function cpuTimes(
  stat: string | undefined,
  cpus: readonly number[],
): { busyMs: number; stealMs: number; runnable: number } {
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
  return { busyMs, stealMs, runnable: Number(/^procs_running (\d+)/m.exec(stat ?? '')?.[1] ?? 0) };
}

/** CPU time of a process in ms, with its children that have ended; 0 where it has gone. */
export function processMs(stat: string | undefined, hasEndedChildren = true): number {
  // The name, in brackets, may hold spaces: the fields are counted from behind it. Times are the 14th to 17th.
  const fields = (stat ?? '').replace(/^.*\) /s, '').split(' ');
  return fields.slice(11, hasEndedChildren ? 15 : 13).reduce((sum, ticks) => sum + (Number(ticks) || 0) * tickMs, 0);
}

/** A group and those that it lies in: a quota on any of them holds its threads back. */
const withParents = (path: string): string[] => {
  const parts = path.split('/').filter(Boolean);
  return parts.map((_, i) => `/${parts.slice(0, parts.length - i).join('/')}`).concat('');
};

/**
 * The quota's account of a process's cgroup and of all that it lies in, version 2 or 1; undefined where there is none, or
 * nothing is limited. Each group counts what its own quota held back.
 */
export function throttling(read: ReadText, pid: number | 'self' = 'self'): { periods: number; ms: number } | undefined {
  const groups = (read(`/proc/${pid}/cgroup`) ?? '').split('\n').map((line) => line.split(':'));
  for (const [, controllers = '', path = '/'] of groups) {
    const isV2 = controllers === '';
    if (!isV2 && !controllers.split(',').includes('cpu')) continue;
    for (const folder of isV2 ? ['/sys/fs/cgroup'] : ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct']) {
      let found: { periods: number; ms: number } | undefined;
      for (const group of withParents(path)) {
        const text = read(`${folder}${group}/cpu.stat`);
        const number = (key: string): number => Number(new RegExp(`^${key} (\\d+)`, 'm').exec(text ?? '')?.[1] ?? 0);
        if (number('nr_periods') === 0) continue;
        const ms = isV2 ? number('throttled_usec') / 1000 : number('throttled_time') / 1e6;
        found = { periods: (found?.periods ?? 0) + number('nr_throttled'), ms: (found?.ms ?? 0) + ms };
      }
      if (found) return found;
    }
  }
  return undefined;
}

/** Cores that the groups of a process allow, the fewest of them; undefined where none limits it. Source: cpu.max, cpu.cfs_*. */
export function cpuQuota(read: ReadText, pid: number | 'self' = 'self'): number | undefined {
  const groups = (read(`/proc/${pid}/cgroup`) ?? '').split('\n').map((line) => line.split(':'));
  const quotas = groups.flatMap(([, controllers = '', path = '/']) =>
    withParents(path).flatMap((group) => {
      if (controllers === '') return (read(`/sys/fs/cgroup${group}/cpu.max`) ?? '').split(' ').map(Number).join(' ');
      if (!controllers.split(',').includes('cpu')) return [];
      const folder = `/sys/fs/cgroup/cpu${group}`;
      return `${read(`${folder}/cpu.cfs_quota_us`) ?? ''} ${read(`${folder}/cpu.cfs_period_us`) ?? ''}`;
    }),
  );
  const cores = quotas
    .map((text) => text.trim().split(/\s+/).map(Number))
    .flatMap(([quota = 0, period = 0]) => (quota > 0 && period > 0 ? [quota / period] : []));
  return cores.length === 0 ? undefined : Math.min(...cores);
}

/** Lists a folder of /proc; empty where it has just gone. */
export type ListNames = (folder: string) => readonly string[];

const listProc: ListNames = (folder) => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

interface Reading {
  readonly serverPid: number;
  readonly atMs: number;
  readonly busyMs: number;
  readonly stealMs: number;
  readonly runnable: number;
  readonly pressureMs: number | undefined;
  readonly throttled: { periods: number; ms: number } | undefined;
  readonly serverMs: number;
  /** Of each process of the lab that may run where the server does. */
  readonly labMs: ReadonlyMap<number, number>;
  /** By thread of the server: time on a core, and ready without one, in ns. */
  readonly threads: ReadonlyMap<string, readonly [number, number]>;
}

/** With more threads than this, as many are looked at: a look takes some 10 µs. */
const mostThreads = 500;
/** A process with more threads than this works with them and forks nobody. */
const mostForkers = 32;
const mostProcesses = 300;

export interface WatchedProcesses {
  readonly serverPid: number;
  /** Engines of the lab that work for the run: the clients, an upstream, whoever watches. */
  readonly otherPids: readonly number[];
  /** A CPU list; empty: wherever the kernel likes. */
  readonly serverCpus: string;
}

export class NoiseWatch {
  readonly #watched: () => WatchedProcesses | undefined;
  readonly #read: ReadText;
  readonly #list: ListNames;
  #last: Reading | undefined;

  constructor(watched: () => WatchedProcesses | undefined, read: ReadText = readProc, list: ListNames = listProc) {
    this.#watched = watched;
    this.#read = read;
    this.#list = list;
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
    if (!watched || !from || !to || to.atMs <= from.atMs || to.serverPid !== from.serverPid) return undefined;
    const tookMs = to.atMs - from.atMs;
    const coresMs = tookMs * this.#cpusOf(watched).length;
    let onCpuNs = 0;
    let readyNs = 0;
    for (const [tid, [onCpu, ready]] of to.threads) {
      const before = from.threads.get(tid) ?? [0, 0];
      onCpuNs += Math.max(0, onCpu - before[0]);
      readyNs += Math.max(0, ready - before[1]);
    }
    let labMs = 0;
    for (const [pid, ms] of to.labMs) labMs += Math.max(0, ms - (from.labMs.get(pid) ?? ms));
    const others = to.busyMs - from.busyMs - (to.serverMs - from.serverMs) - labMs;
    const difference = (a: number | undefined, b: number | undefined): number | null =>
      a === undefined || b === undefined ? null : Math.max(0, b - a);
    const pressureMs = difference(from.pressureMs, to.pressureMs);
    return {
      seconds: tookMs / 1000,
      othersShare: Math.max(0, others) / coresMs,
      labShare: labMs / coresMs,
      stealShare: Math.max(0, to.stealMs - from.stealMs) / coresMs,
      runnable: to.runnable,
      readyShare: onCpuNs + readyNs > 0 ? readyNs / (onCpuNs + readyNs) : null,
      pressureShare: pressureMs === null ? null : Math.min(1, pressureMs / tookMs),
      throttledPeriods: difference(from.throttled?.periods, to.throttled?.periods),
      throttledMs: difference(from.throttled?.ms, to.throttled?.ms),
    };
  }

  #cpusOf({ serverCpus }: WatchedProcesses): number[] {
    return serverCpus === '' ? allowedCpus() : parseCpuList(serverCpus);
  }

  /** A process and what descends from it, without some. A child is listed at the thread that made it. */
  #family(pid: number, without: ReadonlySet<number>): number[] {
    const found = [pid];
    for (let i = 0; i < found.length && found.length < mostProcesses; i++) {
      const folder = `/proc/${found[i] ?? pid}/task`;
      const tids = this.#list(folder);
      for (const tid of tids.length > mostForkers ? tids.slice(0, 1) : tids) {
        const children = (this.#read(`${folder}/${tid}/children`) ?? '').trim().split(' ').filter(Boolean).map(Number);
        found.push(...children.filter((child) => !without.has(child) && !found.includes(child)));
      }
    }
    return found;
  }

  #threadTimes(pids: readonly number[]): Map<string, readonly [number, number]> {
    const times = new Map<string, readonly [number, number]>();
    for (const pid of pids) {
      for (const tid of this.#list(`/proc/${pid}/task`).slice(0, mostThreads - times.size)) {
        const [onCpu, ready] = (this.#read(`/proc/${pid}/task/${tid}/schedstat`) ?? '').split(' ').map(Number);
        if (onCpu !== undefined && ready !== undefined) times.set(tid, [onCpu, ready]);
      }
    }
    return times;
  }

  #now(watched: WatchedProcesses): Reading {
    const read = this.#read;
    const pressure = /^some .*total=(\d+)/m.exec(read('/proc/pressure/cpu') ?? '')?.[1];
    const server = this.#family(watched.serverPid, new Set([process.pid]));
    // Pinned apart, the engines take nothing from the server's CPUs. The lab itself and its windows run where they like
    // and show what the server tells: they are no neighbours.
    const isPinned = watched.serverCpus !== '';
    const apart = new Set([...server, ...(isPinned ? watched.otherPids : [])]);
    const lab = [...this.#family(process.pid, apart), ...(isPinned ? [] : watched.otherPids)];
    const timeOf = (pid: number, hasEndedChildren: boolean): number =>
      processMs(read(`/proc/${pid}/stat`), hasEndedChildren);
    return {
      ...cpuTimes(read('/proc/stat'), this.#cpusOf(watched)),
      serverPid: watched.serverPid,
      atMs: performance.now(),
      pressureMs: pressure === undefined ? undefined : Number(pressure) / 1000,
      throttled: throttling(read, watched.serverPid),
      serverMs: server.reduce((sum, pid) => sum + timeOf(pid, true), 0),
      // An engine that has ended is among the children that the lab has waited for: it is not its own time.
      labMs: new Map(lab.filter((pid) => !server.includes(pid)).map((pid) => [pid, timeOf(pid, false)])),
      threads: this.#threadTimes(server),
    };
  }
}

const everyMs = 1000;

/** Tells the noise of each second until it is stopped. */
export function tellNoise(
  watched: () => WatchedProcesses | undefined,
  tell: (noise: MachineNoise) => void,
): { readonly stop: () => void } {
  const watch = new NoiseWatch(watched);
  const timer = setInterval(() => {
    const noise = watch.take();
    if (noise) tell(noise);
  }, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** How long the machine is watched where nothing is measured. */
const glanceMs = 500;

export interface MachineGlance {
  readonly noise: MachineNoise | undefined;
  readonly quota: number | undefined;
  /** Since the group began. */
  readonly throttled: { readonly periods: number; readonly ms: number } | undefined;
}

/** What others have of the CPUs that the lab may use, while it measures nothing. */
export async function glanceAtMachine(): Promise<MachineGlance> {
  const watch = new NoiseWatch(() => ({ serverPid: process.pid, otherPids: [], serverCpus: '' }));
  await new Promise((resolve) => setTimeout(resolve, glanceMs));
  return { noise: watch.take(), quota: cpuQuota(readProc), throttled: throttling(readProc) };
}
