/** From time to pixels and back, and where to put the marks of a time axis. */

export interface TimeScale {
  readonly fromNs: number;
  readonly toNs: number;
  readonly widthPx: number;
}

export const nsPerPx = (scale: TimeScale): number => (scale.toNs - scale.fromNs) / Math.max(1, scale.widthPx);
export const pxOf = (scale: TimeScale, timeNs: number): number => (timeNs - scale.fromNs) / nsPerPx(scale);
export const nsAt = (scale: TimeScale, px: number): number => scale.fromNs + px * nsPerPx(scale);

/** Steps that people can read: 1, 2 or 5 times a power of ten of ns, then minutes. */
export function niceStepNs(atLeastNs: number): number {
  for (const step of [30e9, 60e9, 120e9, 300e9, 600e9]) {
    if (atLeastNs > step / 1.5001 && atLeastNs <= step) return step;
  }
  if (atLeastNs > 600e9) return Math.ceil(atLeastNs / 600e9) * 600e9;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, atLeastNs)));
  const factor = [1, 2, 5, 10].find((f) => f * power >= atLeastNs * 0.999_999) ?? 10;
  return factor * power;
}

export interface TimeTick {
  readonly timeNs: number;
  readonly px: number;
  readonly label: string;
}

/** Marks at round times after `originNs`, about `spacingPx` apart. */
export function timeTicks(scale: TimeScale, originNs: number, spacingPx = 110): TimeTick[] {
  const stepNs = niceStepNs(nsPerPx(scale) * spacingPx);
  const ticks: TimeTick[] = [];
  // Before the start there is no time of the run.
  const first = Math.max(0, Math.ceil((scale.fromNs - originNs) / stepNs));
  for (let i = first; ; i++) {
    const timeNs = originNs + i * stepNs;
    if (timeNs > scale.toNs) return ticks;
    ticks.push({ timeNs, px: pxOf(scale, timeNs), label: timeLabel(timeNs - originNs, stepNs) });
  }
}

/** Time since the start to the precision of a step: "12.35 s", "2:03.5". */
export function timeLabel(ns: number, stepNs: number): string {
  const sign = ns < 0 ? '−' : '';
  const seconds = Math.abs(ns) / 1e9;
  const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(stepNs / 1e9) - 1e-9)));
  if (seconds < 60) return `${sign}${seconds.toFixed(digits)} s`;
  const minutes = Math.floor(Number(seconds.toFixed(digits)) / 60);
  const rest = Math.max(0, Number(seconds.toFixed(digits)) - 60 * minutes).toFixed(digits);
  return `${sign}${minutes}:${rest.padStart(digits === 0 ? 2 : digits + 3, '0')}`;
}
