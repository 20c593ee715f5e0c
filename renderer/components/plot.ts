/** What LinePlot draws, its ticks and its lines' looks. */
import { seriesColours } from '../../shared/series-colours.ts';
import { modelColour } from '../../shared/model-colours.ts';
import { niceStep, type Roundness } from '../tracks/value-scale.ts';
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
  /** Whose figures they are: a model has one colour everywhere. */
  readonly model?: string | undefined;
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
  /** Where its point is; without it the mark stands at the foot, as what has no value. */
  readonly y?: number;
  /** Index of the series it belongs to. */
  readonly series: number;
  readonly text: string;
}

const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '4 2', '1 2', '12 4', '6 2 2 2 2 2'];

/** A colour and a dash, so that colour alone tells nothing. The colour is that of the model, where it is one's. */
export function seriesLook(
  index: number,
  theme: 'dark' | 'light',
  model?: string,
): { colour: string; dash: string | undefined } {
  const name = seriesColours[index % seriesColours.length] ?? 'sky';
  // Past the last colour the dashes go on, so that the ninth is not the first.
  const turn = index + Math.floor(index / seriesColours.length);
  const own = model === undefined ? undefined : modelColour(model, theme);
  return { colour: own ?? palettes[theme].series[name], dash: dashes[turn % dashes.length] };
}

/** From 0, in round steps, so that the last one is at or above `most`. */
export function linearTicks(most: number, roundness: Roundness = 'decimal', wanted = 5): number[] {
  if (!(most > 0)) return [0, 1];
  const step = niceStep(most / wanted, roundness);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Powers of ten around both, 1, 2, 5 where that would be one decade only; of bytes, powers of two. */
export function logTicks(least: number, most: number, roundness: Roundness = 'decimal'): number[] {
  if (roundness === 'binary') return logTicksOfTwo(least, most);
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

/** At most nine. */
function logTicksOfTwo(least: number, most: number): number[] {
  const [from, to] = [Math.floor(Math.log2(Math.max(1, least))), Math.ceil(Math.log2(Math.max(2, most)) - 1e-9)];
  const every = Math.max(1, Math.ceil((to - from) / 8));
  return Array.from({ length: Math.max(1, Math.ceil((to - from) / every)) + 1 }, (_, i) => 2 ** (from + i * every));
}
