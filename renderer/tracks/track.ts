/** What every track can do; one kind of chart a file implements it. */
import { csvText } from '../../shared/csv.ts';
import type { Palette } from '../theme/palette.ts';
import { missing } from '../stores/format.ts';
import type { Picked } from '../stores/selection.ts';
import type { Hatch, Pen } from './pen.ts';
import type { TimeScale } from './time-scale.ts';

export interface TrackView extends TimeScale {
  readonly heightPx: number;
  /** Device pixels a CSS pixel. */
  readonly pixelRatio: number;
  readonly palette: Palette;
  readonly picked?: Picked | undefined;
  /** The window moves on by itself, with what comes. */
  readonly isMoving?: boolean;
}

export interface LegendItem {
  readonly label: string;
  readonly colour: string;
  /** Of a line, in pixels: what tells it from others without its colour. */
  readonly dash?: readonly number[] | undefined;
  readonly hatch?: Hatch | undefined;
  readonly value: string;
  /** Why it has no value, where nobody can know it. */
  readonly absence?: string | undefined;
}

/** What is under the pointer. */
export interface Hit {
  readonly title: string;
  readonly lines: readonly string[];
  readonly pick?: Picked;
}

export interface Statistic {
  readonly label: string;
  readonly value: string;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** What the table leaves out, in one sentence. */
  readonly note?: string;
}

export interface Stretch {
  readonly fromNs: number;
  readonly toNs: number;
}

export interface TrackChoice {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  value: string;
}

/** What can be done with a track from its menu. */
export const trackActions = ['table', 'up', 'down', 'hide', 'svg', 'png'] as const;
export type TrackAction = (typeof trackActions)[number];

/** A name or a tick beside the plot, never over what is drawn in it. */
export interface AxisLabel {
  /** Of its middle, from the plot's top. */
  readonly yPx: number;
  readonly text: string;
}

export interface Track {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** What the picture says and what its colours mean, in a few sentences; it may depend on who serves. */
  readonly help: string;
  readonly heightPx: number;
  readonly choices?: readonly TrackChoice[];
  /** What its picture is made of, which is kept for its own length; figures where it does not say. */
  readonly madeOf?: 'sockets' | 'threads';
  /** Whether its legend tells shares of a stretch of time, and at a moment what is known of that. */
  readonly isOfShares?: boolean;
  /** Why there is nothing to see and what to do about it; undefined where there is something. */
  emptyText(): string | undefined;
  draw(pen: Pen, view: TrackView): void;
  /** What stands beside the picture that was drawn last. */
  axis?(view: TrackView): readonly AxisLabel[];
  /** In the track's header: what the picture that was drawn last leaves out, or of what it is a part. */
  note?(view: TrackView): string;
  /**
   * Values at a time; without one those of now, rates and percentiles over the last seconds (`recentStretch`). Of states
   * they are the shares of a stretch of time: `over`, or what was last drawn.
   */
  legend(timeNs: number | undefined, palette: Palette, over?: Stretch): readonly LegendItem[];
  /** Of what the legend of a moment is, and how that is known. */
  knownAt?(timeNs: number): string;
  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined;
  statistics(fromNs: number, toNs: number): readonly Statistic[];
  table(fromNs: number, toNs: number): Table;
  /** Wheel or keys over a track whose rows do not all fit; false where it has nothing to scroll. */
  scrollRows?(byPx: number, view: TrackView): boolean;
}

/** Rows that a table shows at most: more than that nobody reads, and exports have whole sessions for it. */
export const maxTableRows = 5000;

const isKnown = (cell: string | number): boolean =>
  typeof cell === 'number' ? Number.isFinite(cell) : cell !== missing;

/** As CSV; what is not known is an empty field. */
export const toCsv = ({ columns, rows }: Table): string =>
  csvText([columns, ...rows.map((row) => row.map((cell) => (isKnown(cell) ? cell : null)))]);
