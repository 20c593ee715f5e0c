/** Appends chunks to a session file and remembers where each is, for the index behind them. */
import { chunkKinds, decodeChunkHeader, encodeFileHeader, fileHeaderBytes } from '../../../shared/session/format.ts';
import { encodeIndex, type ChunkPlace } from '../../../shared/session/index-chunk.ts';
import { buildChunk, buildJsonChunk } from './chunk-codec.ts';
import type { SessionSink } from './session-sink.ts';

export class ChunkWriter {
  readonly #sink: SessionSink;
  /** End of the last whole chunk. */
  #wholeBytes: number;
  #previousIndex: number;
  #unindexed: ChunkPlace[];

  private constructor(sink: SessionSink, wholeBytes: number, previousIndex: number, unindexed: readonly ChunkPlace[]) {
    this.#sink = sink;
    this.#wholeBytes = wholeBytes;
    this.#previousIndex = previousIndex;
    this.#unindexed = [...unindexed];
  }

  static async begin(sink: SessionSink): Promise<ChunkWriter> {
    await sink.write(encodeFileHeader());
    return new ChunkWriter(sink, fileHeaderBytes, 0, []);
  }

  /** Goes on behind the last whole chunk. `unindexed` are the chunks that no index has yet. */
  static continue(
    sink: SessionSink,
    at: { wholeBytes: number; previousIndex: number; unindexed: readonly ChunkPlace[] },
  ): ChunkWriter {
    return new ChunkWriter(sink, at.wholeBytes, at.previousIndex, at.unindexed);
  }

  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  async append(chunk: Uint8Array): Promise<void> {
    const header = decodeChunkHeader(chunk);
    if (!header) throw new Error('Only whole chunks are appended.');
    await this.#sink.write(chunk);
    this.#unindexed.push({ ...header, offset: this.#wholeBytes });
    this.#wholeBytes += chunk.length;
  }

  /** Index and end: the file opens from its last bytes now. More may be appended, and then finished again. */
  async finish(): Promise<void> {
    const indexed = this.#unindexed.filter(({ kind }) => kind !== chunkKinds.index && kind !== chunkKinds.end);
    const facts = { fromNs: indexed[0]?.fromNs ?? 0, toNs: indexed.at(-1)?.toNs ?? 0 };
    const index = this.#wholeBytes;
    await this.append(await buildJsonChunk('index', encodeIndex(indexed, this.#previousIndex), facts));
    const offset = new Uint8Array(8);
    new DataView(offset.buffer).setBigUint64(0, BigInt(index), true);
    await this.append(await buildChunk('end', offset, facts));
    this.#previousIndex = index;
    this.#unindexed = [];
  }

  /** Cuts off what a failed append left behind. */
  truncate = (): Promise<void> => this.#sink.truncate(this.#wholeBytes);
  sync = (): Promise<void> => this.#sink.sync();
  close = (): Promise<void> => this.#sink.close();
}
