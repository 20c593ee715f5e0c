/** Session files that claim what they cannot hold, with good checksums: refused or read within bounds, never believed. */
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detailsOf } from '../../main/lab/sessions/card.ts';
import { benchSteps } from '../../main/lab/bench/bench-session.ts';
import { FrameReader } from '../../main/lab/sessions/exporters/decoded-frames.ts';
import { buildChunk, buildFramesChunk, buildJsonChunk } from '../../main/lab/sessions/chunk-codec.ts';
import { SessionRecorder } from '../../main/lab/sessions/recorder.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { LabError } from '../../main/lab/errors.ts';
import {
  chunkHeaderBytes,
  crcFrom,
  decodeChunkHeader,
  encodeFileHeader,
  fileHeaderBytes,
  type SessionFrame,
} from '../../shared/session/format.ts';
import { encodeJson } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { encodeIndex, type ChunkPlace } from '../../shared/session/index-chunk.ts';
import { Account, countOf, patienceFor } from '../support/fuzz/counts.ts';
import { Random, seedOf } from '../support/fuzz/random.ts';
import { manifestOf, smallRun, startNs } from './session-frames.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-bounds-'));
  path = join(folder, 'run.fdscope');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function recorded(): Promise<Buffer> {
  const recorder = await SessionRecorder.start({ path, manifest: manifestOf() });
  for (const { source, kind, payload, receivedNs } of smallRun().frames) {
    recorder.frame(source, kind, payload, receivedNs);
  }
  await recorder.stop();
  return readFileSync(path);
}

/** Where the chunks of a file begin. */
function chunksOf(bytes: Buffer): ChunkPlace[] {
  const places: ChunkPlace[] = [];
  for (let offset = fileHeaderBytes; ;) {
    const header = decodeChunkHeader(bytes.subarray(offset));
    if (!header) return places;
    places.push({ ...header, offset });
    offset += chunkHeaderBytes + header.storedBytes;
  }
}

/** Makes the checksum of the chunk there that of its bytes. */
function repair(bytes: Buffer, { offset, storedBytes }: ChunkPlace): void {
  const end = offset + chunkHeaderBytes + storedBytes;
  bytes.writeUInt32LE(crc32(bytes.subarray(offset + crcFrom, end)), offset + 8);
}

/** A file of the lab's own first chunk and these. */
const fileOf = async (...chunks: Uint8Array[]): Promise<void> => {
  const at = { fromNs: startNs, toNs: startNs };
  const manifest = await buildJsonChunk('manifest', manifestOf(), at);
  writeFileSync(path, Buffer.concat([encodeFileHeader(), manifest, ...chunks]));
};

describe('a session file that claims what it cannot hold', () => {
  it.each([
    ['frames far in the future', startNs + 1e18],
    ['a time of 1e300', 1e300],
    ['a time that is none', Number.NaN],
  ])('is read without them: %s', async (_what, timeNs) => {
    const bytes = await recorded();
    const frames = chunksOf(bytes).filter(({ kind }) => kind === 2);
    for (const place of frames) {
      bytes.writeDoubleLE(timeNs, place.offset + 24);
      bytes.writeDoubleLE(timeNs, place.offset + 32);
      repair(bytes, place);
    }
    const end = chunksOf(bytes).at(-1);
    writeFileSync(path, bytes.subarray(0, end?.offset)); // cut off: walked, not believed from an index
    const { overview } = await detailsOf(path);
    expect(overview.columns.serverRequests.length).toBeLessThan(100);
    expect(overview.endedNs).toBeLessThan(startNs + 1e12);
  });

  it('is not read by an index that names one chunk again and again', async () => {
    const bytes = await recorded();
    const [manifest, frames] = chunksOf(bytes);
    if (!manifest || !frames) throw new Error('The recording has no chunks.');
    const at = { fromNs: startNs, toNs: startNs };
    const again = Array.from({ length: 100_000 }, () => frames);
    const body = bytes.subarray(0, frames.offset + chunkHeaderBytes + frames.storedBytes);
    const index = await buildJsonChunk('index', encodeIndex([manifest, ...again], 0), at);
    const endBody = new Uint8Array(8);
    new DataView(endBody.buffer).setBigUint64(0, BigInt(body.length), true);
    const end = await buildChunk('end', endBody, at, 0);
    writeFileSync(path, Buffer.concat([body, index, end]));
    const session = await SessionFile.open(path);
    expect(session.places.length).toBeLessThan(5);
    expect(session.wasClosedWell).toBe(false);
    await session.close();
  });

  it('is refused for a histogram that unpacks to more than any histogram is', async () => {
    const packed = deflateSync(Buffer.alloc(64 << 20));
    const encoded = Buffer.concat([Buffer.alloc(8), packed]).toString('base64');
    const summary = {
      firstSecond: 0,
      columns: { serverRequests: [1] },
      histograms: { corrected: encoded, uncorrected: encoded },
    };
    await fileOf(await buildJsonChunk('summary', summary, { fromNs: startNs, toNs: startNs }));
    const refused = detailsOf(path);
    await expect(refused).rejects.toThrow('latency histogram that cannot be unpacked');
    await expect(refused).rejects.toBeInstanceOf(LabError);
  });

  it('is read without a chunk of more frames than their bytes warrant', async () => {
    const raw = Buffer.alloc(32 << 20);
    const stored = deflateRawSync(raw);
    const chunk = Buffer.from(await buildChunk('frames', stored, { count: 1, fromNs: startNs, toNs: startNs }, 0));
    chunk.writeUInt8(1, 13);
    chunk.writeUInt32LE(raw.length, 16);
    chunk.writeUInt32LE(crc32(chunk.subarray(crcFrom)), 8);
    await fileOf(chunk);
    const session = await SessionFile.open(path);
    await session.verify();
    expect(session.damagedChunks).toBe(1);
    await session.close();
  });
});

describe('a kept bench', () => {
  it('of more steps than memory should hold is refused, however little they take in the file', async () => {
    const payload = encodeJson(frameKinds.bench, {
      ...{ index: 0, actor: 'server', process: 'bench', call: 'socket', arguments: {}, text: 'x'.repeat(1_000_000) },
      ...{ result: 3, errno: null, refused: false, blocked: false, startedNs: 0, durationNs: 1 },
      ...{ woke: [], expectations: [], crossed: [] },
      state: { timeNs: 1, processes: [], sockets: [], epollSets: [], notices: [] },
    }).slice(frameHeaderBytes);
    const frame = { source: 'lab' as const, kind: frameKinds.bench, payload, receivedNs: startNs };
    const at = { fromNs: startNs, toNs: startNs };
    const chunk = await buildFramesChunk('frames', Array<SessionFrame>(40).fill(frame), at);
    await fileOf(chunk, chunk);
    expect(readFileSync(path).length).toBeLessThan(2 << 20);
    const session = await SessionFile.open(path);
    await expect(benchSteps(new FrameReader(session))).rejects.toThrow('run.fdscope has more steps than can be shown.');
    await session.close();
    await fileOf(chunk);
    const small = await SessionFile.open(path);
    expect(await benchSteps(new FrameReader(small))).toHaveLength(40);
    await small.close();
  });
});

describe('mutations with repaired checksums', () => {
  const seed = seedOf(process.env.FDSCOPE_FUZZ_SEED);
  const count = countOf('FDSCOPE_FUZZ_FILES', 300);

  it(
    `open, or are refused in a sentence (${count}, seed ${seed})`,
    async () => {
      const random = new Random(seed);
      const whole = await recorded();
      const places = chunksOf(whole);
      const account = new Account();
      const before = process.memoryUsage().rss;
      const worst = { ms: 0, bytes: 0 };
      let opened = 0;
      for (let i = 0; i < count; i++) {
        const bytes = Buffer.from(whole);
        for (let left = 1 + random.below(3); left > 0; left--) {
          const place = random.pick(places);
          const inHeader = !random.isOnce(3);
          const at =
            place.offset + (inHeader ? crcFrom + random.below(28) : chunkHeaderBytes + random.below(place.storedBytes));
          bytes[at] = random.isOnce(2) ? random.pick([0, 1, 0x7f, 0x80, 0xff]) : random.below(256);
          repair(bytes, place);
        }
        writeFileSync(path, random.isOnce(4) ? bytes.subarray(0, random.below(bytes.length)) : bytes);
        const began = process.cpuUsage();
        try {
          await detailsOf(path);
          opened++;
        } catch (error) {
          expect(error).toBeInstanceOf(LabError);
          expect((error as Error).message).toMatch(/\.$/);
        }
        const { user, system } = process.cpuUsage(began);
        worst.ms = Math.max(worst.ms, (user + system) / 1000);
        worst.bytes = Math.max(worst.bytes, process.memoryUsage().rss);
      }
      account.end('FDSCOPE_FUZZ_FILES', { opened, of: count, worstMs: Math.round(worst.ms) });
      expect(opened).toBeGreaterThan(count / 20);
      expect(worst.bytes).toBeLessThan(before + 768 * 2 ** 20);
    },
    patienceFor(count, 100),
  );
});
