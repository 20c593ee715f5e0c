/** How much of the machine other programs use, so that a test of CPU shares knows whether its engines could have theirs. */
import { readFileSync } from 'node:fs';

/** Of USER_HZ, which is 100 on every Linux that Node runs on. */
const tickMs = 10;

/** CPU time of all processes, in ms since boot. */
function usedMs(): number {
  const [, user, nice, system, , , irq, softirq, steal] = (
    /^cpu .*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? ''
  )
    .split(/\s+/)
    .map(Number);
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) * tickMs;
}

/** CPU time of one process, in ms; 0 where it has gone. */
function usedByMs(pid: number): number {
  try {
    // The name, in brackets, may hold spaces: the fields are counted from behind it. utime and stime are the 14th and 15th.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return 0;
  }
}

/** Starts a watch that tells how many cores' worth of time everybody but these processes and this one has had since. */
export function othersWatch(pids: () => readonly number[]): () => number {
  const own = (): number => usedByMs(process.pid) + pids().reduce((sum, pid) => sum + usedByMs(pid), 0);
  const startMs = performance.now();
  const others = usedMs() - own();
  return () => Math.max(0, usedMs() - own() - others) / (performance.now() - startMs);
}
