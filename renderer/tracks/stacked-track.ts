/** System calls by name, stacked: the height is all calls a second, each band one call. */
import type { TelemetryHistory } from '../stores/history.ts';
import { recentStretch } from '../stores/figures.ts';
import { notFromOutside } from '../stores/outside.ts';
import { columnOf, type SeriesName } from '../stores/series.ts';
import type { SeriesColour } from '../../shared/series-colours.ts';
import type { Palette } from '../theme/palette.ts';
import { syscallNames, type SyscallName } from '../../shared/telemetry/wire.ts';
import { otherCalls, syscallLook } from '../../shared/syscall-looks.ts';
import { missing, perSecond } from '../stores/format.ts';
import { decimate, LinePoints, pointAt, scaleTelling, type Samples } from './decimate.ts';
import { Scratch, stepped } from './line-path.ts';
import { axisLabels, drawGrid, heightsOf, leastStepPx, yOf } from './line-track.ts';
import type { Hatch, Pen } from './pen.ts';
import { totalSamples } from './samples.ts';
import { nsAt } from './time-scale.ts';
import {
  maxTableRows,
  type AxisLabel,
  type Hit,
  type LegendItem,
  type Statistic,
  type Stretch,
  type Table,
  type Track,
  type TrackView,
} from './track.ts';
import { FittedScale } from './value-scale.ts';

const mostBands = 7;
const mostMade = 32;
/** What the legend is of before anything was drawn. */
const usualStretchNs = 30e9;
const countThemYourself = `${notFromOutside} “strace -c -f -p PID” counts the system calls of any process, and slows it down.`;

interface Band {
  readonly label: string;
  readonly names: readonly SyscallName[];
  readonly colour: SeriesColour;
  readonly hatch: Hatch;
}

export class StackedTrack implements Track {
  readonly id = 'syscalls';
  readonly title = 'System calls';
  readonly unit = 'per s, over half a second';
  readonly heightPx = 132;
  readonly help =
    'Calls that the server made into the kernel, by name, stacked; the most frequent at the bottom. A name has its colour and pattern in every run. This is where the models differ most: epoll asks once for many sockets, polling asks each, io_uring hardly asks at all. Counted in the server’s own wrappers, completely; compare with strace -c.';
  readonly #history: TelemetryHistory;
  readonly #originNs: () => number;
  /** Written anew for each picture, by the band. */
  readonly #points: LinePoints[] = [];
  readonly #steps: LinePoints[] = [];
  readonly #heights: Scratch[] = [];
  /** By the names of their calls; each keeps the rates that it has worked out. */
  readonly #made = new Map<string, Samples>();
  readonly #scale = new FittedScale();
  #drawn: TrackView | undefined;

  constructor(history: TelemetryHistory, originNs: () => number) {
    this.#history = history;
    this.#originNs = originNs;
  }

  emptyText(): string | undefined {
    if (this.#history.isWatchedFromOutside) return countThemYourself;
    return this.#history.counters.server.ring.rows > 1
      ? undefined
      : 'Every system call of the server is counted by name: read, write, epoll_wait … Run two models one after the other and compare.';
  }

  draw(pen: Pen, view: TrackView): void {
    this.#drawn = view;
    const bands = this.#bands(view);
    const points = bands.map((band, i) => decimate(this.#samples(band), view, (this.#points[i] ??= new LinePoints())));
    let highest = 0;
    points.forEach((own, i) => {
      const below = points[i - 1];
      for (let x = 0; x < own.count; x++) {
        own.means[x] = (own.means[x] ?? 0) + (below?.means[x] ?? 0);
        if ((own.means[x] ?? 0) > highest) highest = own.means[x] ?? 0;
      }
    });
    const scale = this.#scale.fit('linear', [0, highest], view.isMoving === true);
    drawGrid(pen, view, scale);
    const count = points[0]?.count ?? 0;
    const leastPx = leastStepPx(count, view.widthPx);
    const drawn = points.map((own, i) => stepped(own, (this.#steps[i] ??= new LinePoints()), leastPx));
    const heights = drawn.map((own, i) =>
      heightsOf(view, scale, own.means, own.count, (this.#heights[i] ??= new Scratch())),
    );
    bands.forEach((band, i) => {
      const own = drawn[i];
      const tops = heights[i];
      if (own === undefined || tops === undefined) return;
      const floor = heights[i - 1] ?? new Float64Array(own.count).fill(yOf(view, scale, 0));
      pen.band(own.xs, tops, floor, own.count, view.palette.series[band.colour], 0.72, band.hatch);
      // A fine line in the background's colour parts neighbours whose colours some people cannot tell apart.
      pen.line(own.xs, tops, own.count, { colour: view.palette.background, widthPx: 1 });
    });
  }

  axis(view: TrackView): readonly AxisLabel[] {
    const { value } = this.#scale;
    return value === undefined ? [] : axisLabels(view, value, perSecond);
  }

  legend(timeNs: number | undefined, palette: Palette, over?: Stretch): readonly LegendItem[] {
    const { ring } = this.#history.counters.server;
    const recent = recentStretch(this.#history.steadySinceNs, ring);
    const rateOf = (band: Band): number => {
      if (timeNs !== undefined) return this.#rateAt(band, timeNs);
      return recent ? this.#rateBetween(band, recent.fromNs, recent.toNs) : Number.NaN;
    };
    const newestNs = timeNs ?? ring.newestNs;
    const stretch = over ?? this.#drawn ?? { fromNs: newestNs - usualStretchNs, toNs: newestNs };
    return this.#bands(stretch).map((band) => ({
      label: band.label,
      colour: palette.series[band.colour],
      hatch: band.hatch,
      value: perSecond(rateOf(band)),
    }));
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const { value: scale } = this.#scale;
    if (scale === undefined) return undefined;
    let sum = 0;
    for (const band of this.#bands(view)) {
      const rate = this.#rateAt(band, nsAt(view, xPx));
      if (!(rate > 0)) continue;
      sum += rate;
      if (yPx >= yOf(view, scale, sum)) return { title: band.label, lines: [perSecond(rate)] };
    }
    return undefined;
  }

  statistics(fromNs: number, toNs: number): readonly Statistic[] {
    if (this.#history.isWatchedFromOutside) return [{ label: 'all names', value: missing }];
    return this.#bands({ fromNs, toNs }).map((band) => ({
      label: band.label,
      value: perSecond(this.#rateBetween(band, fromNs, toNs)),
    }));
  }

  table(fromNs: number, toNs: number): Table {
    const { server } = this.#history.counters;
    const { ring } = server;
    if (this.#history.isWatchedFromOutside) return { columns: ['time s'], rows: [], note: countThemYourself };
    const names = syscallNames.filter((name) => server.rateBetween(`syscall.${name}`, fromNs, toNs) > 0);
    const end = ring.lowerBound(toNs + 1);
    const from = ring.lowerBound(fromNs);
    const first = Math.max(from, end - maxTableRows);
    const rows: number[][] = [];
    for (let row = first; row < end; row++) {
      rows.push([
        (ring.timeAt(row) - this.#originNs()) / 1e9,
        ...names.map((name) => this.#samples({ names: [name] }).valueOf(row)),
      ]);
    }
    const columns = ['time s', ...names.map((name) => `${name} 1/s`)];
    if (first === from) return { columns, rows };
    return { columns, rows, note: `Only the newest ${maxTableRows} frames of the window are listed.` };
  }

  #samples({ names }: Pick<Band, 'names'>): Samples {
    const key = names.join();
    let samples = this.#made.get(key);
    if (samples === undefined) {
      const series = names.map((name): SeriesName => `syscall.${name}`);
      samples = totalSamples(() => this.#history.counters.server, series);
      // The rare ones, which are told as one, are now these and now those.
      if (this.#made.size >= mostMade) this.#made.clear();
      this.#made.set(key, samples);
    }
    return samples;
  }

  #rateBetween({ names }: Band, fromNs: number, toNs: number): number {
    const { server } = this.#history.counters;
    return names.reduce((sum, name) => sum + server.rateBetween(`syscall.${name}`, fromNs, toNs), 0);
  }

  #rateAt(band: Band, timeNs: number): number {
    return pointAt(this.#samples(band), scaleTelling(this.#drawn, timeNs), timeNs)?.value ?? Number.NaN;
  }

  /** The calls of a stretch of time, most first, and those beyond the first few as one. */
  #bands({ fromNs, toNs }: Stretch): readonly Band[] {
    const { ring } = this.#history.counters.server;
    const begin = Math.max(ring.first, ring.lowerBound(fromNs) - 1);
    const end = Math.min(ring.end - 1, ring.lowerBound(toNs));
    if (end <= begin) return [];
    const grown = (name: SyscallName): number => {
      const column = columnOf(`syscall.${name}`);
      // Another process counts from zero: what it had by then it has called.
      const more = ring.at(column, end) - ring.at(column, begin);
      return more < 0 ? ring.at(column, end) : more;
    };
    const called = syscallNames
      .map((name) => ({ name, count: grown(name) }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count)
      .map(({ name }) => name);
    const frequent = called.slice(0, mostBands);
    const others = called.slice(mostBands);
    return [
      ...frequent.map((name) => ({ label: name, names: [name], ...syscallLook(name) })),
      ...(others.length > 0 ? [{ label: `${others.length} others`, names: others, ...otherCalls }] : []),
    ];
  }
}
