/** A progress bar on a terminal, nothing elsewhere. It is on stderr, so that stdout holds the result alone. */
import { SingleBar } from 'cli-progress';

export class ProgressBar {
  readonly #bar: SingleBar | undefined;
  /** Seconds before each run. */
  readonly #starts: readonly number[];
  readonly #totalSeconds: number;
  #isStarted = false;

  /** `durations` are the seconds of the runs, one after another. */
  constructor(durations: readonly number[], stream: NodeJS.WriteStream = process.stderr) {
    this.#starts = durations.map((_, i) => durations.slice(0, i).reduce((sum, seconds) => sum + seconds, 0));
    this.#totalSeconds = durations.reduce((sum, seconds) => sum + seconds, 0);
    if (!stream.isTTY) return;
    this.#bar = new SingleBar({
      ...{ format: '{bar} {value}/{total} s  {label}', stream, clearOnComplete: true, hideCursor: true },
      formatValue: (value, _options, type) => (type === 'value' || type === 'total' ? value.toFixed(1) : String(value)),
    });
  }

  update(index: number, label: string, elapsedSeconds: number): void {
    if (!this.#isStarted) this.#bar?.start(this.#totalSeconds, 0, { label });
    this.#isStarted = true;
    this.#bar?.update((this.#starts[index] ?? 0) + elapsedSeconds, { label });
  }

  end(): void {
    if (this.#isStarted) this.#bar?.stop();
  }
}
