/** Puts the summaries of a session together; what a cut-off recording has behind its last summary is read anew. */
import { inflateSync } from 'node:zlib';
import { chunkKinds } from '../../../shared/session/format.ts';
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
import { SummaryBuilder } from './summary-builder.ts';

/** Chunks that are read and unpacked at a time: enough to wait for none, and no whole day in memory. */
const readAtOnce = 16;
/** Cookie and length, before what is deflated; see "V2 compressed" of HdrHistogram. */
const compressedHeadBytes = 8;

async function storedSummaries(session: SessionFile): Promise<SummaryChunk[]> {
  const places = session.places.filter(({ kind }) => kind === chunkKinds.summary);
  const summaries: SummaryChunk[] = [];
  for (let at = 0; at < places.length; at += readAtOnce) {
    const some = places.slice(at, at + readAtOnce).map((place) => session.json(place).catch(() => undefined));
    for (const body of await Promise.all(some)) {
      const summary = summaryChunkSchema.safeParse(body);
      if (summary.success) summaries.push(summary.data);
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

/** By the highest value of each bucket: most of them are met in every chunk, and found in a histogram only once. */
function addCounts(counts: Map<number, number>, encoded: string): void {
  const unpacked = inflateSync(Buffer.from(encoded, 'base64').subarray(compressedHeadBytes));
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
  for (const summary of tail ? [...summaries, tail] : summaries) {
    for (const name of overviewColumnNames) columns[name].push(...summary.columns[name]);
    for (const [name, count] of Object.entries(summary.syscalls)) syscalls[name] = (syscalls[name] ?? 0) + count;
    for (const kind of ['corrected', 'uncorrected'] as const) {
      const encoded = summary.histograms?.[kind];
      if (encoded === undefined) continue;
      addCounts(totals[kind], encoded);
    }
    moments.push(...summary.moments);
  }
  let lostFrames = 0;
  for (const place of session.places) {
    if (place.kind !== chunkKinds.gap) continue;
    const gap = await session.json(place).catch(() => undefined);
    if (typeof gap === 'object' && gap !== null && 'frames' in gap) lostFrames += Number(gap.frames);
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
