/** Where everything of a sequence diagram lies. A row for each entry, so that a page can draw them one by one. */
import type { CallEntry, CrossingEntry, NoteEntry, Outcome, Sequence, SequenceEntry, WakeEntry } from './entries.ts';
import { fitText, textWidth, type Role, type Shape, type TextShape } from './shapes.ts';

export interface SequenceRow {
  /** Of its entry. */
  readonly step: number;
  readonly kind: SequenceEntry['kind'];
  readonly lane?: string;
  readonly top: number;
  readonly height: number;
  /** In coordinates of the row: its upper left corner is 0, 0. */
  readonly shapes: readonly Shape[];
}

export interface SequenceLayout {
  readonly width: number;
  readonly height: number;
  readonly head: readonly Shape[];
  /** Lifelines and sleeping bars, behind the rows. */
  readonly behind: readonly Shape[];
  readonly rows: readonly SequenceRow[];
  /** Of each lane's line. */
  readonly laneX: readonly number[];
}

export const headPx = 40;
const footPx = 18;
const callPx = 46;
const crossingPx = 24;
const notePx = 24;
const barPx = 8;
const fontPx = 12;
const smallPx = 11;
/** Between a lane's bar and the box of a call. */
const boxGapPx = 9;
const edgePx = 6;

interface Columns {
  readonly laneX: readonly number[];
  /** Left edge and width of the boxes of each lane. */
  readonly boxes: readonly { readonly x: number; readonly width: number }[];
}

/** The first lane has its boxes to the left of its line, all others to the right; between the lines segments cross. */
function columnsOf(count: number, width: number): Columns {
  const gap = Math.max(76, Math.min(150, width * 0.2));
  const boxes = Math.max(1, count);
  const roomPx = width - 2 * edgePx - gap * Math.max(0, Math.min(1, count - 1)) - 2 * boxGapPx;
  const boxWidth = Math.max(80, roomPx / boxes - (count > 2 ? 2 * boxGapPx : 0));
  const laneX: number[] = [];
  const found: { x: number; width: number }[] = [];
  let x = edgePx;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      found.push({ x, width: boxWidth });
      x += boxWidth + boxGapPx;
      laneX.push(x);
      x += gap;
    } else {
      laneX.push(x);
      found.push({ x: x + boxGapPx, width: boxWidth });
      x += boxWidth + 3 * boxGapPx;
    }
  }
  return { laneX, boxes: found };
}

interface Text {
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly role: Role;
  readonly text: string;
  readonly sizePx?: number;
  readonly anchor?: TextShape['anchor'];
  readonly isMono?: boolean;
  readonly isBold?: boolean;
}
function textShape({ x, y, widthPx, role, text, sizePx = fontPx, ...more }: Text): TextShape {
  const { anchor = 'start', isMono = false, isBold = false } = more;
  const shown = fitText(text, widthPx, sizePx, isMono);
  return {
    ...{ kind: 'text', role, x, y, text: shown, sizePx, anchor, isMono },
    ...(isBold && { isBold }),
    ...(shown !== text && { full: text }),
  };
}

const durationText = (ns: number): string =>
  ns >= 1e9 ? `${(ns / 1e9).toFixed(1)} s` : ns >= 1e6 ? `${(ns / 1e6).toFixed(1)} ms` : `${Math.round(ns / 1e3)} µs`;

const boxRole = (outcome: Outcome | undefined): Role =>
  outcome === undefined ? 'box-asleep' : outcome.ending === 'done' ? 'box' : 'box-failed';

interface Drawn {
  /** What the shapes depend on beside the entry. */
  readonly columns: string;
  readonly shapes: readonly Shape[];
}
/** An entry is laid out once for each width, as a diagram of a bench that is worked at grows by a few entries at a time. */
const drawn = new WeakMap<SequenceEntry, Drawn>();

class Layouter {
  readonly #sequence: Sequence;
  readonly #columnsKey: string;
  readonly #columns: Columns;
  readonly #width: number;
  readonly #behind: Shape[] = [];
  /** Top of the row in which each lane went to sleep. */
  readonly #asleepSince = new Map<string, number>();

  constructor(sequence: Sequence, width: number) {
    this.#sequence = sequence;
    this.#width = width;
    this.#columns = columnsOf(sequence.lanes.length, width);
    this.#columnsKey = [width, ...sequence.lanes.map(({ id }) => id)].join('\n');
  }

  layout(): SequenceLayout {
    const rows: SequenceRow[] = [];
    let top = headPx;
    for (const entry of this.#sequence.entries) {
      const row = this.#row(entry, top);
      rows.push(row);
      top += row.height;
    }
    const height = top + footPx;
    for (const [lane, since] of this.#asleepSince) this.#bar(lane, since, height - 2, true);
    const lines = this.#columns.laneX.map((x): Shape => ({
      ...{ kind: 'path', role: 'lane', widthPx: 1.5 },
      d: `M${x} ${headPx - 8}V${height}`,
    }));
    return {
      ...{ width: this.#width, height, rows, laneX: this.#columns.laneX },
      head: this.#head(),
      behind: [...lines, ...this.#behind],
    };
  }

  #head(): Shape[] {
    return this.#sequence.lanes.flatMap(({ title, note }, i) => {
      const x = this.#columns.laneX[i] ?? 0;
      const box = this.#columns.boxes[i] ?? { x: 0, width: 0 };
      const isFirst = i === 0;
      const at = isFirst ? x + barPx / 2 : x - barPx / 2;
      const anchor = isFirst ? 'end' : 'start';
      const shared = { x: at, widthPx: box.width + boxGapPx, anchor } as const;
      return [
        textShape({ ...shared, y: 15, role: 'title', text: title, sizePx: 13, isBold: true }),
        ...(note === undefined ? [] : [textShape({ ...shared, y: 28, role: 'note', text: note, sizePx: smallPx })]),
      ];
    });
  }

  #row(entry: SequenceEntry, top: number): SequenceRow {
    const { step, kind } = entry;
    switch (entry.kind) {
      case 'call': {
        if (entry.outcome === undefined) this.#asleepSince.set(entry.lane, top + 6);
        const shapes = this.#once(entry, () => this.#call(entry));
        return { step, kind, lane: entry.lane, top, height: callPx, shapes };
      }
      case 'wake': {
        const since = this.#asleepSince.get(entry.lane);
        if (since !== undefined) this.#bar(entry.lane, since, top + 23, false);
        this.#asleepSince.delete(entry.lane);
        const shapes = this.#once(entry, () => this.#wake(entry));
        return { step, kind, lane: entry.lane, top, height: callPx, shapes };
      }
      case 'crossing':
        return { step, kind, top, height: crossingPx, shapes: this.#once(entry, () => this.#crossing(entry)) };
      case 'note':
        return { step, kind, top, height: notePx, shapes: this.#once(entry, () => this.#note(entry)) };
    }
  }

  #once(entry: SequenceEntry, make: () => Shape[]): readonly Shape[] {
    const known = drawn.get(entry);
    if (known?.columns === this.#columnsKey) return known.shapes;
    const shapes = make();
    drawn.set(entry, { columns: this.#columnsKey, shapes });
    return shapes;
  }

  #place(lane: string): { x: number; box: { readonly x: number; readonly width: number }; isFirst: boolean } {
    const i = Math.max(
      0,
      this.#sequence.lanes.findIndex(({ id }) => id === lane),
    );
    return {
      x: this.#columns.laneX[i] ?? 0,
      box: this.#columns.boxes[i] ?? { x: 0, width: 0 },
      isFirst: i === 0,
    };
  }

  #call(entry: CallEntry): Shape[] {
    const words = entry.outcome ?? { ending: 'asleep' as const, text: entry.asleep ?? 'asleep' };
    const time = entry.tookNs === undefined ? '' : durationText(entry.tookNs);
    return this.#box(entry.lane, entry.text, words.text, boxRole(entry.outcome), words.ending, time);
  }

  #wake(entry: WakeEntry): Shape[] {
    const { outcome } = entry;
    const slept = `slept ${durationText(entry.sleptNs)}`;
    return this.#box(entry.lane, `${entry.text} returns`, outcome.text, boxRole(outcome), outcome.ending, slept);
  }

  #box(lane: string, call: string, result: string, role: Role, ending: Role, time: string): Shape[] {
    const { x, box, isFirst } = this.#place(lane);
    const padPx = 8;
    const innerPx = box.width - 2 * padPx;
    const timePx = time === '' ? 0 : textWidth(time, smallPx, false) + 6;
    return [
      { ...{ kind: 'rect', role, x: box.x, y: 3, width: box.width, height: callPx - 6, radius: 4 } },
      {
        ...{ kind: 'path', role, widthPx: 1 },
        d: `M${isFirst ? box.x + box.width : box.x} 22H${isFirst ? x - barPx / 2 : x + barPx / 2}`,
      },
      { ...{ kind: 'rect', role: ending, x: x - barPx / 2, y: 18, width: barPx, height: 8, radius: 2 } },
      textShape({ x: box.x + padPx, y: 19, widthPx: innerPx, role: 'call', text: call, isMono: true }),
      textShape({
        ...{ x: box.x + padPx, y: 36, widthPx: innerPx - timePx, role: ending, text: result },
        ...{ isMono: true, sizePx: smallPx },
      }),
      ...(time === ''
        ? []
        : [
            textShape({
              ...{ x: box.x + box.width - padPx, y: 36, widthPx: timePx, role: 'time', text: time },
              ...{ sizePx: smallPx, anchor: 'end' },
            }),
          ]),
    ];
  }

  #bar(lane: string, from: number, to: number, isOpen: boolean): void {
    const { x } = this.#place(lane);
    this.#behind.push({
      ...{ kind: 'rect', role: 'bar', x: x - barPx / 2, y: from, width: barPx, height: Math.max(4, to - from) },
      ...{ radius: 2, isOpen },
    });
  }

  #crossing({ from, to, text, isInferred }: CrossingEntry): Shape[] {
    const role = isInferred ? 'inferred' : 'crossing';
    const [a, b] = [this.#place(from).x, this.#place(to).x];
    const way = b >= a ? 1 : -1;
    const [start, end] = [a + (way * barPx) / 2 + way, b - (way * barPx) / 2 - way];
    return [
      {
        ...{ kind: 'path', role, widthPx: 1.4, d: `M${start} 18H${end - way * 5}` },
        ...(isInferred && { dash: '4 3' }),
      },
      { kind: 'path', role, widthPx: 1, isFilled: true, d: `M${end} 18L${end - way * 7} 14.5V21.5Z` },
      textShape({
        ...{ x: (a + b) / 2, y: 13, widthPx: Math.abs(b - a) - 12, role, text },
        ...{ sizePx: smallPx, anchor: 'middle' },
      }),
    ];
  }

  #note({ text }: NoteEntry): Shape[] {
    const middle = this.#width / 2;
    return [
      textShape({
        ...{ x: middle, y: 16, widthPx: this.#width - 2 * edgePx, role: 'note', text },
        ...{ sizePx: smallPx, anchor: 'middle' },
      }),
    ];
  }
}

/** `width` in CSS pixels; three lanes and more want 220 for each. */
export const layOutSequence = (sequence: Sequence, width: number): SequenceLayout =>
  new Layouter(sequence, width).layout();
