/** What a figure was measured on. */
import { cpus, release } from 'node:os';
import type { Machine } from '../../shared/run-result.ts';
import { allowedCpus, placeCores } from './cores.ts';

export const describeMachine = (pin: boolean): Machine => {
  const allowed = allowedCpus();
  return {
    kernel: release(),
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: allowed.length,
    ...placeCores(allowed, pin),
  };
};
