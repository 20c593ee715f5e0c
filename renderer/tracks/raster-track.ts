/**
 * What every socket was in: a row a fd, its colours how long it was in which state. Ten thousand rows fold into the
 * track's height; what a pixel cannot say of its rows and its time is said by the pixels around it (`share-pixels.ts`).
 */
import type { TelemetryHistory } from '../stores/history.ts';
import { firstSeen, stateCode, timedCount, type SocketState } from '../stores/socket-states.ts';
import type { TickShares } from '../stores/tick-shares.ts';
import { palettes, type Palette } from '../theme/palette.ts';
import { gaugeOf } from '../../shared/telemetry/codec.ts';
import { duration, missing, percent } from '../stores/format.ts';
import { notFromOutside, unseenSocketStates } from '../stores/outside.ts';
import type { Pen } from './pen.ts';
import { linesOfRows, placesOf, type Folding } from './raster-fold.ts';
import { LineTimes, weighSockets } from './raster-columns.ts';
import { rasterOrder, rasterTiles } from './raster-look.ts';
import { RingImage, type RingPlan } from './ring-image.ts';
import { socketTable } from './raster-table.ts';
import { RowWindow } from './row-window.ts';
import { SharePainter, type ShareLines, type ShareTiles } from './share-pixels.ts';
import { momentLines, severityOf, sharesBetween, socketMoment } from './socket-moment.ts';
import { ExactWindow, sliceLines } from './exact-window.ts';
import { SocketOrder, socketOrders, type SocketOrderName } from './socket-order.ts';
import { fdWords, seenExplanation, seenLabel, socketWords } from './socket-words.ts';
import { nsAt, nsPerPx } from './time-scale.ts';
import type { AxisLabel, Hit, LegendItem, Statistic, Stretch, Table, Track, TrackChoice, TrackView } from './track.ts';

/** Lines at least so high show the states' patterns as well. */
const patternPx = 5;
/** Looks at least so wide have their beginnings drawn, and their shares above each other where lines are high enough. */
const edgePx = 8;
const stackPx = 3;
const labelPx = 12;
const needsDetail = 'Sockets are recorded from the detail level “fds” on';
const shownStates = [
  'serving',
  'reported',
  'waiting',
  'unsure',
  'inVain',
  'writeBlocked',
  'idle',
  'unknown',
] as const satisfies readonly SocketState[];
const seenStates = [
  'serving',
  'reported',
  'waiting',
  'inVain',
  'writeBlocked',
  'idle',
  'closed',
  'error',
] as const satisfies readonly SocketState[];
/** Ticks behind the newest that events told later still change, close up. */
const settlingTicks = 3;
/** What the legend is of before anything was drawn. */
const usualStretchNs = 30e9;
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
  readonly madeOf = 'sockets';
  readonly isOfShares = true;
  readonly choices: readonly TrackChoice[];
  readonly #history: TelemetryHistory;
  readonly #originNs: () => number;
  readonly #order = new SocketOrder();
  readonly #window = new RowWindow();
  readonly #times = new LineTimes();
  readonly #painter = new SharePainter();
  #image: RingImage | undefined;
  #foldKey = '';
  #lineOf: Int32Array = new Int32Array(0);
  #tiles: { readonly key: string; readonly tiles: ShareTiles } | undefined;
  #drawn: Stretch | undefined;
  readonly #exact = new ExactWindow();

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
      : 'its colours how long it was in which state. Orange: data lies in the kernel and nobody was told. Yellow: the kernel has said so, and the server is still busy elsewhere. Green: being served. Pale orange: the data came in somewhere in here.';
    const pixels = this.#history.sockets.hasShares
      ? 'Every pixel has the colour of one state, and of any area as many pixels have it as the state had of the time; zoomed in, each interval of 50 ms begins with a dotted line, and within it the order is not known, but for what the recorded events say exactly: when it was served, and from which report on it was not yet come to.'
      : seenExplanation;
    return `Each row is a file descriptor, ${colours} ${pixels} Alt and wheel, or Page Up and Down, scroll the rows.`;
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
    const { sockets, version } = this.#history;
    this.#drawn = view;
    this.#order.update(sockets);
    const count = this.#order.rows.length;
    const folding = this.#folding(view);
    const { linePx, heightPx } = this.#lines(view, folding);
    const ratio = view.pixelRatio;
    const columns = Math.max(1, Math.round(view.widthPx * ratio));
    const columnNs = nsPerPx(view) / ratio;
    const { first, end, lines } = folding;
    const foldKey = [this.#history.epoch, this.#order.version, first, end, lines].join();
    if (foldKey !== this.#foldKey) {
      this.#times.clear();
      this.#lineOf = linesOfRows(folding);
    }
    this.#foldKey = foldKey;
    const tiles = this.#tilesOf(view.palette, linePx >= patternPx);
    const { ticks } = sockets;
    const isWide = ticks.end > ticks.first && ticks.spanOf(ticks.end - 1) >= edgePx * columnNs;
    const slices = isWide && lines === end - first ? this.#exact.of(this.#history, view) : undefined;
    const key = [foldKey, tiles.key, columnNs, linePx, isWide, slices !== undefined].join();
    // The newest tick is still being told. A call that began in one tick is told where it ends, in one of the next.
    const settled = ticks.end - 1 - (slices === undefined ? 1 : settlingTicks);
    const settledNs = settled >= ticks.first ? ticks.timeOf(settled) : 0;
    const { states } = tiles.tiles;
    const exact = slices && { slices, rowOf: Uint32Array.from(this.#order.rows.slice(first, end)) };
    const raster = {
      store: sockets,
      version,
      columnNs,
      lines,
      lineOf: this.#lineOf,
      states,
      times: this.#times,
      exact,
    };
    const shares: ShareLines = {
      key,
      lines,
      linePx,
      gapPx: linePx >= patternPx ? 1 : 0,
      firstLine: lines === end - first ? first : 0,
      tiles: tiles.tiles,
      order: rasterOrder,
      isStacked: isWide && linePx >= stackPx,
      settledColumn: Math.floor(settledNs / columnNs),
      weigh: (from, width, weights) => weighSockets(raster, from, width, weights),
      isEdge: isWide ? (column) => isEdge(sockets.ticks, column * columnNs, columnNs) : undefined,
    };
    const plan: RingPlan = {
      key,
      columnNs,
      firstColumn: Math.round(view.fromNs / columnNs),
      columns,
      heightPx: lines * linePx,
      settledNs,
      paint: (from, width, pixels) => this.#painter.paint(shares, from, width, pixels),
    };
    const image = (this.#image ??= new RingImage());
    image.update(plan);
    const top = this.#window.topOf(folding.first, count, view.heightPx);
    let x = 0;
    for (const part of image.parts(plan)) {
      pen.image(part, x, top, part.width / ratio, heightPx);
      x += part.width / ratio;
    }
    this.#drawPicked(pen, view);
  }

  axis(view: TrackView): readonly AxisLabel[] {
    const { sockets } = this.#history;
    const count = this.#order.rows.length;
    const rowPx = this.#window.rowPx(count, view.heightPx);
    if (rowPx < labelPx) return [];
    const { first, end } = this.#folding(view);
    return Array.from({ length: end - first }, (_, i) => {
      const tenant = sockets.latestTenant(this.#order.rows[first + i] ?? 0);
      return {
        yPx: this.#window.topOf(first + i, count, view.heightPx) + rowPx / 2,
        text: fdWords(tenant ?? { fd: 0, pid: 0 }, sockets),
      };
    });
  }

  note(view: TrackView): string {
    const count = this.#order.rows.length;
    if (count === 0) return '';
    const { first, end, lines } = this.#folding(view);
    const each = (end - first) / Math.max(1, lines);
    const words = count === 1 ? '1 socket' : `${count} sockets`;
    const seen = end - first < count ? `${first + 1}–${end} of ${words}` : words;
    return each > 1 ? `${seen}, ${each.toFixed(1)} a line` : seen;
  }

  legend(timeNs: number | undefined, palette: Palette, over?: Stretch): readonly LegendItem[] {
    const shares = this.#sharesFor(timeNs, over);
    const isTooLow = shares === undefined && this.#level === 0;
    const value = (entry: number): string => (shares === undefined ? missing : percent(shares[entry] ?? 0));
    const seen = (shares ?? []).some((share, entry) => entry >= firstSeen && share > 0);
    const measured = !seen || (shares ?? []).some((share, entry) => entry < timedCount && share > 0);
    return [
      ...shownStates
        .filter((state) => measured && this.#isShown(state, shares))
        .map((state) => ({
          label: socketWords[state].label,
          colour: palette.sockets[state],
          hatch: socketWords[state].hatch,
          value: this.#isUnseen(state) ? missing : value(stateCode[state]),
          absence: this.#isUnseen(state) ? notFromOutside : isTooLow ? `${needsDetail}.` : undefined,
        })),
      ...seenStates
        .filter(() => seen)
        .map((state) => ({
          label: this.#history.isWatchedFromOutside ? socketWords[state].label : seenLabel(state),
          colour: palette.sockets[state],
          hatch: 'rising' as const,
          value: this.#isUnseen(state) ? missing : value(firstSeen + stateCode[state]),
          absence: this.#isUnseen(state) ? notFromOutside : undefined,
        })),
    ];
  }

  knownAt(timeNs: number): string {
    const { ticks } = this.#history.sockets;
    const tick = ticks.tickTelling(timeNs);
    if (tick === undefined) return 'nobody looked then';
    const span = duration(ticks.spanOf(tick));
    return ticks.isMeasured(tick)
      ? `shares of the ${span} that it lies in, as measured; their order within is not known`
      : `what was seen of the ${span} that it lies in; how long it lasted is not known`;
  }

  /** At a time of the tick that it lies in; otherwise of a stretch. */
  #sharesFor(timeNs: number | undefined, over: Stretch | undefined): Float64Array | undefined {
    const { sockets, newestNs } = this.#history;
    const { ticks } = sockets;
    if (over !== undefined || timeNs === undefined) {
      const { fromNs, toNs } = over ?? this.#drawn ?? { fromNs: newestNs - usualStretchNs, toNs: newestNs };
      return sharesBetween(sockets, fromNs, toNs);
    }
    const tick = ticks.tickTelling(timeNs);
    return tick === undefined ? undefined : sharesBetween(sockets, ticks.beginOf(tick), ticks.timeOf(tick));
  }

  hit(xPx: number, yPx: number, view: TrackView): Hit | undefined {
    const { sockets, isWatchedFromOutside } = this.#history;
    const timeNs = nsAt(view, xPx);
    const place = this.#placeAt(yPx, view, timeNs);
    if (place === undefined) return undefined;
    const row = this.#order.rows[place] ?? 0;
    const moment = socketMoment(sockets, row, timeNs);
    const tenant = sockets.tenantAt(row, Math.min(timeNs, sockets.shown.newestNs));
    if (moment === undefined || tenant === undefined) return undefined;
    const slice = this.#exact.at(row, timeNs);
    const lines = slice === undefined ? momentLines(moment, isWatchedFromOutside) : sliceLines(slice);
    const waitingUs = moment.toNs === sockets.shown.newestNs ? sockets.waitingUs(row) : 0;
    if (waitingUs > 0) lines.push(`Waiting for ${duration(waitingUs * 1000)}.`);
    if (tenant.peer !== '') lines.push(`${tenant.local} ← ${tenant.peer}`);
    const { connectionId, role, fd } = tenant;
    return {
      title: `${fdWords(tenant, sockets)}, ${role === 'listener' ? 'the listener' : `${role} of connection ${connectionId}`}`,
      lines,
      pick: { kind: 'socket', row, connectionId, role, fd, timeNs },
    };
  }

  /** Shares of the time of all open sockets. */
  statistics(fromNs: number, toNs: number): readonly Statistic[] {
    return this.legend(undefined, palettes.light, { fromNs, toNs }).map(({ label, value }) => ({ label, value }));
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

  /** What cannot be is left out of the legend until it is there: most servers have no time that nobody could see. */
  #isShown(state: SocketState, shares: Float64Array | undefined): boolean {
    return state !== 'unknown' || this.#history.isWatchedFromOutside || (shares?.[stateCode.unknown] ?? 0) > 0;
  }

  #tilesOf(palette: Palette, hasPatterns: boolean): { readonly key: string; readonly tiles: ShareTiles } {
    const hasSeen = this.#history.sockets.hasSeen;
    const key = [palette.name, hasPatterns, hasSeen].join();
    if (this.#tiles?.key !== key) this.#tiles = { key, tiles: rasterTiles(palette, hasPatterns, hasSeen) };
    return this.#tiles;
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

  /** Where several rows share a line, the one that most is to be said of. */
  #placeAt(yPx: number, view: TrackView, timeNs: number): number | undefined {
    const count = this.#order.rows.length;
    const folding = this.#folding(view);
    if (folding.lines === 0) return undefined;
    if (folding.lines === folding.end - folding.first) return this.#window.placeAt(yPx, count, view.heightPx);
    const line = Math.floor(yPx * view.pixelRatio);
    if (line < 0 || line >= folding.lines) return undefined;
    const { first, end } = placesOf(folding, line);
    let best = first;
    let worst = Number.POSITIVE_INFINITY;
    for (let place = first; place < end; place++) {
      const found = severityOf(socketMoment(this.#history.sockets, this.#order.rows[place] ?? 0, timeNs));
      if (found >= worst) continue;
      worst = found;
      best = place;
    }
    return best;
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

/** Whether a tick begins in a column. */
function isEdge(ticks: TickShares, fromNs: number, columnNs: number): boolean {
  for (let tick = ticks.tickAt(fromNs); tick < ticks.end; tick++) {
    const beginNs = ticks.beginOf(tick);
    if (beginNs >= fromNs + columnNs) return false;
    if (beginNs >= fromNs) return true;
  }
  return false;
}
