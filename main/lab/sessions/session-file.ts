/** A session file for reading: opened from its index, or, where it was cut off, by walking its chunks. */
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { MissingStretch } from '../../../shared/contract/sessions.ts';
import { applyEdits, editSchema, type Annotation, type Edit } from '../../../shared/session/edits.ts';
import {
  checkFileHeader,
  chunkHeaderBytes,
  chunkKinds,
  decodeChunkHeader,
  decodeEntries,
  fileHeaderBytes,
  maxChunkBytes,
  SessionFormatError,
  type SessionFrame,
} from '../../../shared/session/format.ts';
import { decodeIndex, type ChunkPlace } from '../../../shared/session/index-chunk.ts';
import { manifestSchema, type Manifest } from '../../../shared/session/manifest.ts';
import type { Overview } from '../../../shared/session/overview.ts';
import { wireVersion } from '../../../shared/telemetry/wire.ts';
import { isWhole, parseJsonBody, unpackChunk } from './chunk-codec.ts';
import { openRegular } from '../regular-file.ts';
import { readFault } from './faults.ts';
import { canBe, canBeOneFile, isFrameWithin, isWithin, spanOf, type Span } from './file-bounds.ts';
import { readOverview } from './overview-reader.ts';

export interface TimeRange {
  /** CLOCK_MONOTONIC; frames received from then on, */
  readonly fromNs?: number | undefined;
  /** until then, both inclusive. */
  readonly toNs?: number | undefined;
}

/** The last chunk of a file that was closed well. */
const endBytes = chunkHeaderBytes + 8;

/** What `read` resolves to; undefined where the chunk is not as it was written. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SessionFormatError) return undefined;
    throw error;
  }
}

export class SessionFile {
  readonly path: string;
  /** As recorded; `manifest` has the edits in it. */
  #original: Manifest | undefined;
  #edits: Edit[] = [];
  readonly #file: FileHandle;
  #places: ChunkPlace[] = [];
  #previousIndex = 0;
  #unindexed: ChunkPlace[] = [];
  #wholeBytes = 0;
  #fileBytes = 0;
  #wasClosedWell = false;
  #overview: Promise<Overview> | undefined;
  /** The times that it may hold. */
  #span: Span = { fromNs: 0, toNs: 0 };
  /** By their offsets; found when they are read. */
  readonly #damaged = new Map<number, ChunkPlace>();

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Throws LabError with a sentence where it is no session, or one of a newer fdscope. */
  static async open(path: string): Promise<SessionFile> {
    let session: SessionFile | undefined;
    try {
      session = new SessionFile(path, await openRegular(path, basename(path)));
      await session.#load();
      return session;
    } catch (error) {
      await session?.close();
      throw readFault(`${basename(path)} cannot be opened`, error);
    }
  }

  /** With all edits. */
  get manifest(): Manifest {
    return applyEdits(this.#checkedOriginal(), this.#edits).manifest;
  }
  get annotations(): readonly Annotation[] {
    return applyEdits(this.#checkedOriginal(), this.#edits).annotations;
  }
  get places(): readonly ChunkPlace[] {
    return this.#places;
  }
  get bytes(): number {
    return this.#fileBytes;
  }
  /** False: the recording was cut off, and ends with the last whole chunk. */
  get wasClosedWell(): boolean {
    return this.#wasClosedWell;
  }
  /** Chunks of frames that were found damaged so far, and left out. */
  get damagedChunks(): number {
    return this.#damaged.size;
  }
  /** As far as it has been read, in the order of time. `verify` reads all. */
  get missing(): readonly MissingStretch[] {
    const lost = this.#places.filter(({ kind }) => kind === chunkKinds.gap);
    return [
      ...lost.map(({ fromNs, toNs }) => ({ fromNs, toNs, cause: 'lost' as const })),
      ...[...this.#damaged.values()].map(({ fromNs, toNs }) => ({ fromNs, toNs, cause: 'damaged' as const })),
    ].sort((a, b) => a.fromNs - b.fromNs);
  }
  get startedNs(): number {
    return this.#checkedOriginal().started.monotonicNs;
  }
  get endedNs(): number {
    return this.#places.reduce((last, { toNs, kind }) => {
      return kind === chunkKinds.frames || kind === chunkKinds.gap ? Math.max(last, toNs) : last;
    }, this.startedNs);
  }
  /** Frames in it, without those of keyframes. */
  get frameCount(): number {
    return this.#places.reduce((sum, { kind, count }) => sum + (kind === chunkKinds.frames ? count : 0), 0);
  }
  /** What an appender needs to go on behind the last whole chunk. */
  get tail(): { wholeBytes: number; previousIndex: number; unindexed: readonly ChunkPlace[] } {
    return { wholeBytes: this.#wholeBytes, previousIndex: this.#previousIndex, unindexed: this.#unindexed };
  }

  overview(): Promise<Overview> {
    return (this.#overview ??= readOverview(this));
  }

  /** The body of a JSON chunk. */
  async json(place: ChunkPlace): Promise<unknown> {
    return parseJsonBody(await this.#body(place));
  }

  /** Frames of one chunk; none where it is damaged. */
  async framesOf(place: ChunkPlace): Promise<SessionFrame[]> {
    const frames = await unlessDamaged(async () => decodeEntries(await this.#body(place), place.fromNs));
    if (frames?.every((frame) => isFrameWithin(frame, this.#span)) === true) return frames;
    this.#damaged.set(place.offset, place);
    return [];
  }

  /** Frames in the order in which they came, one chunk at a time: no more than two are in memory. */
  async *batches({ fromNs = -Infinity, toNs = Infinity }: TimeRange = {}): AsyncGenerator<
    SessionFrame[],
    void,
    undefined
  > {
    for (const place of this.#places) {
      if (place.kind !== chunkKinds.frames || place.toNs < fromNs || place.fromNs > toNs) continue;
      const frames = await this.framesOf(place);
      const isInside = place.fromNs >= fromNs && place.toNs <= toNs;
      yield isInside ? frames : frames.filter(({ receivedNs }) => receivedNs >= fromNs && receivedNs <= toNs);
    }
  }

  async *frames(range: TimeRange = {}): AsyncGenerator<SessionFrame, void, undefined> {
    for await (const batch of this.batches(range)) yield* batch;
  }

  /** The state at or before a moment: frames of the last keyframe before it, and when that was; none at the start. */
  async keyframeBefore(timeNs: number): Promise<{ atNs: number; frames: SessionFrame[] } | undefined> {
    const keyframes = this.#places.filter(({ kind, fromNs }) => kind === chunkKinds.keyframe && fromNs <= timeNs);
    for (const place of keyframes.reverse()) {
      const frames = await this.framesOf(place);
      if (frames.length > 0) return { atNs: place.fromNs, frames };
    }
    return undefined;
  }

  /** Reads every chunk, of which no more than one is in memory, and resolves to those that are damaged. */
  async verify(): Promise<readonly ChunkPlace[]> {
    const damaged: ChunkPlace[] = [];
    for (const place of this.#places) {
      if (place.kind === chunkKinds.frames || place.kind === chunkKinds.keyframe) {
        await this.framesOf(place);
        if (this.#damaged.has(place.offset)) damaged.push(place);
      } else if (!(await unlessDamaged(() => this.#body(place)))) damaged.push(place);
    }
    return damaged;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #load(): Promise<void> {
    this.#fileBytes = (await this.#file.stat()).size;
    const version = checkFileHeader(await this.#read(0, fileHeaderBytes), basename(this.path));
    if (version < 1) throw new SessionFormatError(`${basename(this.path)} has the format version 0, which never was.`);
    this.#wasClosedWell = await this.#loadFromIndex().catch(() => false);
    if (!this.#wasClosedWell) await this.#walk();
    const [first] = this.#places;
    if (first?.kind !== chunkKinds.manifest) {
      throw new SessionFormatError(
        `${basename(this.path)} was cut off before its first chunk was whole: it holds nothing.`,
      );
    }
    const manifest = manifestSchema.safeParse(await this.json(first));
    if (!manifest.success)
      throw new SessionFormatError(`${basename(this.path)} does not say what it is: its manifest is broken.`);
    const wire = manifest.data.machine.versions.wire;
    if (wire > wireVersion) {
      throw new SessionFormatError(
        `${basename(this.path)} holds frames of a newer fdscope (wire version ${wire}, this one reads ${wireVersion}): ` +
          'update fdscope to open it.',
      );
    }
    this.#original = manifest.data;
    this.#leaveOutOtherTimes(manifest.data.started.monotonicNs);
    await this.#loadEdits();
  }

  /** A chunk of a time in which nothing of this recording can have happened is damage, whatever its checksum. */
  #leaveOutOtherTimes(startedNs: number): void {
    this.#span = spanOf(startedNs, this.#fileBytes);
    for (const place of this.#places) {
      if (isWithin(place, this.#span)) continue;
      // Where it claims to be is not to be shown anywhere.
      this.#damaged.set(place.offset, { ...place, fromNs: startedNs, toNs: startedNs });
    }
    this.#places = this.#places.filter((place) => isWithin(place, this.#span));
  }

  async #loadEdits(): Promise<void> {
    for (const place of this.#places) {
      if (place.kind !== chunkKinds.edit) continue;
      // An edit of a kind that a newer fdscope knows changes nothing here.
      const edit = editSchema.safeParse(await this.json(place).catch(() => undefined));
      if (edit.success) this.#edits.push(edit.data);
    }
  }

  /** Follows the chain of index chunks from the end of the file. False where it was not closed well. */
  async #loadFromIndex(): Promise<boolean> {
    const end = await this.#chunkAt(this.#fileBytes - endBytes);
    if (end?.kind !== chunkKinds.end) return false;
    const body = await this.#body(end);
    let offset = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(0, true));
    this.#previousIndex = offset;
    const parts: ChunkPlace[][] = [];
    while (offset > 0) {
      const place = await this.#chunkAt(offset);
      if (place?.kind !== chunkKinds.index) return false;
      if (!canBe(place, this.#fileBytes)) return false;
      const { previous, places } = decodeIndex(await this.json(place));
      // An index only ever points back: a file that says otherwise is damaged, and must not keep us going round.
      if (previous >= offset) return false;
      parts.push(places);
      offset = previous;
    }
    const all = parts.reverse().flat();
    if (!canBeOneFile(all, this.#fileBytes)) return false;
    this.#places = all;
    this.#wholeBytes = this.#fileBytes;
    this.#unindexed = [];
    return true;
  }

  /** From chunk to chunk, each checked, up to the last whole one. */
  async #walk(): Promise<void> {
    this.#places = [];
    this.#previousIndex = 0;
    let offset = fileHeaderBytes;
    while (true) {
      const place = await this.#chunkAt(offset);
      if (!place || offset + chunkHeaderBytes + place.storedBytes > this.#fileBytes) break;
      const chunk = await this.#read(offset, chunkHeaderBytes + place.storedBytes);
      if (!isWhole(place, chunk)) break;
      offset += chunk.length;
      // It is there, and says what cannot be.
      if (!canBe(place, this.#fileBytes)) continue;
      if (place.kind !== chunkKinds.index && place.kind !== chunkKinds.end) this.#places.push(place);
    }
    this.#wholeBytes = offset;
    this.#unindexed = this.#places;
  }

  async #chunkAt(offset: number): Promise<ChunkPlace | undefined> {
    if (offset < fileHeaderBytes) return undefined;
    const header = decodeChunkHeader(await this.#read(offset, chunkHeaderBytes));
    return header && { ...header, offset };
  }

  async #body(place: ChunkPlace): Promise<Uint8Array> {
    const chunk = await this.#read(place.offset, chunkHeaderBytes + Math.min(place.storedBytes, maxChunkBytes));
    const header = decodeChunkHeader(chunk);
    // What the index says of it decides where it belongs, what it says itself how it is unpacked: both must hold.
    if (!header || !isWhole(header, chunk) || !canBe({ ...header, offset: place.offset }, this.#fileBytes)) {
      throw new SessionFormatError(`${basename(this.path)} is damaged at byte ${place.offset}.`);
    }
    return unpackChunk(header, chunk);
  }

  /** Fewer bytes than asked for at the end of the file. */
  async #read(offset: number, bytes: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(Math.max(0, Math.min(bytes, this.#fileBytes - offset)));
    let done = 0;
    while (done < buffer.length) {
      const { bytesRead } = await this.#file.read(buffer, done, buffer.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }

  #checkedOriginal(): Manifest {
    if (!this.#original) throw new Error('The session has not been loaded.');
    return this.#original;
  }
}
