/** A session as large as one likes, with all kinds of frames of a busy server at the level `events`. */
import type { FrameSource } from '../../shared/contract/channels.ts';
import { entryBytes, type SessionFrame } from '../../shared/session/format.ts';
import {
  encodeFdStates,
  encodeCounters,
  encodeEvents,
  encodeLatency,
  encodeSwitches,
} from '../../shared/telemetry/codec.ts';
import { eventKinds, fdFlags, frameHeaderBytes, syscallNames } from '../../shared/telemetry/wire.ts';
import { buildFramesChunk, buildJsonChunk } from '../../main/lab/sessions/chunk-codec.ts';
import { ChunkWriter } from '../../main/lab/sessions/chunk-writer.ts';
import { createSink } from '../../main/lab/sessions/session-sink.ts';
import { countersFrame, latencyBytes, manifestOf, smallRun, startNs } from '../unit/session-frames.ts';

const tickNs = 50e6;
const connections = 1000;
const eventsEachTick = 5000;

/** The same at every run, and as hard to pack as times of a real machine. */
function* noise(): Generator<number, never, undefined> {
  for (let state = 1; ; state = (state * 48_271) % 0x7fff_ffff) yield state;
}

function tickFrames(tick: number, random: () => number, latency: Uint8Array): [FrameSource, Uint8Array][] {
  const nowNs = startNs + tick * tickNs;
  const some = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));
  const fdOf = (i: number): number => 7 + (i % connections);
  const callNames = ['epoll_wait', 'read', 'write'] as const;
  const codes = callNames.map((name) => syscallNames.indexOf(name));
  const events = encodeEvents({
    ...{ timeNs: nowNs, threadId: 1, dropped: 0, count: eventsEachTick },
    timesNs: Float64Array.from(some(eventsEachTick, (i) => nowNs - tickNs + i * 10_000 + (random() % 900))),
    durationsNs: Float64Array.from(some(eventsEachTick, () => 300 + (random() % 8000))),
    kinds: new Uint16Array(eventsEachTick).fill(eventKinds.syscall),
    codes: Uint16Array.from(some(eventsEachTick, (i) => codes[i % 3] ?? 0)),
    fds: Int32Array.from(some(eventsEachTick, fdOf)),
    results: Int32Array.from(some(eventsEachTick, () => random() % 200)),
    connectionIds: Uint32Array.from(some(eventsEachTick, (i) => 1 + (i % connections))),
  });
  const fds = encodeFdStates({
    ...{ timeNs: nowNs, count: connections },
    connectionIds: Uint32Array.from(some(connections, (i) => i + 1)),
    fds: Int32Array.from(some(connections, fdOf)),
    flags: Uint16Array.from(some(connections, () => fdFlags.read | (random() % 5 === 0 ? fdFlags.waiting : 0))),
    roles: new Uint8Array(connections).fill(1),
    tcpStates: new Uint8Array(connections).fill(1),
    receiveQueueBytes: Uint32Array.from(some(connections, () => random() % 3)),
    sendQueueBytes: new Uint32Array(connections),
    waitingUs: Uint32Array.from(some(connections, () => random() % 5000)),
    bytesIn: new Uint32Array(connections).fill(90),
    bytesOut: new Uint32Array(connections).fill(128),
  });
  const switches = encodeSwitches({
    ...{ timeNs: nowNs, count: 200, threadIds: new Uint32Array(200).fill(1) },
    timesNs: Float64Array.from(some(200, (i) => nowNs - tickNs + i * 250_000)),
    kinds: Uint8Array.from(some(200, (i) => (i % 2 === 0 ? 0 : 1))),
  });
  const counters = encodeCounters(
    countersFrame(nowNs, { requests: tick * 1666 }, { read: tick * 1667, write: tick * 1666 }, { rssBytes: 5e6 }),
  );
  return [
    ['server', events],
    ['server', fds],
    ['server', switches],
    ['server', counters],
    ['clients', encodeLatency({ timeNs: nowNs, kind: 'corrected', encoded: latency })],
  ];
}

/** Frames of so many bytes, before they are packed. */
export async function writeLargeSession(path: string, frameBytes: number): Promise<void> {
  const writer = await ChunkWriter.begin(await createSink(path));
  await writer.append(await buildJsonChunk('manifest', manifestOf(), { fromNs: startNs, toNs: startNs }));
  const numbers = noise();
  const random = (): number => numbers.next().value;
  const latency = latencyBytes(Array.from({ length: 2000 }, () => 50_000 + (random() % 900_000)));
  // What an engine says first: processes, threads, sockets.
  let chunk: SessionFrame[] = smallRun({ seconds: 0, connections }).frames;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const first = chunk[0];
    const last = chunk.at(-1);
    if (first && last) {
      await writer.append(await buildFramesChunk('frames', chunk, { fromNs: first.receivedNs, toNs: last.receivedNs }));
    }
    chunk = [];
  };
  for (let tick = 1, chunkBytes = 0; bytes < frameBytes; tick++) {
    for (const [source, frame] of tickFrames(tick, random, latency)) {
      const kind = new DataView(frame.buffer).getUint16(4, true);
      const payload = frame.subarray(frameHeaderBytes);
      chunk.push({ source, kind, payload, receivedNs: startNs + tick * tickNs });
      chunkBytes += entryBytes(payload.length);
    }
    if (chunkBytes < 1 << 20) continue;
    bytes += chunkBytes;
    chunkBytes = 0;
    await flush();
  }
  await flush();
  await writer.finish();
  await writer.close();
}
