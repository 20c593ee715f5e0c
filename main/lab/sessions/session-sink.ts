/** The file that a recording goes to. A seam: tests put a disk there that is full, or slow. */
import { open, type FileHandle } from 'node:fs/promises';
import { modesAt } from '../private-files.ts';

export interface SessionSink {
  /** Resolves when all bytes are handed to the kernel. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves when they are on the disk. */
  sync(): Promise<void>;
  /** Cuts off what lies behind. */
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

class FileSink implements SessionSink {
  readonly #file: FileHandle;
  #position: number;

  constructor(file: FileHandle, position: number) {
    this.#file = file;
    this.#position = position;
  }

  async write(bytes: Uint8Array): Promise<void> {
    // A disk that fills up takes a part before it refuses the rest.
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#position);
      done += bytesWritten;
      this.#position += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await this.#file.datasync();
  }

  async truncate(bytes: number): Promise<void> {
    await this.#file.truncate(bytes);
    this.#position = bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** A new file; rejects where there is one already. */
export const createSink = async (path: string): Promise<SessionSink> =>
  new FileSink(await open(path, 'wx', modesAt(path).file), 0);

/** An existing file, written on from `position`. */
export const appendSink = async (path: string, position: number): Promise<SessionSink> =>
  new FileSink(await open(path, 'r+'), position);
