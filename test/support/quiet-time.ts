/** Time limits that hold on a busy machine: what other programs took from the server is not its own delay. */
import { readFileSync } from 'node:fs';

/**
 * Milliseconds since boot in which some thread had to wait for a core: /proc/pressure/cpu. 0 where the kernel does not
 * keep it, so that limits are then of plain time.
 */
function stalledMs(): number {
  try {
    return Number(/^some .*total=(\d+)/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

/**
 * Starts a watch that tells the milliseconds since then in which nobody waited for a core. A server that itself keeps all
 * cores busy makes them few; whoever limits them needs a limit of plain time besides.
 */
export function quietWatch(): () => number {
  const startMs = performance.now();
  const stalledFrom = stalledMs();
  return () => Math.max(0, performance.now() - startMs - (stalledMs() - stalledFrom));
}
