/** Differences that matter: from which size on one of each figure is worth a sentence. */
import type { ComparedFigure } from '../compare-result.ts';

export interface LeastEffect {
  /** Part of the smaller of the two. */
  readonly relative: number;
  /** In the figure's unit; both must be exceeded. Memory is counted in pages: divided by the connections, see below. */
  readonly absolute: number;
}

/** Resident memory comes and goes by pages of 4 KiB, and allocators take several at once. */
const memoryStepBytes = 65_536;

const least: Readonly<Record<ComparedFigure, LeastEffect>> = {
  throughput: { relative: 0.05, absolute: 0 },
  // Below some microseconds it is the caches and the wake-up of a core.
  p50: { relative: 0.1, absolute: 5 },
  p99: { relative: 0.15, absolute: 20 },
  p999: { relative: 0.25, absolute: 50 },
  rawP50: { relative: 0.1, absolute: 5 },
  rawP99: { relative: 0.15, absolute: 20 },
  rawP999: { relative: 0.25, absolute: 50 },
  cpuPerRequest: { relative: 0.05, absolute: 0 },
  syscallsPerRequest: { relative: 0.05, absolute: 0.02 },
  switchesPerRequest: { relative: 0.1, absolute: 0.02 },
  memoryPerConnection: { relative: 0.1, absolute: memoryStepBytes },
  errors: { relative: 0.1, absolute: 1 },
};

/** @param connections of the runs that are compared */
export function leastEffectOf(figure: ComparedFigure, connections: number): LeastEffect {
  const { relative, absolute } = least[figure];
  return { relative, absolute: figure === 'memoryPerConnection' ? absolute / Math.max(1, connections) : absolute };
}
