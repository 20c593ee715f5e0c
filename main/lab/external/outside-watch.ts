/**
 * A server that is not the lab's own, watched from outside by what /proc says of its process and the children of it.
 *
 * CPU times are whole: the kernel adds those of threads that have ended to their process, and those of processes that
 * have ended to their parent. Context switches are kept by thread and go with it, so that what a thread did between the
 * last look and its end is lost; `lostThreads` says how many there were.
 */
import type { OutsideFigures, ThreadGroup } from '../../../shared/run-result.ts';
import { ratio } from '../result.ts';
import { groupName } from '../thread-totals.ts';
import { countFds, processTree, readStat, readTask, taskIds, type TaskStat } from './proc.ts';

/** Looks so often, */
const lookMs = 100;
/** but looking must take no more than this part of the time: a server of a thousand threads is looked at less often. */
const lookShare = 0.02;

interface SeenThread {
  readonly base: TaskStat;
  last: TaskStat;
}

const nothing: TaskStat = { name: '', cpuSeconds: 0, voluntarySwitches: 0, involuntarySwitches: 0 };

interface CpuTimes {
  readonly user: number;
  readonly system: number;
}

export class OutsideWatch {
  readonly #root: number;
  #threads = new Map<string, SeenThread>();
  #alive = new Set<string>();
  #lostThreads = 0;
  #cpuFrom: CpuTimes = { user: 0, system: 0 };
  #cpuTo: CpuTimes = { user: 0, system: 0 };
  #peaks = { rssBytes: 0, threads: 0, fds: 0 };
  #timer: NodeJS.Timeout | undefined;
  #slowestLookMs = lookMs;

  constructor(root: number) {
    this.#root = root;
  }

  /** The interval begins now. */
  begin(): void {
    this.#threads = new Map();
    this.#alive = new Set();
    this.#lostThreads = 0;
    this.#peaks = { rssBytes: 0, threads: 0, fds: 0 };
    this.#look(true);
    this.#cpuFrom = this.#cpuTo;
    this.#schedule(lookMs);
  }

  /** The interval ends now. */
  end(): void {
    clearTimeout(this.#timer);
    this.#look(false);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  get lostThreads(): number {
    return this.#lostThreads;
  }

  /** The longest time between two looks. */
  get slowestLookMs(): number {
    return this.#slowestLookMs;
  }

  get rssBytes(): number {
    return this.#peaks.rssBytes;
  }

  /** Of the interval; per request by the clients' count, as the server's own is not known. */
  figures(requests: number): Omit<OutsideFigures, 'pid' | 'options'> {
    const user = this.#cpuTo.user - this.#cpuFrom.user;
    const system = this.#cpuTo.system - this.#cpuFrom.system;
    const threads = this.#groups();
    const voluntary = threads.reduce((sum, group) => sum + group.voluntarySwitches, 0);
    const involuntary = threads.reduce((sum, group) => sum + group.involuntarySwitches, 0);
    return {
      cpuSeconds: { user, system },
      cpuMicrosPerRequest: ratio((user + system) * 1e6, requests),
      contextSwitches: { voluntary, involuntary },
      switchesPerRequest: ratio(voluntary + involuntary, requests),
      maxRssBytes: this.#peaks.rssBytes,
      peakThreads: this.#peaks.threads,
      peakFds: this.#peaks.fds,
      threads,
    };
  }

  #groups(): ThreadGroup[] {
    const groups = new Map<string, ThreadGroup>();
    for (const { base, last } of this.#threads.values()) {
      const name = groupName(last.name);
      const { threads, cpuSeconds, voluntarySwitches, involuntarySwitches } = groups.get(name) ?? {
        ...nothing,
        threads: 0,
      };
      groups.set(name, {
        ...{ name, threads: threads + 1, requests: null },
        cpuSeconds: cpuSeconds + last.cpuSeconds - base.cpuSeconds,
        voluntarySwitches: voluntarySwitches + last.voluntarySwitches - base.voluntarySwitches,
        involuntarySwitches: involuntarySwitches + last.involuntarySwitches - base.involuntarySwitches,
      });
    }
    return [...groups.values()];
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const from = performance.now();
      this.#look(false);
      const next = Math.max(lookMs, (performance.now() - from) / lookShare);
      this.#slowestLookMs = Math.max(this.#slowestLookMs, Math.round(next));
      this.#schedule(next);
    }, afterMs);
  }

  #look(isFirst: boolean): void {
    let [user, system, rssBytes, threads, fds] = [0, 0, 0, 0, 0];
    const alive = new Set<string>();
    const tree = processTree(this.#root);
    for (const pid of tree) {
      const stat = readStat(pid);
      if (!stat) continue;
      user += stat.userSeconds + stat.childUserSeconds;
      system += stat.systemSeconds + stat.childSystemSeconds;
      // The shell that waits for the command is no part of the server.
      if (pid === this.#root && stat.name === 'sh' && tree.length > 1) continue;
      rssBytes += stat.rssBytes;
      threads += stat.threads;
      fds += countFds(pid) ?? 0;
      for (const tid of taskIds(pid)) {
        const key = `${pid}/${tid}`;
        const task = readTask(pid, tid);
        if (!task) continue;
        alive.add(key);
        this.#see(key, task, isFirst);
      }
    }
    for (const key of this.#alive) if (!alive.has(key)) this.#lostThreads++;
    this.#alive = alive;
    this.#cpuTo = { user, system };
    this.#peaks = {
      rssBytes: Math.max(this.#peaks.rssBytes, rssBytes),
      threads: Math.max(this.#peaks.threads, threads),
      fds: Math.max(this.#peaks.fds, fds),
    };
  }

  #see(key: string, task: TaskStat, isFirst: boolean): void {
    const known = this.#threads.get(key);
    if (known && task.voluntarySwitches >= known.last.voluntarySwitches) {
      known.last = task;
      return;
    }
    // A thread that began in the interval counts from nothing; so does one that got the id of another that has ended.
    if (known) this.#threads.set(`${key} before ${this.#threads.size}`, known);
    this.#threads.set(key, { base: isFirst ? task : nothing, last: task });
  }
}
