/** Puts the summaries of a session together; what a cut-off recording has behind its last summary is read anew. */
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { chunkKinds } from '../../../shared/session/format.ts';
import {
  overviewColumnNames,
  overviewColumnsSchema,
  summaryChunkSchema,
  type Overview,
  type SummaryChunk,
} from '../../../shared/session/overview.ts';
import { emptyHistogram } from '../../../shared/telemetry/latency-histogram.ts';
import { summarise } from '../latency.ts';
import type { SessionFile } from './session-file.ts';
import { SummaryBuilder } from './summary-builder.ts';

async function storedSummaries(session: SessionFile): Promise<SummaryChunk[]> {
  const summaries: SummaryChunk[] = [];
  for (const place of session.places) {
    if (place.kind !== chunkKinds.summary) continue;
    const summary = summaryChunkSchema.safeParse(await session.json(place).catch(() => undefined));
    if (summary.success) summaries.push(summary.data);
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

export async function readOverview(session: SessionFile): Promise<Overview> {
  const summaries = await storedSummaries(session);
  const tail = session.wasClosedWell ? undefined : await tailOf(session, summaries);
  const columns = overviewColumnsSchema.parse({});
  const syscalls: Record<string, number> = {};
  const totals = { corrected: emptyHistogram(), uncorrected: emptyHistogram() };
  const moments: Overview['moments'] = [];
  for (const summary of tail ? [...summaries, tail] : summaries) {
    for (const name of overviewColumnNames) columns[name].push(...summary.columns[name]);
    for (const [name, count] of Object.entries(summary.syscalls)) syscalls[name] = (syscalls[name] ?? 0) + count;
    for (const kind of ['corrected', 'uncorrected'] as const) {
      const encoded = summary.histograms?.[kind];
      if (encoded !== undefined) totals[kind].add(decodeFromCompressedBase64(encoded, 64));
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
    latency: { corrected: summarise(totals.corrected), uncorrected: summarise(totals.uncorrected) },
    lostFrames,
  };
}
