/** What every thread did: on a core, ready for one, asleep in a call. At close zoom each call is a slice with its name. */
import type { TelemetryHistory } from '../stores/history.ts';
import type { ThreadRecord } from '../stores/history-threads.ts';
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
import { duration, missing } from '../stores/format.ts';
import { notFromOutside } from '../stores/outside.ts';
import type { Pen } from './pen.ts';
import { RingImage, type RingPlan } from './ring-image.ts';
import { RowWindow } from './row-window.ts';
import { absenceOf, stretchAt, timeInStates, type Stretch } from './thread-states.ts';
import { threadTable } from './thread-table.ts';
import { nsAt, nsPerPx } from './time-scale.ts';
import { Mixture, paintTimeline } from './timeline-columns.ts';
import type { Hit, LegendItem, Statistic, Table, Track, TrackChoice, TrackView } from './track.ts';

const labelPx = 12;
/** Few threads have tall rows: a coroutine's run, the calls within it and the arrows to them lie clear of each other. */
const tallestPx = 27;
/** Slices need room for their names. */
const slicePx = 12;
/** Switches and samples of a stretch of time come within so many frames. */
const settlingNs = 4 * frameIntervalMs * 1e6;
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
  readonly choices: readonly TrackChoice[];
  readonly #history: TelemetryHistory;
  readonly #originNs: () => number;
  readonly #window = new RowWindow(tallestPx);
  #image: RingImage | undefined;
  #mixture: { readonly name: string; readonly mixture: Mixture } | undefined;
  #threads: readonly ThreadRecord[] = [];
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
    return `Each row is a thread of the server. Green: it runs on a core. Orange: it could run and waits for a core, because the kernel took it away. Dark: it sleeps in a system call until something happens. Where switches are not recorded, a thread that waits for a core cannot be told from one that runs, and is green too. A pixel holds many switches; the more of its time is spent running, the greener it is. ${calls}`;
  }

  emptyText(): string | undefined {
    if (this.#history.threads.byId.size > 0) return undefined;
    if (this.#history.isWatchedFromOutside) return 'No thread of the server has been seen.';
    return 'Every thread of the server gets a row here: what it does, and where it waits. Run one, then switch to thread per connection.';
  }

  draw(pen: Pen, view: TrackView): void {
    const { threads: store, newestNs, epoch, events } = this.#history;
    this.#threads = threadsOf(this.#history, view.fromNs, view.toNs);
    const threads = this.#threads;
    const count = threads.length;
    const { first, end } = this.#window.visible(count, view.heightPx);
    const ratio = view.pixelRatio;
    const rowPx = this.#window.rowPx(count, view.heightPx);
    const heightPx = (end - first) * rowPx;
    const lines = Math.min(end - first, Math.round(view.heightPx * ratio));
    const linePx = lines === 0 ? 1 : Math.max(1, Math.round((heightPx * ratio) / lines));
    const columnNs = nsPerPx(view) / ratio;
    if (this.#mixture?.name !== view.palette.name) {
      this.#mixture = { name: view.palette.name, mixture: new Mixture(view.palette) };
    }
    const gapPx = linePx >= 4 ? 1 : 0;
    const { mixture } = this.#mixture;
    const timeline = { store, threads, first, end, lines, linePx, gapPx, columnNs, newestNs, mixture };
    const shown = `${threads[first]?.threadId ?? 0}-${threads[end - 1]?.threadId ?? 0}`;
    const plan: RingPlan = {
      key: [epoch, shown, count, first, end, linePx, columnNs, view.palette.name].join(),
      columnNs,
      firstColumn: Math.round(view.fromNs / columnNs),
      columns: Math.max(1, Math.round(view.widthPx * ratio)),
      heightPx: lines * linePx,
      settledNs: newestNs - settlingNs,
      paint: (from, width, pixels) => paintTimeline(timeline, from, width, pixels),
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
    this.#drawLabels(pen, view, first, end, lines);
  }

  legend(timeNs: number | undefined, palette: Palette): readonly LegendItem[] {
    const { threads: store, newestNs } = this.#history;
    const atNs = Math.min(timeNs ?? newestNs, newestNs);
    const counts = new Map<number, number>();
    for (const thread of threadsOf(this.#history, atNs, atNs)) {
      const state = stretchAt(store, thread, atNs, newestNs)?.state ?? 0;
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return shownStates.map((state) => ({
      label: threadWords[state],
      colour: palette.threads[state],
      hatch: 'plain' as const,
      value:
        Number.isNaN(atNs) || absenceOf(state, this.#history) !== undefined
          ? missing
          : String(counts.get(threadStates.indexOf(state)) ?? 0),
      absence: absenceOf(state, this.#history),
    }));
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const timeNs = nsAt(view, xPx);
    const found = this.#slices.findLast(
      (slice) => xPx >= slice.left - 1 && xPx <= slice.right + 1 && yPx >= slice.top && yPx <= slice.bottom + 1,
    );
    const place = this.#window.placeAt(yPx, this.#threads.length, view.heightPx);
    const thread = place === undefined ? undefined : this.#threads[place];
    if (thread === undefined) return undefined;
    const who = `${thread.name}, thread ${thread.tid}`;
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
    const { threads: store, newestNs } = this.#history;
    const times = new Float64Array(threadStates.length);
    for (const thread of threadsOf(this.#history, fromNs, toNs))
      timeInStates(store, thread, fromNs, toNs, newestNs, times);
    return shownStates.map((state) => ({
      label: threadWords[state],
      value:
        absenceOf(state, this.#history) === undefined ? duration(times[threadStates.indexOf(state)] ?? 0) : missing,
    }));
  }

  table(fromNs: number, toNs: number): Table {
    return threadTable(this.#history, threadsOf(this.#history, fromNs, toNs), fromNs, toNs, this.#originNs());
  }

  scrollRows(byPx: number, view: TrackView): boolean {
    return this.#window.scroll(byPx, this.#threads.length, view.heightPx);
  }

  #drawLabels(pen: Pen, view: TrackView, first: number, end: number, lines: number): void {
    const { palette, heightPx, picked } = view;
    const count = this.#threads.length;
    const rowPx = this.#window.rowPx(count, heightPx);
    const style = { colour: palette.text, sizePx: 10, halo: palette.background };
    for (let place = first; place < end; place++) {
      const top = this.#window.topOf(place, count, heightPx);
      const thread = this.#threads[place];
      const isPicked = picked?.kind === 'thread' && picked.threadId === thread?.threadId;
      if (isPicked) {
        for (const y of [top - 0.5, top + Math.max(2, rowPx) - 0.5]) {
          pen.line([0, view.widthPx], [y, y], 2, { colour: palette.text, widthPx: 1 });
        }
      }
      if (rowPx >= labelPx) pen.text(5, top + rowPx / 2 + 3.5, thread?.name ?? '', style);
    }
    if (rowPx >= labelPx || count === 0) return;
    const each = (end - first) / Math.max(1, lines);
    const range = `${first + 1}–${end} of ${count} threads`;
    const text = each > 1 ? `${range}, ${each.toFixed(1)} a line` : range;
    pen.text(view.widthPx - 6, heightPx - 6, text, { ...style, align: 'right' });
  }
}

/** Those that lived in a stretch of time, in the order in which they began. */
function threadsOf(history: TelemetryHistory, fromNs: number, toNs: number): ThreadRecord[] {
  const alive: ThreadRecord[] = [];
  for (const thread of history.threads.byId.values()) {
    if (!(thread.startedNs > toNs) && thread.endedNs >= fromNs) alive.push(thread);
  }
  return alive.sort((a, b) => a.threadId - b.threadId);
}

function stretchLines(stretch: Stretch, timeNs: number, { isWatchedFromOutside }: TelemetryHistory): string[] {
  const state = threadStates[stretch.state] ?? 'unknown';
  const call = stretch.syscall === noSyscall ? undefined : syscallNames[stretch.syscall];
  const where = state === 'blocked' && call !== undefined ? `blocked in ${call}` : threadWords[state];
  const lines = [stretch.fd === noFd ? where : `${where} on fd ${stretch.fd}`];
  if (state !== 'unknown') lines.push(`for ${duration(timeNs - stretch.fromNs)} by then`);
  else if (!isWatchedFromOutside) lines.push('States are recorded from the detail level “fds” on.');
  return lines;
}
