/** Readiness for the report: how long the sockets were in which state, over time and by model. */
import { shareHex, shareLabels } from '../../../../shared/share-looks.ts';
import type { Overview } from '../../../../shared/session/overview.ts';
import type { FdShares, FdStates, OpenedSocket } from '../../../../shared/telemetry/codec.ts';
import { shareCount, shareIndex } from '../../../../shared/telemetry/shares.ts';
import { fdFlags, shareNames, type ShareName } from '../../../../shared/telemetry/wire.ts';
import { areasHtml, countText, numberText, type Area, type TimeAxis } from '../../report/html-chart.ts';
import { escaped, table } from '../../report/html-text.ts';

/** Of what is not idle, from the foot of the chart: what is done at the bottom, what waits for it above. */
const drawn = ['serving', 'inVain', 'reported', 'waiting', 'unsure', 'writeBlocked', 'unknown'] as const;

export interface ShareFigures {
  /** Mean number of sockets in each state, in the order of `drawn`, by span; a span without looks has 0. */
  readonly sockets: readonly (readonly number[])[];
  /** Time of all sockets in each state of shareNames, in ns, by who served. */
  readonly models: ReadonlyMap<string, Float64Array>;
}

interface Tick {
  readonly timeNs: number;
  readonly spanNs: number;
  /** Sockets that were open when it ended, and those of them that the tick tells of. */
  readonly open: number;
  told: number;
}

/** A tick tells of the sockets that were not idle for all of it; the others that are open were. */
export class ShareFiguresBuilder {
  readonly #startedNs: number;
  readonly #spanNs: number;
  readonly #spans: number;
  readonly #served: readonly { readonly name: string; readonly timeNs: number }[];
  readonly #open = new Set<number>();
  readonly #ns: Float64Array[];
  readonly #models = new Map<string, Float64Array>();
  #tick: Tick | undefined;

  constructor(startedNs: number, spanNs: number, spans: number, { moments }: Overview) {
    this.#startedNs = startedNs;
    this.#spanNs = spanNs;
    this.#spans = spans;
    this.#served = moments.filter(({ kind, source }) => kind === 'model' && source === 'server');
    this.#ns = shareNames.map(() => new Float64Array(spans));
  }

  /** Another process: none of its sockets is open yet. */
  begin(): void {
    this.#endTick();
    this.#open.clear();
  }

  opened(sockets: readonly OpenedSocket[]): void {
    this.#endTick();
    for (const { connectionId, role } of sockets) this.#open.add(keyOf(connectionId, roleCode(role)));
  }

  states({ count, connectionIds, roles, flags }: FdStates): void {
    this.#endTick();
    for (let i = 0; i < count; i++) {
      if ((flags[i] ?? 0) & fdFlags.closed) this.#open.delete(keyOf(connectionIds[i] ?? 0, roles[i] ?? 0));
    }
  }

  shares(frame: FdShares): void {
    if (this.#tick?.timeNs !== frame.timeNs) {
      this.#endTick();
      this.#tick = { timeNs: frame.timeNs, spanNs: frame.spanNs, open: this.#open.size, told: 0 };
    }
    for (let i = 0; i < frame.count; i++) {
      if (this.#open.has(keyOf(frame.connectionIds[i] ?? 0, frame.roles[i] ?? 0))) this.#tick.told++;
      for (let state = 0; state < shareCount; state++) {
        this.#add(state, frame.ns[i * shareCount + state] ?? 0, frame.timeNs, frame.spanNs);
      }
    }
  }

  /** Undefined where no time in states was told. */
  figures(): ShareFigures | undefined {
    this.#endTick();
    if (this.#models.size === 0) return undefined;
    const sockets = drawn.map((state) => Array.from(this.#ns[shareIndex[state]] ?? [], (ns) => ns / this.#spanNs));
    return { sockets, models: this.#models };
  }

  #endTick(): void {
    const tick = this.#tick;
    this.#tick = undefined;
    if (tick) this.#add(shareIndex.idle, (tick.open - tick.told) * tick.spanNs, tick.timeNs, tick.spanNs);
  }

  /** Shared out over the chart's spans by time. */
  #add(state: number, ns: number, timeNs: number, spanNs: number): void {
    if (ns <= 0) return;
    const fromNs = timeNs - spanNs;
    const model = this.#served.findLast((served) => served.timeNs <= timeNs)?.name ?? 'unknown';
    let sums = this.#models.get(model);
    if (!sums) this.#models.set(model, (sums = new Float64Array(shareCount)));
    sums[state] = (sums[state] ?? 0) + ns;
    const at = (atNs: number): number => (atNs - this.#startedNs) / this.#spanNs;
    const into = this.#ns[state];
    for (let span = Math.max(0, Math.floor(at(fromNs))); into && span < Math.min(this.#spans, at(timeNs)); span++) {
      const within = Math.min(span + 1, at(timeNs)) - Math.max(span, at(fromNs));
      into[span] = (into[span] ?? 0) + (ns * within * this.#spanNs) / spanNs;
    }
  }
}

const keyOf = (connectionId: number, role: number): number => connectionId * 4 + role;
const roleCodes = { listener: 0, client: 1, upstream: 2 } as const;
const roleCode = (role: OpenedSocket['role']): number => roleCodes[role];

const words: Readonly<Record<ShareName, string>> = { ...shareLabels, inVain: 'asked in vain (EAGAIN)' };

/** Recordings of counters alone, and those of before, have none. */
export const noShares =
  '<p>Not in this session: how long sockets were idle, waiting, reported or served is recorded from the detail level “fds” on, and by fdscope since it measures time in states.</p>';

export function sharesHtml({ sockets, models }: ShareFigures, axis: TimeAxis): string {
  const areas: Area[] = drawn.flatMap((state, i) => {
    const values = sockets[i] ?? [];
    return values.some((value) => value > 0) ? [{ name: shareLabels[state], key: state, values }] : [];
  });
  const rows = [...models].flatMap(([model, sums]) => {
    const all = sums.reduce((sum, ns) => sum + ns, 0);
    return shareNames.flatMap((state, i) => {
      const ns = sums[i] ?? 0;
      return ns > 0 ? [[model, words[state], countText(Math.round(ns)), `${numberText((100 * ns) / all)} %`]] : [];
    });
  });
  return (
    areasHtml(
      {
        title: 'Sockets that were not idle',
        unit: 'sockets at a time, at mean',
        text: 'How many sockets were in each state, from how long each was in it; the others were idle. “Idle or waiting”: the data came in somewhere in there.',
        areas,
      },
      axis,
    ) + table(['Served by', 'State of its sockets', 'time of all, ns', 'share'], rows)
  );
}

/** Classes of the areas, for light and for dark. */
export const shareStyle = (theme: 'light' | 'dark'): string =>
  shareNames.map((name) => `--share-${name}: ${shareHex[theme][name]};`).join(' ');
export const shareClasses = shareNames
  .map((name) => `.area-${escaped(name)} { fill: var(--share-${name}); }`)
  .join('\n');
