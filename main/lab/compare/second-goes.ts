/** Runs of a series that others disturbed are made once more, and the quieter of the two counts. */
import type { RepeatedRun } from '../../../shared/compare-result.ts';
import { noiseSentence, takenShare } from '../../../shared/machine-noise.ts';
import type { RunResult } from '../../../shared/run-result.ts';

/** Part of a series' runs that are made again at most: on a machine that is never quiet, it ends all the same. */
const mostAgain = 0.25;

export class SecondGoes {
  readonly repeated: RepeatedRun[] = [];
  readonly #most: number;

  /** @param total runs of the whole series */
  constructor(total: number) {
    this.#most = Math.ceil(total * mostAgain);
  }

  /**
   * Which of the two counts is decided by the machine's noise alone, never by what was measured.
   * @param make runs once. Throws LabError.
   */
  async quieter<Made extends { readonly run: RunResult }>(
    of: Omit<RepeatedRun, 'sentence' | 'isSecondKept'>,
    make: () => Promise<Made>,
  ): Promise<Made> {
    const first = await make();
    const { noise } = first.run;
    const sentence = noise && noiseSentence(noise);
    if (!noise || sentence === undefined || this.repeated.length >= this.#most) return first;
    const second = await make();
    const isSecondKept = second.run.noise !== undefined && takenShare(second.run.noise) < takenShare(noise);
    this.repeated.push({ ...of, sentence, isSecondKept });
    return isSecondKept ? second : first;
  }
}
