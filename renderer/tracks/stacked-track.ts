/** System calls by name, stacked: the height is all calls a second, each band one call. */
import type { TelemetryHistory } from '../stores/history.ts';
import { recentStretch } from '../stores/figures.ts';
import { notFromOutside } from '../stores/outside.ts';
import { columnOf } from '../stores/series.ts';
import type { Palette, SeriesColour } from '../theme/palette.ts';
import { syscallNames, type SyscallName } from '../../shared/telemetry/wire.ts';
import { decimate, LinePoints, rowAt } from './decimate.ts';
import { missing, perSecond } from '../stores/format.ts';
import { axisLabels, drawGrid, yOf } from './line-track.ts';
import type { Pen } from './pen.ts';
import { nsAt } from './time-scale.ts';
import {
  hatches,
  maxTableRows,
  type AxisLabel,
  type Hatch,
  type Hit,
  type LegendItem,
  type Statistic,
  type Table,
  type Track,
  type TrackView,
} from './track.ts';
import { fitScale, type ValueScale } from './value-scale.ts';

const colours: readonly SeriesColour[] = ['sky', 'orange', 'green', 'purple', 'yellow', 'vermilion', 'blue'];
const mostBands = 7;
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
  readonly unit = 'per s';
  readonly heightPx = 132;
  readonly help =
    'Calls that the server made into the kernel, by name, stacked. This is where the models differ most: epoll asks once for many sockets, polling asks each, io_uring hardly asks at all. Counted in the server’s own wrappers, completely; compare with strace -c.';
  readonly #history: TelemetryHistory;
  readonly #originNs: () => number;
  readonly #points = Array.from({ length: mostBands + 1 }, () => new LinePoints());
  #scale: ValueScale | undefined;
  /** A call keeps its colour while it is among the frequent ones. */
  readonly #colourOf = new Map<SyscallName, SeriesColour>();

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
    const bands = this.#bands(view.fromNs, view.toNs);
    const { ring } = this.#history.counters.server;
    bands.forEach((band, i) => {
      const points = this.#points[i];
      if (points === undefined) return;
      const columns = band.names.map((name) => columnOf(`syscall.${name}`));
      decimate(ring, (row) => columns.reduce((sum, column) => sum + ring.rateAt(column, row), 0), view, points);
    });
    const count = this.#points[0]?.count ?? 0;
    const stack = bands.map(() => new Float64Array(count));
    let highest = 0;
    for (let x = 0; x < count; x++) {
      let sum = 0;
      bands.forEach((_, i) => {
        sum += this.#points[i]?.means[x] ?? 0;
        const level = stack[i];
        if (level !== undefined) level[x] = sum;
      });
      if (sum > highest) highest = sum;
    }
    this.#scale = fitScale('linear', 0, highest, this.#scale);
    const scale = this.#scale;
    drawGrid(pen, view, scale);
    const xs = this.#points[0]?.xs ?? new Float64Array(0);
    const heights = stack.map((levels) => levels.map((value) => yOf(view, scale, value)));
    const floor = new Float64Array(count).fill(yOf(view, scale, 0));
    bands.forEach((band, i) => {
      const tops = heights[i];
      if (tops === undefined) return;
      pen.band(xs, tops, heights[i - 1] ?? floor, count, view.palette.series[band.colour], 0.72, band.hatch);
      // A fine line in the background's colour parts neighbours whose colours some people cannot tell apart.
      pen.line(xs, tops, count, { colour: view.palette.background, widthPx: 1 });
    });
  }

  axis(view: TrackView): readonly AxisLabel[] {
    return this.#scale === undefined ? [] : axisLabels(view, this.#scale, perSecond);
  }

  legend(timeNs: number | undefined, palette: Palette): readonly LegendItem[] {
    const { ring } = this.#history.counters.server;
    const around = timeNs ?? ring.newestNs;
    const recent = recentStretch(this.#history.steadySinceNs, ring);
    const rateOf = (band: Band): number => {
      if (timeNs === undefined) return recent ? this.#rateBetween(band, recent.fromNs, recent.toNs) : Number.NaN;
      const row = rowAt(ring, timeNs);
      return row < 0 ? Number.NaN : this.#rate(band, row);
    };
    return this.#bands(around - 15e9, around + 1e9)
      .map((band) => ({
        label: band.label,
        colour: palette.series[band.colour],
        hatch: band.hatch,
        value: perSecond(rateOf(band)),
      }))
      .toReversed();
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const { ring } = this.#history.counters.server;
    const row = rowAt(ring, nsAt(view, xPx));
    if (row < 0 || this.#scale === undefined) return undefined;
    let sum = 0;
    for (const band of this.#bands(view.fromNs, view.toNs)) {
      const rate = this.#rate(band, row);
      sum += rate;
      if (yPx >= yOf(view, this.#scale, sum) && rate > 0) return { title: band.label, lines: [perSecond(rate)] };
    }
    return undefined;
  }

  statistics(fromNs: number, toNs: number): readonly Statistic[] {
    if (this.#history.isWatchedFromOutside) return [{ label: 'all names', value: missing }];
    return this.#bands(fromNs, toNs)
      .map((band) => ({ label: band.label, value: perSecond(this.#rateBetween(band, fromNs, toNs)) }))
      .toReversed();
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
        ...names.map((name) => ring.rateAt(columnOf(`syscall.${name}`), row)),
      ]);
    }
    const columns = ['time s', ...names.map((name) => `${name} 1/s`)];
    if (first === from) return { columns, rows };
    return { columns, rows, note: `Only the newest ${maxTableRows} frames of the window are listed.` };
  }

  #rateBetween({ names }: Band, fromNs: number, toNs: number): number {
    const { server } = this.#history.counters;
    return names.reduce((sum, name) => sum + server.rateBetween(`syscall.${name}`, fromNs, toNs), 0);
  }

  #rate(band: Band, row: number): number {
    const { ring } = this.#history.counters.server;
    return band.names.reduce((sum, name) => sum + ring.rateAt(columnOf(`syscall.${name}`), row), 0);
  }

  /** The most frequent calls of a window, the steadiest at the bottom, and the others as one. */
  #bands(fromNs: number, toNs: number): readonly Band[] {
    const { server } = this.#history.counters;
    const { ring } = server;
    const begin = Math.max(ring.first, ring.lowerBound(fromNs) - 1);
    const end = Math.min(ring.end - 1, ring.lowerBound(toNs));
    const grown = (name: SyscallName): number => {
      const column = columnOf(`syscall.${name}`);
      return end > begin ? ring.at(column, end) - ring.at(column, begin) : 0;
    };
    const called = syscallNames
      .map((name) => ({ name, count: grown(name) }))
      .filter(({ count }) => count > 0)
      .sort((a, b) => b.count - a.count)
      .map(({ name }) => name);
    const frequent = called.slice(0, mostBands);
    this.#giveColours(frequent);
    const bands: Band[] = frequent.map((name) => {
      const colour = this.#colourOf.get(name) ?? 'grey';
      return {
        label: name,
        names: [name],
        colour,
        hatch: hatches[colours.indexOf(colour) % hatches.length] ?? 'plain',
      };
    });
    const others = called.slice(mostBands);
    if (others.length > 0)
      bands.push({ label: `${others.length} others`, names: others, colour: 'grey', hatch: 'plain' });
    return bands;
  }

  #giveColours(frequent: readonly SyscallName[]): void {
    for (const name of this.#colourOf.keys()) {
      if (this.#colourOf.size >= colours.length && !frequent.includes(name)) this.#colourOf.delete(name);
    }
    for (const name of frequent) {
      if (this.#colourOf.has(name)) continue;
      const taken = new Set(this.#colourOf.values());
      this.#colourOf.set(name, colours.find((colour) => !taken.has(colour)) ?? 'grey');
    }
  }
}
