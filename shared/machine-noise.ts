/** What other programs, other machines on the same host and a quota took from what was measured. */
import { z } from 'zod';

const share = z.number().nonnegative();

/** Of one stretch of time. Shares are of the time of the CPUs that the server may use, unless said otherwise. */
export const machineNoiseSchema = z.object({
  seconds: z.number(),
  /** Used by neither the server, its clients nor the lab. Source: /proc/stat, less these processes' CPU time. */
  othersShare: share,
  /** Given to other machines by the host. Source: steal in /proc/stat. */
  stealShare: share,
  /**
   * Of the time in which the server's threads could run: that in which they had no core, whoever had it. Source: the
   * run delay in /proc/PID/task/TID/schedstat. Null where the kernel keeps none.
   */
  readyShare: share.nullable(),
  /** Of the clock's time: some thread of the machine waited for a core. Source: /proc/pressure/cpu. Null without PSI. */
  pressureShare: share.nullable(),
  /** Periods in which the cgroup's CPU quota was used up, and the time that its threads were held for. Null: no quota. */
  throttledPeriods: z.number().nonnegative().nullable(),
  throttledMs: z.number().nonnegative().nullable(),
});
export type MachineNoise = z.infer<typeof machineNoiseSchema>;

/** The payload of a `machine` frame. */
export const machineFrameSchema = machineNoiseSchema.extend({ timeNs: z.number() });

/** From here on a figure of time tells of the neighbours too. */
const mostOthersShare = 0.15;
const mostStealShare = 0.03;

const percent = (value: number): string => `${Math.round(value * 100)}%`;

/** Why figures of this stretch are the neighbours' too, in a sentence, or undefined where they are the server's own. */
export function noiseSentence(noise: MachineNoise): string | undefined {
  const reasons = [
    ...(noise.othersShare > mostOthersShare
      ? [`other programs had ${percent(noise.othersShare)} of the server's CPU time`]
      : []),
    ...(noise.stealShare > mostStealShare
      ? [`the host gave ${percent(noise.stealShare)} of it to other machines`]
      : []),
    ...(noise.throttledPeriods !== null && noise.throttledPeriods > 0
      ? [
          `a CPU quota held the server back in ${noise.throttledPeriods} periods, for ${Math.round(noise.throttledMs ?? 0)} ms (cgroup, nr_throttled)`,
        ]
      : []),
  ];
  if (reasons.length === 0) return undefined;
  const ready =
    noise.readyShare === null ? '' : `; its threads were ready without a core for ${percent(noise.readyShare)}`;
  return `The machine was busy with others: ${reasons.join(', and ')}${ready}. Figures of time are theirs as well: repeat the run when it is quiet.`;
}
