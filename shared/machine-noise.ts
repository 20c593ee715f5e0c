/** What other programs, other machines on the same host and a quota took from what was measured. */
import { z } from 'zod';

const share = z.number().nonnegative();

/** Of one stretch of time. Shares are of the time of the CPUs that the server may use, unless said otherwise. */
export const machineNoiseSchema = z.object({
  seconds: z.number(),
  /** Used by neither the server, its clients nor the lab. Source: /proc/stat, less these processes' CPU time. */
  othersShare: share,
  /**
   * Used by the lab itself and its windows, and by its clients where they are not pinned to other CPUs: no neighbour's, and
   * told so that it is known. Source: /proc/PID/stat; a lab that runs elsewhere as well has less of these CPUs.
   */
  labShare: share.default(0),
  /** Given to other machines by the host. Source: steal in /proc/stat. */
  stealShare: share,
  /** Threads of the whole machine that ran or waited for a core when this was read. Source: procs_running in /proc/stat. */
  runnable: share.default(0),
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

/** Of stretches together: shares by time, periods and their times added; undefined of none. */
export function mergedNoise(all: readonly MachineNoise[]): MachineNoise | undefined {
  if (all.length < 2) return all[0];
  const seconds = all.reduce((sum, each) => sum + each.seconds, 0);
  const byTime = (of: (noise: MachineNoise) => number | null): number | null => {
    const known = all.flatMap((noise) => {
      const value = of(noise);
      return value === null ? [] : [{ value, seconds: noise.seconds }];
    });
    const whole = known.reduce((sum, each) => sum + each.seconds, 0);
    return whole > 0 ? known.reduce((sum, each) => sum + each.value * each.seconds, 0) / whole : null;
  };
  const added = (of: (noise: MachineNoise) => number | null): number | null => {
    const known = all.map(of).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  };
  return {
    seconds,
    othersShare: byTime(({ othersShare }) => othersShare) ?? 0,
    labShare: byTime(({ labShare }) => labShare) ?? 0,
    stealShare: byTime(({ stealShare }) => stealShare) ?? 0,
    runnable: byTime(({ runnable }) => runnable) ?? 0,
    readyShare: byTime(({ readyShare }) => readyShare),
    pressureShare: byTime(({ pressureShare }) => pressureShare),
    throttledPeriods: added(({ throttledPeriods }) => throttledPeriods),
    throttledMs: added(({ throttledMs }) => throttledMs),
  };
}

/** From here on a figure of time tells of the neighbours too. */
const mostOthersShare = 0.15;
const mostStealShare = 0.03;

/** Runs that are named in a sentence. */
const mostNamed = 4;

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
  const own = noise.labShare > mostOthersShare ? ` (the lab itself had ${percent(noise.labShare)})` : '';
  return `The machine was busy with others: ${reasons.join(', and ')}${own}${ready}. Figures of time are theirs as well: repeat the run when it is quiet.`;
}

export interface NoiseFigure {
  readonly name: string;
  readonly label: string;
  /** Of a column, short. */
  readonly head: string;
  readonly unit: string;
  readonly meaning: string;
  readonly source: string;
  /** Null where this machine does not say: there is no quota, or the kernel keeps no account. */
  readonly of: (noise: MachineNoise) => number | null;
}

/** What was foreign in a run, as columns of tables and of CSV. */
export const noiseFigures = [
  {
    ...{
      name: 'othersCpu',
      label: 'CPU of other programs',
      head: 'others %',
      unit: '%',
      source: "/proc/stat, less the lab's own processes",
    },
    meaning: "CPU time that other programs had, of that of the server's CPUs",
    of: ({ othersShare }) => othersShare * 100,
  },
  {
    ...{ name: 'steal', label: 'CPU stolen by the host', head: 'steal %', unit: '%', source: 'steal in /proc/stat' },
    meaning: "CPU time that the host gave to other machines, of that of the server's CPUs",
    of: ({ stealShare }) => stealShare * 100,
  },
  {
    ...{
      name: 'runQueueWait',
      label: 'wait for a core (run queue)',
      head: 'run queue %',
      unit: '%',
      source: 'run delay in /proc/PID/task/TID/schedstat',
    },
    meaning: "time in which the server's threads could run and had no core, of that in which they could run",
    of: ({ readyShare }) => (readyShare === null ? null : readyShare * 100),
  },
  {
    ...{
      name: 'throttledPeriods',
      label: 'periods throttled (nr_throttled)',
      head: 'throttled',
      unit: 'periods',
      source: 'nr_throttled in cpu.stat of the cgroup',
    },
    meaning: 'periods in which a CPU quota held the server back',
    of: ({ throttledPeriods }) => throttledPeriods,
  },
] as const satisfies readonly NoiseFigure[];

/** What is foreign in a run, to a tenth, as tables have it; null where nobody says. */
export function noiseText(noise: MachineNoise | undefined, { of }: NoiseFigure): string | null {
  const value = noise ? of(noise) : null;
  return value === null ? null : String(Number(value.toFixed(1)));
}

/** Of the clock's time: what others, the host and a quota took from the server. */
export const takenShare = ({ othersShare, stealShare, throttledMs, seconds }: MachineNoise): number =>
  othersShare + stealShare + (seconds > 0 ? (throttledMs ?? 0) / 1000 / seconds : 0);

/** Of runs that are compared: why, and which, are to be made again; undefined where none is. */
export function repeatSentence(
  runs: readonly { readonly label: string; readonly round: number; readonly noise: MachineNoise | undefined }[],
): string | undefined {
  const busy = runs.filter(({ noise }) => noise !== undefined && noiseSentence(noise) !== undefined);
  if (busy.length === 0) return undefined;
  const named = busy.slice(0, mostNamed).map(({ label, round }) => `${label} in round ${round}`);
  const more = busy.length > mostNamed ? ` and ${busy.length - mostNamed} more` : '';
  const most = Math.max(...busy.map(({ noise }) => noise?.othersShare ?? 0));
  return `${busy.length} of ${runs.length} runs were made while the machine was busy with others (${named.join(', ')}${more}; up to ${percent(most)} of the server's CPU time): repeat the comparison when it is quiet.`;
}
