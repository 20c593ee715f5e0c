/** What every socket did: a row a fd, its colour the state. Ten thousand rows fold into the track's height. */
import type { TelemetryHistory } from '../stores/history.ts';
import { leftOf, shownOf, socketStates, stateCode, type SocketState } from '../stores/history-sockets.ts';
import { pixelOf, blend, type Palette } from '../theme/palette.ts';
import { gaugeOf } from '../../shared/telemetry/codec.ts';
import { duration, missing, short } from '../stores/format.ts';
import { notFromOutside, unseenSocketStates } from '../stores/outside.ts';
import type { Pen } from './pen.ts';
import { FoldCache, placesOf, shares, StateCounts, stateOfFold, type Folding } from './raster-fold.ts';
import { paintColumns, tickTelling, visitTicks } from './raster-columns.ts';
import { RingImage, type RingPlan } from './ring-image.ts';
import { socketTable } from './raster-table.ts';
import { RowWindow } from './row-window.ts';
import { SocketOrder, socketOrders, type SocketOrderName } from './socket-order.ts';
import { fdWords, socketWords, wordsOf } from './socket-words.ts';
import { nsAt, nsPerPx } from './time-scale.ts';
import type { Hatch, Hit, LegendItem, Statistic, Table, Track, TrackChoice, TrackView } from './track.ts';

/** Lines at least so high show the states' patterns as well. */
const patternPx = 5;
const labelPx = 12;
const needsDetail = 'Sockets are recorded from the detail level “fds” on';
const shareStrength = [0.4, 0.58, 0.78, 1] as const;
const shownStates = ['served', 'reported', 'waiting', 'eagain', 'writeBlocked', 'idle', 'closed', 'error'] as const;
const orderLabels: Readonly<Record<SocketOrderName, string>> = {
  fd: 'by fd',
  activity: 'most active first',
  waiting: 'longest waiting first',
};

export class RasterTrack implements Track {
  readonly id = 'sockets';
  readonly title = 'Readiness';
  readonly unit = 'a row a fd';
  readonly heightPx = 220;
  readonly choices: readonly TrackChoice[];
  readonly #history: TelemetryHistory;
  readonly #originNs: () => number;
  readonly #order = new SocketOrder();
  readonly #window = new RowWindow();
  readonly #folds = new FoldCache();
  readonly #counts = new StateCounts();
  #image: RingImage | undefined;
  #foldKey = '';

  constructor(history: TelemetryHistory, originNs: () => number) {
    this.#history = history;
    this.#originNs = originNs;
    const order = this.#order;
    this.choices = [
      {
        label: 'Order of the rows',
        options: socketOrders.map((value) => ({ value, label: orderLabels[value] })),
        get value(): string {
          return order.by;
        },
        set value(by: string) {
          order.by = socketOrders.find((name) => name === by) ?? 'fd';
        },
      },
      this.#window,
    ];
  }

  get help(): string {
    const colours = this.#history.isWatchedFromOutside
      ? `each colour what the kernel told of it since the last look. Orange: data lies in the kernel and nobody comes. Green: bytes were taken from it or given to it. ${notFromOutside}`
      : 'each colour what it did in an interval of 50 ms. Orange: data lies in the kernel and nobody comes. Yellow: the kernel has said so, and the server is still busy elsewhere. Green: served.';
    return `Each row is a file descriptor, ${colours} Where many rows share a line, the state that matters most is shown, the stronger the more of them are in it. Alt and wheel, or Page Up and Down, scroll the rows.`;
  }

  emptyText(): string | undefined {
    if (this.#history.sockets.ticks.end > 0) return undefined;
    if (this.#history.isWatchedFromOutside && (this.#level ?? 0) > 0) return 'No socket of the server has been seen.';
    return `Every fd gets a row here. ${needsDetail}; comparisons and sweeps record counters alone.`;
  }

  /** Of detail, now and by the server's own word; undefined before its first. */
  get #level(): number | undefined {
    const { latest } = this.#history.counters.server;
    return latest && gaugeOf(latest, 'detailLevel');
  }

  draw(pen: Pen, view: TrackView): void {
    const { sockets } = this.#history;
    this.#order.update(sockets);
    const count = this.#order.rows.length;
    const folding = this.#folding(view);
    const { linePx, heightPx } = this.#lines(view, folding);
    const hasPatterns = linePx >= patternPx;
    const ratio = view.pixelRatio;
    const columns = Math.max(1, Math.round(view.widthPx * ratio));
    const columnNs = nsPerPx(view) / ratio;
    const foldKey = [this.#history.epoch, this.#order.version, folding.first, folding.end, folding.lines].join();
    if (foldKey !== this.#foldKey) this.#folds.clear();
    this.#foldKey = foldKey;
    const colours = foldColours(view.palette);
    const gap = pixelOf(view.palette.background);
    const inks = colours.map((colour) => blend(colour, gap, 0.45));
    const patterns = socketStates.map((state) => socketWords[state].hatch);
    const raster = {
      store: sockets,
      columnNs,
      lines: folding.lines,
      linePx: hasPatterns ? linePx : 1,
      foldedAt: (tick: number) => this.#folds.at(sockets, tick, folding),
      pixel: (folded: number, column: number, y: number): number => {
        if (!hasPatterns) return colours[folded] ?? gap;
        if (y === linePx - 1) return gap;
        const pattern = patterns[stateOfFold(folded)] ?? 'plain';
        return (isInk(pattern, column, y) ? inks : colours)[folded] ?? gap;
      },
    };
    const plan: RingPlan = {
      key: [foldKey, view.palette.name, columnNs, raster.linePx].join(),
      columnNs,
      firstColumn: Math.round(view.fromNs / columnNs),
      columns,
      heightPx: raster.lines * raster.linePx,
      settledNs: sockets.ticks.end - sockets.ticks.first > 1 ? sockets.ticks.timeOf(sockets.ticks.end - 2) : 0,
      paint: (first, width, pixels) => paintColumns(raster, first, width, pixels),
    };
    const image = (this.#image ??= new RingImage());
    image.update(plan);
    const top = this.#window.topOf(folding.first, count, view.heightPx);
    let x = 0;
    for (const part of image.parts(plan)) {
      pen.image(part, x, top, part.width / ratio, heightPx);
      x += part.width / ratio;
    }
    this.#drawLabels(pen, view, folding);
    this.#drawPicked(pen, view);
  }

  legend(timeNs: number | undefined, palette: Palette): readonly LegendItem[] {
    const tick = tickTelling(this.#history.sockets, timeNs ?? this.#history.newestNs);
    const counts = tick === undefined ? undefined : this.#counts.at(this.#history.sockets, tick);
    const isTooLow = counts === undefined && this.#level === 0;
    return shownStates.map((state) => ({
      label: socketWords[state].label,
      colour: palette.sockets[state],
      hatch: socketWords[state].hatch,
      value: counts === undefined || this.#isUnseen(state) ? missing : short(counts[stateCode[state]] ?? 0),
      absence: this.#isUnseen(state) ? notFromOutside : isTooLow ? `${needsDetail}.` : undefined,
    }));
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const { sockets } = this.#history;
    const tick = tickTelling(this.#history.sockets, nsAt(view, xPx));
    const place = this.#placeAt(yPx, view, tick);
    if (tick === undefined || place === undefined) return undefined;
    const row = this.#order.rows[place] ?? 0;
    const timeNs = sockets.ticks.timeOf(tick);
    const cell = sockets.ticks.column(tick)?.[row] ?? 0;
    const tenant = sockets.tenantAt(row, timeNs);
    if (tenant === undefined || shownOf(cell) === stateCode.none) return undefined;
    const name = (code: number): SocketState => socketStates[code] ?? 'none';
    const shown = wordsOf(name(shownOf(cell)), this.#history.isWatchedFromOutside);
    const isNewest = tick === sockets.ticks.end - 1;
    const waitingUs = isNewest ? sockets.waitingUs(row) : 0;
    const lines = [`${shown.label}: ${shown.explanation}`];
    if (leftOf(cell) !== shownOf(cell)) lines.push(`Left ${socketWords[name(leftOf(cell))].label}.`);
    if (waitingUs > 0) lines.push(`Waiting for ${duration(waitingUs * 1000)}.`);
    if (tenant.peer !== '') lines.push(`${tenant.local} ← ${tenant.peer}`);
    const { connectionId, role, fd } = tenant;
    return {
      title: `${fdWords(tenant, sockets)}, ${role === 'listener' ? 'the listener' : `${role} of connection ${connectionId}`}`,
      lines,
      pick: { kind: 'socket', row, connectionId, role, fd, timeNs },
    };
  }

  /** Time that all sockets together spent in each state. */
  statistics(fromNs: number, toNs: number): readonly Statistic[] {
    const { sockets } = this.#history;
    const sums = new Float64Array(socketStates.length);
    visitTicks(sockets, fromNs, toNs, (tick, ns) => {
      const counts = this.#counts.at(sockets, tick);
      for (let state = 0; state < sums.length; state++) sums[state] = (sums[state] ?? 0) + (counts[state] ?? 0) * ns;
    });
    return shownStates.map((state) => ({
      label: socketWords[state].label,
      value: this.#isUnseen(state) ? missing : duration(sums[stateCode[state]] ?? 0),
    }));
  }

  table(fromNs: number, toNs: number): Table {
    this.#order.update(this.#history.sockets);
    return socketTable(this.#history, this.#order.rows, fromNs, toNs, this.#originNs());
  }

  scrollRows(byPx: number, view: TrackView): boolean {
    return this.#window.scroll(byPx, this.#order.rows.length, view.heightPx);
  }

  #isUnseen(state: SocketState): boolean {
    return this.#history.isWatchedFromOutside && unseenSocketStates.has(state);
  }

  #folding(view: TrackView): Folding {
    const order = this.#order.rows;
    const { first, end } = this.#window.visible(order.length, view.heightPx);
    return { order, first, end, lines: Math.min(end - first, Math.round(view.heightPx * view.pixelRatio)) };
  }

  /** Pixels of a line on the screen, whole where there is room, and the height of all in CSS pixels. */
  #lines(view: TrackView, folding: Folding): { linePx: number; heightPx: number } {
    const count = this.#order.rows.length;
    const heightPx = (folding.end - folding.first) * this.#window.rowPx(count, view.heightPx);
    const linePx = folding.lines === 0 ? 1 : Math.max(1, Math.round((heightPx * view.pixelRatio) / folding.lines));
    return { linePx, heightPx };
  }

  /** Where several rows share a line, the one whose state is shown. */
  #placeAt(yPx: number, view: TrackView, tick: number | undefined): number | undefined {
    const count = this.#order.rows.length;
    const folding = this.#folding(view);
    if (tick === undefined || folding.lines === 0) return undefined;
    if (folding.lines === folding.end - folding.first) return this.#window.placeAt(yPx, count, view.heightPx);
    const line = Math.floor(yPx * view.pixelRatio);
    if (line < 0 || line >= folding.lines) return undefined;
    const column = this.#history.sockets.ticks.column(tick);
    const { first, end } = placesOf(folding, line);
    let best = first;
    const stateOf = (place: number): number => shownOf(column?.[this.#order.rows[place] ?? 0] ?? 0);
    for (let place = first; place < end; place++) if (stateOf(place) > stateOf(best)) best = place;
    return best;
  }

  #drawLabels(pen: Pen, view: TrackView, folding: Folding): void {
    const { palette, heightPx } = view;
    const count = this.#order.rows.length;
    const style = { colour: palette.text, sizePx: 10, halo: palette.background };
    const rowPx = this.#window.rowPx(count, heightPx);
    if (rowPx >= labelPx) {
      for (let place = folding.first; place < folding.end; place++) {
        const { sockets } = this.#history;
        const tenant = sockets.latestTenant(this.#order.rows[place] ?? 0);
        const text = fdWords(tenant ?? { fd: 0, pid: 0 }, sockets);
        pen.text(5, this.#window.topOf(place, count, heightPx) + rowPx / 2 + 3.5, text, style);
      }
      return;
    }
    const each = (folding.end - folding.first) / Math.max(1, folding.lines);
    const range = `${folding.first + 1}–${folding.end} of ${count} sockets`;
    const text = each > 1 ? `${range}, ${each.toFixed(1)} a line` : range;
    pen.text(view.widthPx - 6, heightPx - 6, text, { ...style, align: 'right' });
  }

  #drawPicked(pen: Pen, view: TrackView): void {
    const { picked } = view;
    if (picked?.kind !== 'socket') return;
    const place = this.#order.places[picked.row];
    if (place === undefined) return;
    const count = this.#order.rows.length;
    const top = this.#window.topOf(place, count, view.heightPx);
    const bottom = Math.max(top + 2, top + this.#window.rowPx(count, view.heightPx));
    for (const y of [top - 0.5, bottom + 0.5]) {
      pen.line([0, view.widthPx], [y, y], 2, { colour: view.palette.text, widthPx: 1 });
    }
  }
}

/** Of a line that only a few of its rows make orange, the colour is weaker; a single one can still be seen. */
function foldColours(palette: Palette): number[] {
  const idle = pixelOf(palette.sockets.idle);
  return socketStates.flatMap((state, code) =>
    shares.map((_, share) => {
      const colour = pixelOf(palette.sockets[state]);
      return code <= stateCode.idle ? colour : blend(idle, colour, shareStrength[share] ?? 1);
    }),
  );
}

/** Whether a pixel belongs to a pattern's lines. Patterns lie still in time, as the picture moves. */
export function isInk(hatch: Hatch, column: number, y: number): boolean {
  const x = ((column % 6) + 6) % 6;
  switch (hatch) {
    case 'plain':
      return false;
    case 'dots':
      return y % 3 === 1 && x % 3 === 1;
    case 'rising':
      return (x + y) % 6 === 0;
    case 'falling':
      return (x - y + 600) % 6 === 0;
    case 'cross':
      return (x + y) % 6 === 0 || (x - y + 600) % 6 === 0;
    case 'bars':
      return y % 3 === 1;
  }
}
