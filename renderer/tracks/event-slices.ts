/** System calls, coroutine runs and readiness reports at close zoom: labelled slices, and arrows from report to service. */
import { recordAt, type EventRecord, type EventStore } from '../stores/history-events.ts';
import type { ThreadRecord } from '../stores/history-threads.ts';
import { awaits, eventKinds, noFd, readinessBits, syscallNames } from '../../shared/telemetry/wire.ts';
import { duration } from '../stores/format.ts';
import { errnoName } from './errno-words.ts';
import type { Pen } from './pen.ts';
import { nsPerPx, pxOf } from './time-scale.ts';
import type { TrackView } from './track.ts';

/** More slices than this cannot be told apart and cost too much. */
const mostSlices = 4000;
const mostArrows = 300;
const letterPx = 6;

export interface Slice {
  readonly event: EventRecord;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Its name may begin here: the row's own name stands before. */
  readonly labelFromPx: number;
}

export interface Rows {
  readonly threads: readonly ThreadRecord[];
  readonly first: number;
  readonly end: number;
  readonly rowPx: number;
  topOf(place: number): number;
}

/** The slices of what is seen, or undefined where there are too many of them. */
export function slicesOf(events: EventStore, rows: Rows, view: TrackView): Slice[] | undefined {
  const slices: Slice[] = [];
  const pxNs = nsPerPx(view);
  for (let place = rows.first; place < rows.end; place++) {
    const thread = rows.threads[place];
    if (thread === undefined) continue;
    const top = rows.topOf(place);
    const labelFromPx = thread.name.length * letterPx + 8;
    events.visit(thread.threadId, view.fromNs, view.toNs, (columns, i) => {
      const event = recordAt(thread.threadId, columns, i);
      const isRun = event.kind === eventKinds.coroutineRan;
      const left = pxOf(view, event.timeNs);
      slices.push({
        event,
        left,
        right: Math.max(left + 1, left + event.durationNs / pxNs),
        top: isRun ? top + 1 : top + rows.rowPx * 0.3,
        bottom: top + rows.rowPx - (isRun ? 2 : 3),
        labelFromPx,
      });
      return slices.length <= mostSlices ? undefined : false;
    });
    if (slices.length > mostSlices) return undefined;
  }
  // What encloses others is drawn first and found last.
  return slices.sort((a, b) => a.event.timeNs - b.event.timeNs || b.right - a.right);
}

export function eventName(event: EventRecord): string {
  switch (event.kind) {
    case eventKinds.syscall:
      return syscallNames[event.code] ?? `system call ${event.code}`;
    case eventKinds.ready:
      return `ready: ${readinessText(event.code)}`;
    case eventKinds.coroutineRan:
      return event.connectionId > 0 ? `coroutine ${event.connectionId}` : 'coroutine';
    case eventKinds.coroutineCreated:
      return 'coroutine created';
    case eventKinds.accepted:
      return 'accepted';
    case eventKinds.closed:
      return 'closed';
    case eventKinds.step:
      return `step ${event.code}`;
    case eventKinds.timerSet:
      return 'timer set';
    case eventKinds.timerFired:
      return 'timer fired';
    case eventKinds.handled:
      return 'handler';
    default:
      return `event ${event.kind}`;
  }
}

const readinessText = (bits: number): string =>
  Object.entries(readinessBits)
    .filter(([, bit]) => bits & bit)
    .map(([name]) => name)
    .join(', ');

/** What is to be said of an event, in lines. */
export function eventLines(event: EventRecord): string[] {
  const lines: string[] = [];
  if (event.durationNs > 0) lines.push(duration(event.durationNs));
  if (event.fd !== noFd) lines.push(`fd ${event.fd}`);
  if (event.kind === eventKinds.syscall)
    lines.push(event.result < 0 ? `failed: ${errnoName(-event.result)}` : `returned ${event.result}`);
  if (event.kind === eventKinds.coroutineRan) lines.push(`then awaits ${awaits[event.code] ?? 'something'}`);
  if (event.connectionId > 0) lines.push(`connection ${event.connectionId}`);
  return lines;
}

export function drawSlices(pen: Pen, view: TrackView, slices: readonly Slice[]): void {
  const { palette } = view;
  for (const { event, left, right, top, bottom, labelFromPx } of slices) {
    const isRun = event.kind === eventKinds.coroutineRan;
    if (event.kind === eventKinds.syscall || isRun) {
      const failed = event.kind === eventKinds.syscall && event.result < 0;
      const fill = isRun ? palette.series.green : failed ? palette.sockets.inVain : palette.series.sky;
      pen.rect(left, top, Math.max(1, right - left - 0.5), bottom - top, fill, isRun ? 0.55 : 1);
      label(
        pen,
        view,
        eventName(event),
        Math.max(left, labelFromPx),
        right,
        isRun && bottom - top > 20 ? top + 10 : bottom - 3,
      );
    } else if (event.kind === eventKinds.ready) {
      pen.band([left - 3, left, left + 3], [bottom, bottom - 6, bottom], [bottom, bottom, bottom], 3, palette.arrow, 1);
    } else {
      pen.rect(left, top, 1, bottom - top, palette.muted);
    }
  }
}

/** Inside its slice, or not at all. */
function label(pen: Pen, view: TrackView, text: string, from: number, right: number, baseline: number): void {
  const room = Math.floor((Math.min(right, view.widthPx) - from - 6) / letterPx);
  if (room < 3) return;
  const shown = text.length <= room ? text : `${text.slice(0, room - 1)}…`;
  pen.text(from + 3, baseline, shown, { colour: view.palette.sliceInk, sizePx: 10 });
}

export interface Arrow {
  readonly from: Slice;
  readonly to: Slice;
}

/** From each report that a socket is ready to the first call on it that began afterwards, on whichever thread. */
export function arrowsOf(slices: readonly Slice[]): Arrow[] {
  const pending = new Map<number, Slice>();
  const arrows: Arrow[] = [];
  for (const slice of slices) {
    const { kind, fd } = slice.event;
    if (fd === noFd) continue;
    if (kind === eventKinds.ready) pending.set(fd, slice);
    else if (kind === eventKinds.syscall) {
      const from = pending.get(fd);
      if (from === undefined) continue;
      pending.delete(fd);
      arrows.push({ from, to: slice });
    }
  }
  return arrows;
}

export function drawArrows(pen: Pen, view: TrackView, arrows: readonly Arrow[]): void {
  const seen = arrows.filter(({ from, to }) => to.left - from.left >= 5 || from.top !== to.top);
  if (seen.length > mostArrows) return;
  const stroke = { colour: view.palette.arrow, widthPx: 1.2 };
  for (const { from, to } of seen) {
    const startY = from.bottom - 6;
    const endY = from.top === to.top ? startY : to.top;
    const rise = from.top === to.top ? 7 : 0;
    const middle = (from.left + to.left) / 2;
    pen.line([from.left, middle, to.left], [startY, Math.min(startY, endY) - rise, endY], 3, stroke);
    pen.line([to.left - 4, to.left, to.left - 4], [endY - 4, endY, endY + 2], 3, stroke);
  }
}
