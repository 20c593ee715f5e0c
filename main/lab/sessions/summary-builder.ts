/** Turns frames, as they come, into the figures by the second that a session opens with. */
import type { FrameSource } from '../../../shared/contract/channels.ts';
import { markSchema, modelFrameSchema, noticeSchema, readySchema } from '../../../shared/engine-messages.ts';
import { findingSchema } from '../../../shared/findings.ts';
import { machineFrameSchema, machineNoiseSchema } from '../../../shared/machine-noise.ts';
import { errorCounter } from '../../../shared/run-result.ts';
import {
  overviewColumnNames,
  type Moment,
  type OverviewColumn,
  type OverviewColumns,
  type SummaryChunk,
} from '../../../shared/session/overview.ts';
import {
  counterOf,
  decodeCounters,
  decodeJson,
  decodeLatency,
  gaugeOf,
  type Counters,
} from '../../../shared/telemetry/codec.ts';
import { errorKinds, frameKinds, syscallNames, type CounterName } from '../../../shared/telemetry/wire.ts';
import { bucketsOf } from '../../../shared/telemetry/histogram-buckets.ts';
import { addBuckets, base64Of, emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { MeasuredBuilder } from './measured-builder.ts';

type Row = Record<OverviewColumn, number>;

const emptyRow = (): Row => Object.fromEntries(overviewColumnNames.map((name) => [name, 0])) as Row;

const gaugeColumns = ['rssBytes', 'threads', 'openFds', 'openConnections'] as const;
/** Columns that are a counter of the server of the same name. */
const serverColumns = [
  'bytesIn',
  'bytesOut',
  'eagain',
  'wakeups',
  'voluntarySwitches',
  'involuntarySwitches',
  'coroutineSwitches',
  'eventsDropped',
  'switchesLost',
] as const satisfies readonly (OverviewColumn & CounterName)[];

/** A chunk of summaries holds moments of its seconds, and no flood of them. */
const maxMoments = 1000;

const none: Counters = {
  timeNs: 0,
  sequence: 0,
  snapshotId: 0,
  gauges: new Float64Array(),
  counters: new Float64Array(),
  syscalls: new Float64Array(),
  stepHits: new Float64Array(),
  stepNs: new Float64Array(),
};

export class SummaryBuilder {
  readonly #startedNs: number;
  readonly #measured = new MeasuredBuilder();
  /** Counters of each source as last seen, to take growth from. */
  readonly #last = new Map<FrameSource, Counters>();
  #row = emptyRow();
  #second = 0;
  #firstSecond = 0;
  #hasClients = false;
  #columns = emptyColumns();
  #moments: Moment[] = [];
  #syscalls = new Map<string, number>();
  readonly #ofSecond = emptyHistogram();
  readonly #corrected = emptyHistogram();
  readonly #uncorrected = emptyHistogram();

  /** Seconds are counted from `startedNs`; the first that comes is `firstSecond`. */
  constructor(startedNs: number, firstSecond = 0) {
    this.#startedNs = startedNs;
    this.#second = firstSecond;
    this.#firstSecond = firstSecond;
  }

  /** Seconds that are over and not yet taken. */
  get wholeSeconds(): number {
    return this.#second - this.#firstSecond;
  }

  /** The recording's summaries before told that an interval began then, and of no end of it. */
  resumeMeasuring(fromNs: number): void {
    this.#measured.resume(fromNs);
  }

  /** A frame of a keyframe: the state from which growth is counted, nothing that happened. */
  startFrom(source: FrameSource, kind: number, payload: Uint8Array): void {
    if (kind === frameKinds.counters) this.#last.set(source, decodeCounters(payload));
    if (kind === frameKinds.ready) this.#last.set(source, none);
    if (kind === frameKinds.mark) this.#measuredMark(source, payload);
    if (source === 'clients') this.#hasClients = true;
  }

  /** As startFrom(), where the session begins in mid-run: who serves then is told as a moment of its beginning. */
  beginWith(source: FrameSource, kind: number, payload: Uint8Array): void {
    this.startFrom(source, kind, payload);
    if (kind !== frameKinds.model) return;
    const model = modelFrameSchema.safeParse(decodeJson(payload)).data;
    if (model) this.#moment({ source, kind: 'model', name: model.model, timeNs: this.#startedNs });
  }

  see(source: FrameSource, kind: number, payload: Uint8Array, receivedNs: number): void {
    this.#advance(Math.floor((receivedNs - this.#startedNs) / 1e9));
    switch (kind) {
      case frameKinds.ready: {
        // A new process counts from zero; all it has counted at its first frame happened since.
        this.#last.set(source, { ...none, timeNs: receivedNs });
        if (source === 'clients') {
          this.#hasClients = true;
          this.#measured.clientsBegin();
        }
        const ready = readySchema.safeParse(decodeJson(payload));
        for (const notice of ready.data?.notices ?? []) this.#notice(source, notice, receivedNs);
        break;
      }
      case frameKinds.counters:
        this.#count(source, decodeCounters(payload));
        break;
      case frameKinds.latency: {
        const { kind: latencyKind, encoded, profile } = decodeLatency(payload);
        const buckets = bucketsOf(encoded);
        this.#measured.latency(latencyKind, profile, buckets);
        addBuckets(latencyKind === 'corrected' ? this.#corrected : this.#uncorrected, buckets);
        if (latencyKind === 'corrected') addBuckets(this.#ofSecond, buckets);
        break;
      }
      case frameKinds.mark: {
        const mark = markSchema.safeParse(decodeJson(payload)).data;
        if (mark) this.#moment({ source, kind: 'mark', name: mark.name, timeNs: mark.timeNs, ...textOf(mark) });
        if (mark && source === 'clients') this.#measured.mark(mark);
        break;
      }
      case frameKinds.model: {
        const model = modelFrameSchema.safeParse(decodeJson(payload)).data;
        if (model) this.#moment({ source, kind: 'model', name: model.model, timeNs: model.timeNs });
        break;
      }
      case frameKinds.notice: {
        const notice = noticeSchema.safeParse(decodeJson(payload)).data;
        if (notice) this.#notice(source, notice, receivedNs);
        break;
      }
      case frameKinds.finding: {
        const finding = findingSchema.safeParse(decodeJson(payload)).data;
        if (!finding) break;
        const { code: name, level, text, timeNs } = finding;
        this.#moment({ source, kind: 'finding', name, level, text, timeNs });
        break;
      }
      case frameKinds.machine: {
        const { timeNs, ...noise } = machineFrameSchema.safeParse(decodeJson(payload)).data ?? {};
        if (timeNs !== undefined) this.#measured.noise(timeNs, machineNoiseSchema.parse(noise));
        break;
      }
      default:
      // Nothing that a summary has.
    }
  }

  /** The seconds that are over, or at the end all of them; undefined where there are none. */
  take(which: 'whole' | 'all'): SummaryChunk | undefined {
    if (which === 'all') this.#advance(this.#second + 1);
    if (this.#second === this.#firstSecond) return undefined;
    const measured = this.#measured.take();
    const chunk: SummaryChunk = {
      ...(measured ? { measured } : {}),
      firstSecond: this.#firstSecond,
      columns: this.#columns,
      moments: this.#moments,
      syscalls: Object.fromEntries(this.#syscalls),
      ...(this.#corrected.totalCount + this.#uncorrected.totalCount > 0
        ? {
            histograms: {
              corrected: base64Of(this.#corrected),
              uncorrected: base64Of(this.#uncorrected),
            },
          }
        : {}),
    };
    this.#firstSecond = this.#second;
    this.#columns = emptyColumns();
    this.#moments = [];
    this.#syscalls = new Map();
    this.#corrected.reset();
    this.#uncorrected.reset();
    return chunk;
  }

  #measuredMark(source: FrameSource, payload: Uint8Array): void {
    const mark = source === 'clients' ? markSchema.safeParse(decodeJson(payload)).data : undefined;
    if (mark) this.#measured.mark(mark);
  }

  #notice(
    source: FrameSource,
    { level, code, text }: { level: Moment['level']; code: string; text: string },
    timeNs: number,
  ): void {
    this.#moment({ source, kind: 'notice', name: code, text, timeNs, ...(level ? { level } : {}) });
  }

  #moment(moment: Moment): void {
    if (this.#moments.length < maxMoments) this.#moments.push(moment);
  }

  /** Closes the seconds before `second`; one in which nothing came has the gauges of the one before. */
  #advance(second: number): void {
    while (this.#second < second) {
      const row = this.#row;
      if (this.#ofSecond.totalCount > 0) {
        row.latencyCount = this.#ofSecond.totalCount;
        row.p50Ns = this.#ofSecond.getValueAtPercentile(50);
        row.p99Ns = this.#ofSecond.getValueAtPercentile(99);
        row.maxNs = this.#ofSecond.maxValue;
        this.#ofSecond.reset();
      }
      for (const name of overviewColumnNames) this.#columns[name].push(row[name]);
      this.#row = emptyRow();
      for (const name of gaugeColumns) this.#row[name] = row[name];
      this.#second++;
    }
  }

  #count(source: FrameSource, frame: Counters): void {
    const before = this.#last.get(source);
    this.#last.set(source, frame);
    const row = this.#row;
    if (source === 'server') {
      for (const name of gaugeColumns) {
        row[name] = gaugeOf(frame, name);
        this.#measured.peak(name, frame.timeNs, row[name]);
      }
    }
    // The first frame of an engine that ran before the recording says nothing of what happened within it.
    if (!before || source === 'upstream' || source === 'lab') return;
    const grown = (name: CounterName): number => counterOf(frame, name) - counterOf(before, name);
    const cpuNs = grown('cpuUserNs') + grown('cpuSystemNs');
    const errors = errorKinds.reduce((sum, kind) => sum + grown(errorCounter(kind)), 0);
    if (source === 'clients') {
      this.#hasClients = true;
      row.clientRequests += grown('requests');
      row.clientCpuNs += cpuNs;
      row.errors += errors;
      const amounts = { clientRequests: grown('requests'), clientCpuNs: cpuNs, errors };
      this.#measured.grow(source, { fromNs: before.timeNs, toNs: frame.timeNs, amounts });
      return;
    }
    row.serverRequests += grown('requests');
    row.serverCpuNs += cpuNs;
    if (!this.#hasClients) row.errors += errors;
    for (const name of serverColumns) row[name] += grown(name);
    let calls = 0;
    syscallNames.forEach((name, i) => {
      const count = (frame.syscalls[i] ?? 0) - (before.syscalls[i] ?? 0);
      if (count === 0) return;
      calls += count;
      this.#syscalls.set(name, (this.#syscalls.get(name) ?? 0) + count);
    });
    row.syscalls += calls;
    const amounts = {
      ...{ serverRequests: grown('requests'), serverCpuNs: cpuNs, syscalls: calls },
      ...(this.#hasClients ? {} : { errors }),
      ...{ bytesIn: grown('bytesIn'), bytesOut: grown('bytesOut'), eagain: grown('eagain'), wakeups: grown('wakeups') },
      ...{ voluntarySwitches: grown('voluntarySwitches'), involuntarySwitches: grown('involuntarySwitches') },
      coroutineSwitches: grown('coroutineSwitches'),
    };
    this.#measured.grow(source, { fromNs: before.timeNs, toNs: frame.timeNs, amounts });
  }
}

const textOf = ({ text }: { text?: string | undefined }): { text?: string } => (text === undefined ? {} : { text });
const emptyColumns = (): OverviewColumns =>
  Object.fromEntries(overviewColumnNames.map((name) => [name, [] as number[]])) as OverviewColumns;
