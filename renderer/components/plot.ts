/** What LinePlot draws, its ticks and its lines' looks. */
import { seriesColours } from '../../shared/series-colours.ts';
import { palettes } from '../theme/palette.ts';

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  /** Where the true value is. */
  readonly low?: number;
  readonly high?: number;
  /** The x in words. */
  readonly text?: string;
}
export interface PlotSeries {
  readonly label: string;
  readonly points: readonly PlotPoint[];
  readonly isStep?: boolean;
  /** What the line is the middle of: thin and faint lines behind it. A line that has them has no dots. */
  readonly behind?: readonly (readonly PlotPoint[])[];
}
export interface PlotTick {
  readonly x: number;
  readonly text: string;
}
export interface PlotMark {
  readonly x: number;
  /** Index of the series it belongs to. */
  readonly series: number;
  readonly text: string;
}

const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '4 2', '1 2', '12 4', '6 2 2 2 2 2'];

/** A colour and a dash, so that colour alone tells nothing. */
export function seriesLook(index: number, theme: 'dark' | 'light'): { colour: string; dash: string | undefined } {
  const name = seriesColours[index % seriesColours.length] ?? 'sky';
  // Past the last colour the dashes go on, so that the ninth is not the first.
  const turn = index + Math.floor(index / seriesColours.length);
  return { colour: palettes[theme].series[name], dash: dashes[turn % dashes.length] };
}

const niceSteps = [1, 2, 5, 10];

/** From 0, in round steps, so that the last one is at or above `most`. */
export function linearTicks(most: number, wanted = 5): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (niceSteps.find((nice) => nice * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Powers of ten around both; 1, 2, 5 where that would be one decade only. */
export function logTicks(least: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most * 1.0001))];
  const decades = to - from;
  const within = decades <= 2 ? [1, 2, 5] : [1];
  const all = Array.from({ length: decades + 1 }, (_, i) => from + i).flatMap((power) =>
    within.map((digit) => Number((digit * 10 ** power).toPrecision(6))),
  );
  const lower = all.filter((tick) => tick <= least).at(-1) ?? all[0] ?? least;
  const upper = all.find((tick) => tick >= most) ?? all.at(-1) ?? most;
  return all.filter((tick) => tick >= lower && tick <= upper);
}
