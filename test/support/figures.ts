/**
 * How figures are judged on a machine that does other things as well.
 *
 * A count is right or wrong on any machine, and a plain `expect` says so. A figure of time also tells of the neighbours:
 * `whenQuiet` marks what a machine without a core to spare can break. Where such an expectation does not hold, the machine
 * is asked whether it was fit to be measured on. If it was, the figure is measured once more, since one of some hundred
 * figures is beyond its bound by chance; wrong twice it is wrong. If the machine was not fit, `measured` tries again, a few
 * times; then the test is inconclusive, which is told as skipped, with the reason.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { thisMachine, type Machine, type Reading } from './machine.ts';

/** What an attempt needs so that its figures of time mean anything. */
export interface Needs {
  /** Cores' worth of time that others may have meanwhile. */
  readonly othersCores: number;
}

const usualNeeds: Needs = { othersCores: 0.2 };
const mostStolenShare = 0.02;
const mostLostShare = 0.1;
const tries = 3;
/** How long it is waited for quiet before another try. */
const calmLimitMs = 5000;
const lookMs = 250;

class MachineDependent extends Error {
  constructor(cause: unknown) {
    super('a figure of time is not what it should be', { cause });
  }
}

/** An expectation of time, which others that use the machine can break. Outside `measured` it is like any other. */
export function whenQuiet(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new MachineDependent(error);
  }
}

const percent = (share: number): string => `${Math.round(share * 100)}%`;

/** Why the machine was not fit between two readings, or undefined. */
function unfitBetween(machine: Machine, from: Reading, to: Reading, needs: Needs): string | undefined {
  const tookMs = Math.max(1, to.atMs - from.atMs);
  const stolen = (to.stolenMs - from.stolenMs) / (tookMs * machine.cores);
  if (stolen > mostStolenShare) return `${percent(stolen)} of the machine's time was stolen by its host`;
  const others = Math.max(0, to.usedMs - from.usedMs - (to.ownMs - from.ownMs)) / tookMs;
  if (others > needs.othersCores) return `other programs had ${others.toFixed(1)} of ${machine.cores} cores`;
  return undefined;
}

/** Starts to watch the machine; asked in the end, it says why what was measured meanwhile tells nothing, or undefined. */
export function watchMachine(machine: Machine = thisMachine, needs: Needs = usualNeeds): () => string | undefined {
  const from = machine.read();
  return () => {
    const unfit = unfitBetween(machine, from, machine.read(), needs);
    if (unfit !== undefined) return unfit;
    const lost = machine.lostShare();
    return lost > mostLostShare ? `a busy loop was kept from its core for ${percent(lost)} of its time` : undefined;
  };
}

/** Waits until the machine is fit, for a while. */
async function calm(machine: Machine, needs: Needs, limitMs: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += lookMs) {
    const unfit = watchMachine(machine, needs);
    await sleep(Math.min(lookMs, limitMs));
    if (unfit() === undefined) return;
  }
}

interface Circumstances {
  readonly needs?: Needs;
  /** For tests of this module. */
  readonly machine?: Machine;
  readonly calmMs?: number;
}

/**
 * Measures and judges. `attempt` does both, and may be called again; it leaves nothing behind. What it throws is thrown
 * here, but for what `whenQuiet` marks: that is tried again, and then thrown or, where the machine was never fit, skipped.
 */
export async function measured(
  { skip }: { skip: (reason: string) => void },
  attempt: () => unknown,
  { needs = usualNeeds, machine = thisMachine, calmMs = calmLimitMs }: Circumstances = {},
): Promise<void> {
  let wrong = false;
  for (let left = tries; ; left--) {
    const unfit = watchMachine(machine, needs);
    try {
      await attempt();
      return;
    } catch (error) {
      if (!(error instanceof MachineDependent)) throw error;
      const reason = unfit();
      if (reason === undefined && wrong) throw error.cause;
      wrong ||= reason === undefined;
      if (left > 1) {
        await calm(machine, needs, calmMs);
        continue;
      }
      // What was wrong on a fit machine and could not be looked at again is not let pass.
      if (wrong) throw error.cause;
      skip(`inconclusive, ${tries} times: ${reason}`);
      return;
    }
  }
}
