/** Puts the summaries of a session together; what a cut-off recording has behind its last summary is read anew. */
import { inflateSync } from 'node:zlib';
import { z } from 'zod';
import { chunkKinds, SessionFormatError, type SessionFrame } from '../../../shared/session/format.ts';
import type { ChunkPlace } from '../../../shared/session/index-chunk.ts';
import {
  overviewColumnNames,
  overviewColumnsSchema,
  summaryChunkSchema,
  type Overview,
  type SummaryChunk,
} from '../../../shared/session/overview.ts';
import { mergedNoise } from '../../../shared/machine-noise.ts';
import {
  measuredCounts,
  measuredPeaks,
  measuredSecondsOf,
  type Measured,
  type MeasuredPart,
  type ProfileSums,
} from '../../../shared/session/measured.ts';
import { bucketsOf } from '../../../shared/telemetry/histogram-buckets.ts';
import { emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { summarise } from '../latency.ts';
import { mostSecondsOf } from './file-bounds.ts';
import { SummaryBuilder } from './summary-builder.ts';

/** What of a session its overview is made of. */
interface SummedUp {
  readonly places: readonly ChunkPlace[];
  readonly bytes: number;
  readonly startedNs: number;
  readonly endedNs: number;
  readonly wasClosedWell: boolean;
  json(place: ChunkPlace): Promise<unknown>;
  keyframeBefore(timeNs: number): Promise<{ atNs: number; frames: SessionFrame[] } | undefined>;
  frames(range: { readonly fromNs?: number | undefined }): AsyncIterable<SessionFrame>;
}

const gapSchema = z.object({ frames: z.number().int().min(0) });

/** Chunks that are read and unpacked at a time: enough to wait for none, and no whole day in memory. */
const readAtOnce = 16;
/** Cookie and length, before what is deflated; see "V2 compressed" of HdrHistogram. */
const compressedHeadBytes = 8;

/** Its columns are of one length, but for those that its writer did not know, and its seconds are some of the session. */
function isWithinSession({ firstSecond, columns }: SummaryChunk, mostSeconds: number): boolean {
  const seconds = columns.serverRequests.length;
  const isEven = overviewColumnNames.every((name) => [0, seconds].includes(columns[name].length));
  return isEven && firstSecond + seconds <= mostSeconds;
}

async function storedSummaries(session: SummedUp): Promise<SummaryChunk[]> {
  const places = session.places.filter(({ kind }) => kind === chunkKinds.summary);
  const summaries: SummaryChunk[] = [];
  const mostSeconds = mostSecondsOf(session.bytes);
  for (let at = 0; at < places.length; at += readAtOnce) {
    const some = places.slice(at, at + readAtOnce).map((place) => session.json(place).catch(() => undefined));
    for (const body of await Promise.all(some)) {
      const summary = summaryChunkSchema.safeParse(body);
      if (summary.success && isWithinSession(summary.data, mostSeconds)) summaries.push(summary.data);
    }
  }
  return summaries;
}

/** The seconds behind the last summary: counters grow from the state at their beginning, which an earlier keyframe has. */
async function tailOf(session: SummedUp, summaries: readonly SummaryChunk[]): Promise<SummaryChunk | undefined> {
  const last = summaries.at(-1);
  const nextSecond = last ? last.firstSecond + last.columns.serverRequests.length : 0;
  const fromNs = session.startedNs + nextSecond * 1e9;
  const builder = new SummaryBuilder(session.startedNs, nextSecond);
  const marks = summaries
    .flatMap(({ moments }) => moments)
    .filter(({ kind, source }) => kind === 'mark' && source === 'clients');
  const mark = marks.findLast(({ name }) => name === 'steady' || name === 'loadDone');
  if (mark?.name === 'steady') builder.resumeMeasuring(mark.timeNs);
  const keyframe = await session.keyframeBefore(fromNs);
  for (const { source, kind, payload } of keyframe?.frames ?? []) {
    if (last) builder.startFrom(source, kind, payload);
    else builder.beginWith(source, kind, payload);
  }
  for await (const { source, kind, payload, receivedNs } of session.frames({ fromNs: keyframe?.atNs })) {
    if (receivedNs < fromNs) builder.startFrom(source, kind, payload);
    else builder.see(source, kind, payload, receivedNs);
  }
  return builder.take('all');
}

/** More than a histogram of 25,000 counters of nine bytes, and the most that one may unpack to. */
const mostHistogramBytes = 1 << 18;
/** A session of a day has fewer than the reader shows. */
const mostMoments = 100_000;
const mostSyscallNames = 4096;

/** Throws SessionFormatError. */
function unpackHistogram(encoded: string): Uint8Array {
  try {
    const packed = Buffer.from(encoded, 'base64').subarray(compressedHeadBytes);
    return inflateSync(packed, { maxOutputLength: mostHistogramBytes });
  } catch {
    throw new SessionFormatError('A summary of this session has a latency histogram that cannot be unpacked.');
  }
}

/** By the highest value of each bucket: most of them are met in every chunk, and found in a histogram only once. */
function addCounts(counts: Map<number, number>, encoded: string): void {
  const unpacked = unpackHistogram(encoded);
  for (const { toNs, count } of bucketsOf(unpacked)) counts.set(toNs, (counts.get(toNs) ?? 0) + count);
}

function summaryOf(counts: ReadonlyMap<number, number>): Overview['latency']['corrected'] {
  const histogram = emptyHistogram();
  for (const [value, count] of counts) histogram.recordValueWithCount(value, count);
  return summarise(histogram);
}

interface LatencyCounts {
  readonly corrected: Map<number, number>;
  readonly uncorrected: Map<number, number>;
}
const newCounts = (): LatencyCounts => ({ corrected: new Map(), uncorrected: new Map() });
const latencyOf = ({ corrected, uncorrected }: LatencyCounts): Overview['latency'] => ({
  corrected: summaryOf(corrected),
  uncorrected: summaryOf(uncorrected),
});

/** A session names few profiles, as there are few. */
const mostProfiles = 32;

function measuredOf(
  parts: readonly MeasuredPart[],
  session: Parameters<typeof measuredSecondsOf>[0],
): Measured | undefined {
  const seconds = measuredSecondsOf(session);
  if (parts.length === 0 || seconds <= 0) return undefined;
  const [counts, peaks] = [zeros(measuredCounts), zeros(measuredPeaks)];
  const latency = newCounts();
  const profiles = new Map<string, { counts: ProfileSums | undefined; latency: LatencyCounts }>();
  for (const part of parts) {
    for (const name of measuredCounts) counts[name] += part.counts[name];
    for (const name of measuredPeaks) peaks[name] = Math.max(peaks[name], part.peaks[name]);
    const add = (into: LatencyCounts, encoded: MeasuredPart['histograms']): void => {
      if (!encoded) return;
      addCounts(into.corrected, encoded.corrected);
      addCounts(into.uncorrected, encoded.uncorrected);
    };
    add(latency, part.histograms);
    for (const [name, own] of Object.entries(part.profiles)) {
      let known = profiles.get(name);
      if (!known) profiles.set(name, (known = { counts: undefined, latency: newCounts() }));
      if (profiles.size > mostProfiles)
        throw new SessionFormatError('This session names more profiles than there are.');
      add(known.latency, own.histograms);
      if (own.counts) known.counts = addedSums(known.counts, own.counts);
    }
  }
  const noise = mergedNoise(parts.flatMap((part) => part.noise));
  // Shared out by time, where an interval begins between two frames; what is counted is whole.
  for (const name of measuredCounts) counts[name] = Math.round(counts[name]);
  return {
    ...{ seconds, counts, peaks, latency: latencyOf(latency), ...(noise ? { noise } : {}) },
    profiles: [...profiles].map(([profile, own]) => ({
      ...{ profile, latency: latencyOf(own.latency) },
      ...(own.counts ? { counts: own.counts } : {}),
    })),
  };
}

const zeros = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;

const addedSums = (a: ProfileSums | undefined, b: ProfileSums): ProfileSums =>
  Object.fromEntries(
    Object.entries(b).map(([name, value]) => [name, value + (a?.[name as keyof ProfileSums] ?? 0)]),
  ) as ProfileSums;

export async function readOverview(session: SummedUp): Promise<Overview> {
  const summaries = await storedSummaries(session);
  const tail = session.wasClosedWell ? undefined : await tailOf(session, summaries);
  const columns = overviewColumnsSchema.parse({});
  const syscalls: Record<string, number> = {};
  const totals = { corrected: new Map<number, number>(), uncorrected: new Map<number, number>() };
  const moments: Overview['moments'] = [];
  const parts: MeasuredPart[] = [];
  let rows = 0;
  for (const summary of tail ? [...summaries, tail] : summaries) {
    rows += summary.columns.serverRequests.length;
    if (rows > mostSecondsOf(session.bytes)) throw new SessionFormatError('The summaries of this session overlap.');
    for (const name of overviewColumnNames) for (const value of summary.columns[name]) columns[name].push(value);
    for (const [name, count] of Object.entries(summary.syscalls)) syscalls[name] = (syscalls[name] ?? 0) + count;
    if (Object.keys(syscalls).length > mostSyscallNames) {
      throw new SessionFormatError('This session names more system calls than there are.');
    }
    for (const kind of ['corrected', 'uncorrected'] as const) {
      const encoded = summary.histograms?.[kind];
      if (encoded === undefined) continue;
      addCounts(totals[kind], encoded);
    }
    if (summary.measured) parts.push(summary.measured);
    for (const moment of summary.moments) if (moments.length < mostMoments) moments.push(moment);
  }
  let lostFrames = 0;
  for (const place of session.places) {
    if (place.kind !== chunkKinds.gap) continue;
    const gap = await session.json(place).catch(() => undefined);
    const checked = gapSchema.safeParse(gap);
    if (checked.success) lostFrames += checked.data.frames;
  }
  const measured = measuredOf(parts, { moments, endedNs: session.endedNs });
  return {
    ...(measured ? { measured } : {}),
    startedNs: session.startedNs,
    endedNs: session.endedNs,
    columns,
    moments,
    syscalls,
    latency: { corrected: summaryOf(totals.corrected), uncorrected: summaryOf(totals.uncorrected) },
    lostFrames,
  };
}
