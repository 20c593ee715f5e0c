/** A walk that is gone, step by step, on a bench. */
import { existsSync } from 'node:fs';
import { callNames, type CallName } from '../../../shared/bench/calls.ts';
import { parseWalkExpectation } from '../../../shared/bench/expectation.ts';
import type { BenchStep, Judged } from '../../../shared/bench/step.ts';
import { expectationText, type Walk, type WalkStep } from '../../../shared/bench/walk.ts';
import { LabError, throwIfInterrupted } from '../errors.ts';
import { Bench, type ActorPlace } from './bench.ts';

/** What one call sets off is over at once on loopback, but for a kernel that is busy: so long it may take. */
const settleMs = 1000;

const isCall = (call: string): call is CallName => callNames.some((name) => name === call);

export const actorsOf = ({ actors }: Walk): ActorPlace[] =>
  Object.entries(actors).map(([name, { process }]) => ({ name, process }));

/** Why this machine cannot go it; undefined where it can. */
export function unavailableWalk({ needs = [] }: Walk, hasIoUring: string | undefined): string | undefined {
  if (needs.includes('ipv6') && !existsSync('/proc/net/if_inet6')) return 'This machine has no IPv6.';
  return needs.includes('io_uring') ? hasIoUring : undefined;
}

/** Names that expectations were checked with when the walk was read: any is good here. */
const anyName = { has: () => true, [Symbol.iterator]: [][Symbol.iterator] } as unknown as ReadonlySet<string>;
const anyNames = { fds: anyName, actors: anyName, processes: anyName };

function judge(bench: Bench, walked: WalkStep, step: BenchStep): Judged[] {
  return (walked.expect ?? []).map((each) => {
    const expect = expectationText(each);
    const because = typeof each === 'string' ? undefined : each.because;
    const { held, seen } = parseWalkExpectation(expect, anyNames).judge({
      ...{ step, look: bench.state, steps: bench.steps },
      socketKey: (name) => bench.socketKey(name),
      fdOf: (name) => bench.fdOf(name),
    });
    return { expect, ...(because === undefined ? {} : { because }), held, seen };
  });
}

const allHeld = (judged: readonly Judged[]): boolean => judged.every(({ held }) => held);

/** Makes step `index` of the walk and judges it. Throws LabError. */
export async function makeWalkStep(bench: Bench, walk: Walk, index: number): Promise<BenchStep> {
  const walked = walk.steps[index];
  if (!walked) throw new LabError('bad-input', 'The walk is at its end.');
  const step = await performWalkStep(bench, walked, index);
  const since = performance.now();
  let judged = judge(bench, walked, step);
  while (!allHeld(judged) && walked.call !== 'wait' && performance.now() - since < settleMs) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await bench.look();
    judged = judge(bench, walked, bench.steps[step.index] ?? step);
  }
  return bench.judge(step.index, judged);
}

async function performWalkStep(bench: Bench, walked: WalkStep, index: number): Promise<BenchStep> {
  const { actor, call, as } = walked;
  if (call === 'wait') {
    const at = bench.steps.length;
    const isDone = (): boolean => {
      const step = bench.steps[at - 1];
      return step !== undefined && allHeld(judge(bench, walked, step));
    };
    return bench.wait(actor, walked.arguments.mostMs, isDone, index);
  }
  if (!isCall(call)) return bench.act(actor, call, index);
  return bench.call({ actor, call, arguments: walked.arguments, as, walkStep: index });
}

/** All steps of a walk, on a bench of its own. Throws LabError. */
export async function goWalk(
  walk: Walk,
  signal: AbortSignal | undefined,
  onStep: (step: BenchStep, bench: Bench) => void = () => {},
): Promise<BenchStep[]> {
  const bench = await Bench.open(actorsOf(walk), undefined, signal);
  try {
    for (const index of walk.steps.keys()) {
      throwIfInterrupted(signal);
      onStep(await makeWalkStep(bench, walk, index), bench);
    }
    return [...bench.steps];
  } finally {
    await bench.close();
  }
}
