/** Runs all rules over the frames of a lab, live or replayed, and says each finding once for as long as it holds. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { Finding } from '../../../shared/findings.ts';
import type { MachineNoise } from '../../../shared/machine-noise.ts';
import {
  clientIsTheLimit,
  coreBurnedByPolling,
  coroutineNeverYields,
  machineBusy,
  runQueueIsTheLatency,
} from './cpu-rules.ts';
import { fdLeak, fdStarves, selectNearLimit, undrainedEdge } from './fd-rules.ts';
import { Observation } from './observation.ts';
import { acceptQueueOverflow, thunderingHerd } from './queue-rules.ts';
import type { Rule } from './rule.ts';

export const rules: readonly Rule[] = [
  clientIsTheLimit,
  coreBurnedByPolling,
  runQueueIsTheLatency,
  coroutineNeverYields,
  machineBusy,
  thunderingHerd,
  acceptQueueOverflow,
  fdStarves,
  undrainedEdge,
  fdLeak,
  selectNearLimit,
];

/** After so long without holding, a rule that holds again is said again. */
const restNs = 3e9;
/** Less than this is too short a time for a rate. */
const leastSeconds = 0.4;

interface Episode {
  sinceNs: number;
  lastNs: number;
  isSaid: boolean;
}

export class Diagnosis {
  readonly #observation = new Observation();
  readonly #episodes = new Map<Finding['code'], Episode>();

  /** Findings that this frame brought about. */
  take(source: FrameSource, kind: number, payload: Uint8Array): Finding[] {
    if (!this.#observation.take(source, kind, payload)) return [];
    const nowNs = this.#observation.server.last?.timeNs ?? 0;
    if (this.#observation.server.seconds < leastSeconds) return [];
    return rules.flatMap((rule) => this.#look(rule, nowNs) ?? []);
  }

  /** What others took from the run in the last second, which frames of the server do not tell. */
  takeNoise(noise: MachineNoise): void {
    this.#observation.noise = noise;
  }

  #look(rule: Rule, nowNs: number): Finding | undefined {
    const verdict = rule.look(this.#observation);
    let episode = this.#episodes.get(rule.code);
    if (episode && nowNs - episode.lastNs > restNs) {
      this.#episodes.delete(rule.code);
      episode = undefined;
    }
    if (!verdict) {
      // One that was not said yet has to hold without a break.
      if (episode && !episode.isSaid) this.#episodes.delete(rule.code);
      return undefined;
    }
    episode ??= { sinceNs: nowNs, lastNs: nowNs, isSaid: false };
    episode.lastNs = nowNs;
    this.#episodes.set(rule.code, episode);
    if (episode.isSaid || nowNs - episode.sinceNs < rule.holdMs * 1e6) return undefined;
    episode.isSaid = true;
    return { code: rule.code, timeNs: nowNs, sinceNs: episode.sinceNs, model: this.#observation.model, ...verdict };
  }
}
