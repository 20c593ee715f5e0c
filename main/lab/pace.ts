/** How long a series of runs will still take, by how long those before it have taken. */
export class Pace {
  /** Seconds that each run measures. */
  readonly #durations: readonly number[];
  readonly #now: () => number;
  readonly #beganAt: number;

  /** `now` is in seconds. */
  constructor(durations: readonly number[], now: () => number = () => performance.now() / 1000) {
    this.#durations = durations;
    this.#now = now;
    this.#beganAt = now();
  }

  /** `done` runs are over and the next has measured for `elapsedSeconds`. */
  secondsLeft(done: number, elapsedSeconds = 0): number {
    const sum = (durations: readonly number[]): number => durations.reduce((total, seconds) => total + seconds, 0);
    const measured = sum(this.#durations.slice(0, done)) + elapsedSeconds;
    const left = Math.max(0, sum(this.#durations) - measured);
    const passed = this.#now() - this.#beganAt;
    // Starting engines, connecting and warming up come on top; the first run tells by how much.
    const slowdown = measured > 0 ? Math.max(1, passed / measured) : 1;
    return left * slowdown;
  }
}
