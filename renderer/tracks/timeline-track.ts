/** What every thread did: on a core, ready for one, asleep in a call. At close zoom each call is a slice with its name. */
import type { TelemetryHistory } from '../stores/history.ts';
import type { Palette } from '../theme/palette.ts';
import {
  frameIntervalMs,
  noFd,
  noSyscall,
  syscallNames,
  threadStates,
  type ThreadState,
} from '../../shared/telemetry/wire.ts';
import { drawArrows, arrowsOf, drawSlices, eventLines, eventName, slicesOf, type Slice } from './event-slices.ts';
import { duration, missing, percent } from '../stores/format.ts';
import { notFromOutside } from '../stores/outside.ts';
import { isOfLab } from '../stores/threads-of-lab.ts';
import type { Pen } from './pen.ts';
import { RingImage, type RingPlan } from './ring-image.ts';
import { RowWindow } from './row-window.ts';
import { SharePainter, type ShareLines, type ShareTiles } from './share-pixels.ts';
import { threadCountWords, ThreadOrder, type OrderedThreads } from './thread-order.ts';
import { absenceOf, stretchAt, type StateStretch } from './thread-states.ts';
import { threadTable } from './thread-table.ts';
import { ThreadTimes } from './thread-times.ts';
import { nsAt, nsPerPx } from './time-scale.ts';
import { ColumnTimes, timelineOrder, timelineTiles, weighThreads } from './timeline-columns.ts';
import type { AxisLabel, Hit, LegendItem, Statistic, Stretch, Table, Track, TrackChoice, TrackView } from './track.ts';

const labelPx = 12;
/** Few threads have tall rows: a coroutine's run, the calls within it and the arrows to them lie clear of each other. */
const tallestPx = 27;
/** Slices need room for their names. */
const slicePx = 12;
/** Switches and samples of a stretch of time come within so many frames. */
const settlingNs = 4 * frameIntervalMs * 1e6;
/** What the legend is of before anything was drawn. */
const usualStretchNs = 30e9;
const shownStates = ['running', 'ready', 'blocked', 'sleeping', 'unknown'] as const;

export const threadWords: Readonly<Record<ThreadState, string>> = {
  running: 'on a core',
  ready: 'ready, waits for a core',
  blocked: 'blocked in a call',
  sleeping: 'sleeps until a time',
  unknown: 'not known',
};

export class TimelineTrack implements Track {
  readonly id = 'threads';
  readonly title = 'Threads';
  readonly unit = 'a row a thread';
  readonly heightPx = 140;
  readonly madeOf = 'threads';
  readonly isOfShares = true;
  readonly choices: readonly TrackChoice[];
  readonly #history: TelemetryHistory;
  readonly #originNs: () => number;
  readonly #window = new RowWindow(tallestPx);
  readonly #order = new ThreadOrder();
  readonly #times = new ThreadTimes(this.#order);
  readonly #columnTimes = new ColumnTimes();
  readonly #painter = new SharePainter();
  #image: RingImage | undefined;
  #tiles: { readonly name: string; readonly tiles: ShareTiles } | undefined;
  #threads: OrderedThreads = { all: [], modelCount: 0 };
  #drawn: Stretch | undefined;
  /** Places of the order that were drawn last, and on how many lines. */
  #shown = { first: 0, end: 0, lines: 0 };
  #slices: readonly Slice[] = [];

  constructor(history: TelemetryHistory, originNs: () => number) {
    this.#history = history;
    this.#originNs = originNs;
    this.choices = [this.#window];
  }

  get help(): string {
    const calls = this.#history.isWatchedFromOutside
      ? notFromOutside
      : 'Zoom in, at the detail level “events”, and each system call and coroutine run has its name, with arrows from the report that a socket is ready to the call that serves it.';
    return `Each row is a thread of the server. Green: it runs on a core. Orange: it could run and waits for a core, because the kernel took it away. Dark: it sleeps in a system call until something happens. Where switches are not recorded, a thread that waits for a core cannot be told from one that runs, and is green too. Every pixel has the colour of one state; where states change faster than pixels can show, as many pixels have a colour as its share of the time. ${calls}`;
  }

  emptyText(): string | undefined {
    if (this.#history.threads.byId.size > 0) return undefined;
    if (this.#history.isWatchedFromOutside) return 'No thread of the server has been seen.';
    return 'Every thread of the server gets a row here: what it does, and where it waits. Run one, then switch to thread per connection.';
  }

  draw(pen: Pen, view: TrackView): void {
    const { threads: store, newestNs, epoch, events } = this.#history;
    this.#drawn = view;
    this.#threads = this.#order.between(this.#history, view.fromNs, view.toNs);
    const threads = this.#threads.all;
    const count = threads.length;
    const { first, end } = this.#window.visible(count, view.heightPx);
    const ratio = view.pixelRatio;
    const rowPx = this.#window.rowPx(count, view.heightPx);
    const heightPx = (end - first) * rowPx;
    const lines = Math.min(end - first, Math.round(view.heightPx * ratio));
    const linePx = lines === 0 ? 1 : Math.max(1, Math.round((heightPx * ratio) / lines));
    const columnNs = nsPerPx(view) / ratio;
    if (this.#tiles?.name !== view.palette.name) {
      this.#tiles = { name: view.palette.name, tiles: timelineTiles(view.palette) };
    }
    const timeline = { store, threads, first, end, lines, columnNs, newestNs, times: this.#columnTimes };
    const shown = `${threads[first]?.threadId ?? 0}-${threads[end - 1]?.threadId ?? 0}`;
    const settledNs = newestNs - settlingNs;
    const key = [epoch, shown, count, first, end, linePx, columnNs, view.palette.name].join();
    const shares: ShareLines = {
      key,
      lines,
      linePx,
      gapPx: linePx >= 4 ? 1 : 0,
      firstLine: lines === end - first ? first : 0,
      tiles: this.#tiles.tiles,
      order: timelineOrder,
      isStacked: false,
      settledColumn: Math.floor(settledNs / columnNs),
      weigh: (from, width, weights) => weighThreads(timeline, from, width, weights),
    };
    const plan: RingPlan = {
      key,
      columnNs,
      firstColumn: Math.round(view.fromNs / columnNs),
      columns: Math.max(1, Math.round(view.widthPx * ratio)),
      heightPx: lines * linePx,
      settledNs,
      paint: (from, width, pixels) => this.#painter.paint(shares, from, width, pixels),
    };
    const image = (this.#image ??= new RingImage());
    image.update(plan);
    const top = this.#window.topOf(first, count, view.heightPx);
    let x = 0;
    for (const part of image.parts(plan)) {
      pen.image(part, x, top, part.width / ratio, heightPx);
      x += part.width / ratio;
    }
    this.#slices = [];
    const topOf = (place: number): number => this.#window.topOf(place, count, view.heightPx);
    if (rowPx >= slicePx) {
      const slices = slicesOf(events, { threads, first, end, rowPx, topOf }, view);
      if (slices !== undefined) {
        drawSlices(pen, view, slices);
        drawArrows(pen, view, arrowsOf(slices));
        this.#slices = slices;
      }
    }
    this.#drawRows(pen, view, first, end);
    this.#shown = { first, end, lines };
  }

  axis(view: TrackView): readonly AxisLabel[] {
    const { all, modelCount } = this.#threads;
    const rowPx = this.#window.rowPx(all.length, view.heightPx);
    const { first, end } = this.#shown;
    if (rowPx < labelPx) return [];
    return all.slice(first, end).map((thread, i) => ({
      yPx: this.#window.topOf(first + i, all.length, view.heightPx) + rowPx / 2,
      text: `${thread.name}${first + i >= modelCount ? ' · lab' : ''}`,
    }));
  }

  note(): string {
    const count = this.#threads.all.length;
    if (count === 0) return '';
    const { first, end, lines } = this.#shown;
    const each = (end - first) / Math.max(1, lines);
    const words = threadCountWords(this.#threads);
    const seen = end - first < count ? `${first + 1}–${end} of ${words}` : words;
    return each > 1 ? `${seen}, ${each.toFixed(1)} a line` : seen;
  }

  legend(timeNs: number | undefined, palette: Palette, over?: Stretch): readonly LegendItem[] {
    const values =
      timeNs === undefined || over !== undefined
        ? this.#shares(over ?? this.#drawn ?? this.#recent)
        : this.#countsAt(timeNs);
    return shownStates.map((state) => {
      const absence = absenceOf(state, this.#history);
      return {
        label: threadWords[state],
        colour: palette.threads[state],
        hatch: 'plain' as const,
        value: absence === undefined ? (values?.[threadStates.indexOf(state)] ?? missing) : missing,
        absence,
      };
    });
  }

  knownAt(timeNs: number): string {
    const isExact = this.#history.counters.server.valueAt('gauge.recordsSwitches', timeNs) === 1;
    return isExact
      ? 'threads in each state, by the kernel’s record of every switch'
      : 'threads in each state, as the looks every 50 ms saw them: what came between two is not known';
  }

  get #recent(): Stretch {
    const { newestNs } = this.#history;
    return { fromNs: newestNs - usualStretchNs, toNs: newestNs };
  }

  /** Of the time of the model's threads, what went to each state. */
  #shares({ fromNs, toNs }: Stretch): string[] | undefined {
    // Of what was before the first frame nothing is known, and a window may show some of it.
    const beginNs = Math.max(fromNs, this.#history.oldestNs);
    const times = this.#times.between(this.#history, beginNs, toNs, settlingNs);
    const sum = times.reduce((all, ns) => all + ns, 0);
    return sum > 0 ? Array.from(times, (ns) => percent(ns / sum)) : undefined;
  }

  /** How many of the model's threads were in each state. */
  #countsAt(timeNs: number): string[] | undefined {
    const { threads: store, newestNs } = this.#history;
    const atNs = Math.min(timeNs, newestNs);
    if (Number.isNaN(atNs)) return undefined;
    const counts = new Uint32Array(threadStates.length);
    const { all, modelCount } = this.#order.between(this.#history, atNs, atNs);
    for (const thread of all.slice(0, modelCount)) {
      const state = stretchAt(store, thread, atNs, newestNs)?.state ?? 0;
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return Array.from(counts, String);
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const timeNs = nsAt(view, xPx);
    const found = this.#slices.findLast(
      (slice) => xPx >= slice.left - 1 && xPx <= slice.right + 1 && yPx >= slice.top && yPx <= slice.bottom + 1,
    );
    const { all } = this.#threads;
    const place = this.#window.placeAt(yPx, all.length, view.heightPx);
    const thread = place === undefined ? undefined : all[place];
    if (thread === undefined) return undefined;
    const who = `${thread.name}, thread ${thread.tid}${isOfLab(this.#history, thread.name) ? ', of the lab' : ''}`;
    if (found !== undefined) {
      const { event } = found;
      return {
        title: eventName(event),
        lines: [...eventLines(event), who],
        pick: { kind: 'event', event, timeNs: event.timeNs },
      };
    }
    const { threads: store, newestNs } = this.#history;
    const stretch = stretchAt(store, thread, timeNs, newestNs);
    if (stretch === undefined) return undefined;
    const pick = { kind: 'thread', threadId: thread.threadId, timeNs } as const;
    return { title: who, lines: stretchLines(stretch, timeNs, this.#history), pick };
  }

  statistics(fromNs: number, toNs: number): readonly Statistic[] {
    const shares = this.#shares({ fromNs, toNs });
    return shownStates.map((state) => ({
      label: threadWords[state],
      value:
        absenceOf(state, this.#history) === undefined ? (shares?.[threadStates.indexOf(state)] ?? missing) : missing,
    }));
  }

  table(fromNs: number, toNs: number): Table {
    const { all } = this.#order.between(this.#history, fromNs, toNs);
    return threadTable(this.#history, all, fromNs, toNs, this.#originNs());
  }

  scrollRows(byPx: number, view: TrackView): boolean {
    return this.#window.scroll(byPx, this.#threads.all.length, view.heightPx);
  }

  #drawRows(pen: Pen, view: TrackView, first: number, end: number): void {
    const { palette, heightPx, picked } = view;
    const { all, modelCount } = this.#threads;
    const rowPx = this.#window.rowPx(all.length, heightPx);
    const line = (y: number, colour: string): void => pen.line([0, view.widthPx], [y, y], 2, { colour, widthPx: 1 });
    const place = picked?.kind === 'thread' ? all.findIndex(({ threadId }) => threadId === picked.threadId) : -1;
    if (place >= first && place < end) {
      const top = this.#window.topOf(place, all.length, heightPx);
      for (const y of [top - 0.5, top + Math.max(2, rowPx) - 0.5]) line(y, palette.text);
    }
    if (modelCount > first && modelCount < end) {
      line(this.#window.topOf(modelCount, all.length, heightPx) - 0.5, palette.axis);
    }
  }
}

function stretchLines(stretch: StateStretch, timeNs: number, { isWatchedFromOutside }: TelemetryHistory): string[] {
  const state = threadStates[stretch.state] ?? 'unknown';
  const call = stretch.syscall === noSyscall ? undefined : syscallNames[stretch.syscall];
  const where = state === 'blocked' && call !== undefined ? `blocked in ${call}` : threadWords[state];
  const lines = [stretch.fd === noFd ? where : `${where} on fd ${stretch.fd}`];
  if (state !== 'unknown') lines.push(`for ${duration(timeNs - stretch.fromNs)} by then`);
  else if (!isWatchedFromOutside) lines.push('States are recorded from the detail level “fds” on.');
  return lines;
}
