/** What the machine gives to whoever measures on it: time of others, stolen time, and a loop that tells what it lost. */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Of USER_HZ, which is 100 on every Linux that Node runs on. */
const tickMs = 10;

/** Sums since boot, and of this process and its descendants, in ms. */
export interface Reading {
  readonly atMs: number;
  /** Time of all cores that anybody used, without what the hypervisor took. */
  readonly usedMs: number;
  readonly ownMs: number;
  /** Time in which a core of ours was given to another machine. */
  readonly stolenMs: number;
}

export interface Machine {
  readonly cores: number;
  read(): Reading;
  /** Share of a short busy loop's time in which it was not on a core, 0 to 1. */
  lostShare(): number;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // its process has gone meanwhile
  }
}

/** CPU time of a process and of its children that have ended, in ms, and who started it. */
function processTimes(pid: number | string): { parent: number; usedMs: number } {
  // The name, in brackets, may hold spaces: the fields are counted from behind it.
  const fields = readText(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  // utime, stime, cutime and cstime are the 14th to 17th.
  const usedMs = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * tickMs, 0);
  return { parent: Number(fields[1]), usedMs };
}

/** CPU time of this process and of all that descend from it, in ms. */
function ownMs(): number {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), processTimes(name)] as const),
  );
  const isOwn = (pid: number): boolean => {
    if (pid === process.pid) return true;
    const parent = all.get(pid)?.parent ?? 0;
    return parent > 1 && isOwn(parent);
  };
  return [...all].reduce((sum, [pid, { usedMs }]) => sum + (isOwn(pid) ? usedMs : 0), 0);
}

const loopMs = 20;
/** Two looks at the clock that are farther apart than this had something else between them. */
const gapMs = 0.15;

/** The machine that this runs on. */
export const thisMachine: Machine = {
  cores: availableParallelism(),
  read() {
    const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
      /^cpu .*$/m.exec(readText('/proc/stat'))?.[0] ?? ''
    )
      .split(/\s+/)
      .map((field) => Number(field) * tickMs);
    const usedMs = user + nice + system + irq + softirq;
    return { atMs: performance.now(), usedMs, ownMs: ownMs(), stolenMs: steal };
  },
  lostShare() {
    const startMs = performance.now();
    let lostMs = 0;
    let lastMs = startMs;
    while (lastMs - startMs < loopMs) {
      const nowMs = performance.now();
      if (nowMs - lastMs > gapMs) lostMs += nowMs - lastMs;
      lastMs = nowMs;
    }
    return lostMs / (lastMs - startMs);
  },
};
