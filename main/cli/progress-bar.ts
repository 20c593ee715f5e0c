/** A progress bar on a terminal, nothing elsewhere. It is on stderr, so that stdout holds the result alone. */
import { SingleBar } from 'cli-progress';
import { visibleLine } from '../../shared/visible.ts';

export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export class ProgressBar {
  readonly #bar: SingleBar | undefined;
  readonly #stream: NodeJS.WriteStream;
  /** Seconds before each run. */
  readonly #starts: readonly number[];
  readonly #totalSeconds: number;
  #isStarted = false;

  /** `durations` are the seconds of the runs, one after another; or as much of another unit. */
  constructor(durations: readonly number[], stream: NodeJS.WriteStream = process.stderr, unit = 's') {
    this.#starts = durations.map((_, i) => durations.slice(0, i).reduce((sum, seconds) => sum + seconds, 0));
    this.#totalSeconds = durations.reduce((sum, seconds) => sum + seconds, 0);
    this.#stream = stream;
    if (!stream.isTTY) return;
    this.#bar = new SingleBar({
      ...{ format: `{bar} {value}/{total} ${unit}  {label}`, stream, clearOnComplete: true, hideCursor: true },
      formatValue: (value, _options, type) =>
        type === 'value' || type === 'total' ? value.toFixed(unit === 'requests' ? 0 : 1) : String(value),
    });
  }

  /** Of one run, whose end is a count. */
  static of(count: number, unit: string): ProgressBar {
    return new ProgressBar([count], process.stderr, unit);
  }

  /** With the time that is still left, as the lab reckons it. */
  updateWithTimeLeft(index: number, label: string, elapsedSeconds: number, secondsLeft: number): void {
    this.update(index, `${label}, ${durationText(secondsLeft)} left`, elapsedSeconds);
  }

  /** `named` may come from a scenario. */
  update(index: number, named: string, elapsedSeconds: number): void {
    const label = visibleLine(named);
    if (!this.#isStarted) this.#bar?.start(this.#totalSeconds, 0, { label });
    this.#isStarted = true;
    this.#bar?.update((this.#starts[index] ?? 0) + elapsedSeconds, { label });
  }

  /** A line that stays, above the bar where there is one. */
  note(sentence: string): void {
    this.end();
    this.#isStarted = false;
    this.#stream.write(`${visibleLine(sentence)}\n`);
  }

  end(): void {
    if (this.#isStarted) this.#bar?.stop();
  }
}
