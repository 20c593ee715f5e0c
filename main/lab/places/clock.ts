/**
 * How far a place's clock is from the lab's, from round trips: the place read its clock between the question and the
 * answer, so half the round trip bounds the error, whatever each way took. Both clocks are CLOCK_MONOTONIC, in ns.
 */

export interface RoundTrip {
  readonly sentNs: number;
  readonly placeNs: number;
  readonly receivedNs: number;
}

export interface ClockOffset {
  /** What is to be added to a time of the lab to get that of the place. */
  readonly offsetNs: number;
  /** The true offset is within so much of it, as of when it was measured. */
  readonly boundNs: number;
}

export const labNowNs = (): number => Number(process.hrtime.bigint());

export const offsetOf = ({ sentNs, placeNs, receivedNs }: RoundTrip): ClockOffset => ({
  offsetNs: placeNs - (sentNs + receivedNs) / 2,
  boundNs: (receivedNs - sentNs) / 2,
});

interface Sample extends ClockOffset {
  readonly atNs: number;
}

/** Crystals differ by at most so much; an old sample grows by it. */
const mostDrift = 200e-6;
const mostSamples = 600;

export class PlaceClock {
  #samples: Sample[] = [];

  add(trip: RoundTrip): void {
    this.#samples.push({ ...offsetOf(trip), atNs: trip.receivedNs });
    if (this.#samples.length > mostSamples) this.#samples = this.#samples.filter((_, i) => i % 2 === 0);
  }

  get count(): number {
    return this.#samples.length;
  }

  /** The narrowest that is known of a moment of the lab's clock. Undefined before the first round trip. */
  at(labNs: number): ClockOffset | undefined {
    const grown = this.#samples.map(({ atNs, offsetNs, boundNs }) => ({
      offsetNs,
      boundNs: boundNs + Math.abs(labNs - atNs) * mostDrift,
    }));
    return grown.reduce<ClockOffset | undefined>(
      (best, each) => (best === undefined || each.boundNs < best.boundNs ? each : best),
      undefined,
    );
  }

  /**
   * How much faster the place's clock goes, in parts per million, with its bound: from the best round trips of the first
   * and the last third. Undefined within a second, where bounds say more than drift.
   */
  get drift(): { readonly ppm: number; readonly boundPpm: number } | undefined {
    const third = Math.floor(this.#samples.length / 3);
    const best = (samples: readonly Sample[]): Sample | undefined =>
      samples.reduce<Sample | undefined>((a, b) => (a === undefined || b.boundNs < a.boundNs ? b : a), undefined);
    const [first, last] = [best(this.#samples.slice(0, third)), best(this.#samples.slice(-third))];
    if (third === 0 || !first || !last || last.atNs - first.atNs < 1e9) return undefined;
    const apart = last.atNs - first.atNs;
    return {
      ppm: ((last.offsetNs - first.offsetNs) / apart) * 1e6,
      boundPpm: ((last.boundNs + first.boundNs) / apart) * 1e6,
    };
  }
}
