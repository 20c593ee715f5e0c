/** Where an export goes: written beside its place, and put there whole or not at all. */
import { mkdir, open, rename, rm, stat, readdir, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LabError } from '../../errors.ts';
import { modesAt, newFile } from '../../private-files.ts';
import { fileFault } from '../faults.ts';
import { isSessionFile, keptSentence } from '../session-file-check.ts';

/** Bytes that are gathered before a write. */
const gatheredBytes = 1 << 18;

export class OutputFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #bytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(path: string): Promise<OutputFile> {
    await rm(path, { force: true });
    return new OutputFile(path, await open(path, newFile, modesAt(path).file));
  }

  get name(): string {
    return basename(this.#path);
  }
  get bytes(): number {
    return this.#bytes + this.#partsBytes;
  }

  /** Awaited, it holds no more than `gatheredBytes` and this part. The part must not be changed afterwards. */
  async write(part: Uint8Array | string): Promise<void> {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    if (this.#partsBytes >= gatheredBytes) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#file.close();
  }

  /** After a fault; closing twice does no harm. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#bytes += bytes.length;
  }
}

export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
}

export class ExportOutput {
  readonly path: string;
  readonly #part: string;
  readonly #isFolder: boolean;
  readonly #files: OutputFile[] = [];

  private constructor(path: string, isFolder: boolean) {
    this.path = path;
    this.#isFolder = isFolder;
    this.#part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  }

  /** Throws LabError where nothing can be put at `path`, before any work is done. */
  static async at(path: string, shape: 'file' | 'folder'): Promise<ExportOutput> {
    const isFolder = shape === 'folder';
    const output = new ExportOutput(path, isFolder);
    const there = await stat(path).catch(() => undefined);
    const refuse = (why: string): never => {
      throw new LabError('bad-input', `${path} cannot be written: ${why}.`);
    };
    if (there?.isDirectory() === true) {
      if (!isFolder) refuse('it is a folder');
      else if ((await readdir(path)).length > 0)
        refuse('there is such a folder already, and it is not empty: choose another name');
    } else if (there && isFolder) refuse('this export is a folder, and there is a file of that name');
    // Put in its place, the export would take the place of a device or pipe, and nobody would read it there.
    else if (there && !there.isFile()) refuse('it is no regular file');
    else if (there && isSessionFile(path)) refuse(keptSentence);
    if (isFolder) await mkdir(output.#part, modesAt(path).folder).catch((error: unknown) => output.#refuse(error));
    return output;
  }

  /** The only file, or one of the folder's. */
  async create(name: string): Promise<OutputFile> {
    const path = this.#isFolder ? join(this.#part, name) : this.#part;
    const file = await OutputFile.create(path).catch((error: unknown) => this.#refuse(error));
    this.#files.push(file);
    return file;
  }

  /** Writes by `work` and puts the result in its place; where `work` fails, nothing is left. */
  async fill(work: () => Promise<void>): Promise<WrittenFile[]> {
    try {
      await work();
      for (const file of this.#files) await file.end();
      await rename(this.#part, this.path);
    } catch (error) {
      for (const file of this.#files) await file.abandon();
      await rm(this.#part, { recursive: true, force: true });
      return this.#refuse(error);
    }
    return this.#files.map((file) => ({
      name: this.#isFolder ? file.name : basename(this.path),
      bytes: file.bytes,
    }));
  }

  #refuse(error: unknown): never {
    throw fileFault(`${this.path} cannot be written`, error);
  }
}
