/** Puts the summaries of a session together; what a cut-off recording has behind its last summary is read anew. */
import { inflateSync } from 'node:zlib';
import { z } from 'zod';
import { chunkKinds, SessionFormatError } from '../../../shared/session/format.ts';
import {
  overviewColumnNames,
  overviewColumnsSchema,
  summaryChunkSchema,
  type Overview,
  type SummaryChunk,
} from '../../../shared/session/overview.ts';
import { bucketsOf } from '../../../shared/telemetry/histogram-buckets.ts';
import { emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { summarise } from '../latency.ts';
import type { SessionFile } from './session-file.ts';
import { mostSecondsOf } from './file-bounds.ts';
import { SummaryBuilder } from './summary-builder.ts';

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

async function storedSummaries(session: SessionFile): Promise<SummaryChunk[]> {
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
async function tailOf(session: SessionFile, summaries: readonly SummaryChunk[]): Promise<SummaryChunk | undefined> {
  const last = summaries.at(-1);
  const nextSecond = last ? last.firstSecond + last.columns.serverRequests.length : 0;
  const fromNs = session.startedNs + nextSecond * 1e9;
  const builder = new SummaryBuilder(session.startedNs, nextSecond);
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

export async function readOverview(session: SessionFile): Promise<Overview> {
  const summaries = await storedSummaries(session);
  const tail = session.wasClosedWell ? undefined : await tailOf(session, summaries);
  const columns = overviewColumnsSchema.parse({});
  const syscalls: Record<string, number> = {};
  const totals = { corrected: new Map<number, number>(), uncorrected: new Map<number, number>() };
  const moments: Overview['moments'] = [];
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
    for (const moment of summary.moments) if (moments.length < mostMoments) moments.push(moment);
  }
  let lostFrames = 0;
  for (const place of session.places) {
    if (place.kind !== chunkKinds.gap) continue;
    const gap = await session.json(place).catch(() => undefined);
    const checked = gapSchema.safeParse(gap);
    if (checked.success) lostFrames += checked.data.frames;
  }
  return {
    startedNs: session.startedNs,
    endedNs: session.endedNs,
    columns,
    moments,
    syscalls,
    latency: { corrected: summaryOf(totals.corrected), uncorrected: summaryOf(totals.uncorrected) },
    lostFrames,
  };
}
