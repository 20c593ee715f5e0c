/** The sessions of a folder: listed, changed, deleted and brought back, imported. */
import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { EventEmitter } from 'node:events';
import type { SessionCard, SessionDetails, SessionList, TrashedSession } from '../../../shared/contract/sessions.ts';
import { compareSessions, type Comparison } from '../../../shared/session/compare.ts';
import type { Annotation, Edit } from '../../../shared/session/edits.ts';
import { sessionExtension } from '../../../shared/session/format.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { privateModes } from '../private-files.ts';
import { codeOf, fileFault, readFault } from './faults.ts';
import { freeName, slugOf, stampOf } from './folder.ts';
import type { SessionRecorder } from './recorder.ts';
import { appendEdits } from './session-editor.ts';
import { SessionReader } from './session-reader.ts';
import { Trash } from './trash.ts';

export interface SessionChanges {
  readonly name?: string | undefined;
  readonly notes?: string | undefined;
  readonly tags?: string[] | undefined;
}

export interface UploadPiece {
  readonly upload: string;
  readonly name: string;
  readonly offset: number;
  readonly base64: string;
  readonly isLast: boolean;
}

interface Known {
  readonly bytes: number;
  readonly changedMs: number;
  readonly card: SessionCard;
}

interface Bad {
  readonly bytes: number;
  readonly changedMs: number;
  readonly fault: LabError;
}

/** A list waits so long for each of its files; what is read later is told as a change. */
const listPatienceMs = 3000;
const stillRead = 'It is still being read.';

export class SessionLibrary {
  readonly folder: string;
  readonly #trash: Trash;
  /** Cards of files that have not changed since. */
  readonly #known = new Map<string, Known>();
  /** By the file that each writes. */
  readonly #recorders = new Map<string, SessionRecorder>();
  readonly #readings = new Map<string, Promise<SessionCard>>();
  readonly #changes = new EventEmitter<{ changed: [files: string[]] }>();

  readonly #reader: SessionReader;
  /** Files that could not be read, and will not be until they change. */
  readonly #bad = new Map<string, Bad>();

  constructor(folder: string, reader = new SessionReader(undefined)) {
    this.folder = folder;
    this.#reader = reader;
    this.#trash = new Trash(folder);
    // One listener a window, and there may be many.
    this.#changes.setMaxListeners(0);
  }

  /** Tells which sessions came, changed or went. Returns how to end that. */
  onChanged(listener: (files: string[]) => void): () => void {
    this.#changes.on('changed', listener);
    return () => this.#changes.off('changed', listener);
  }

  pathOf = (file: string): string => join(this.folder, file);

  /** A path for a new session; the folder is made where it is not there. Throws LabError. */
  async newPath(name: string): Promise<string> {
    await this.#makeFolder();
    return this.pathOf(await freeName(this.folder, `${stampOf(new Date())}-${slugOf(name)}`));
  }

  /** While it records, changes go through the recorder. Returns what is to be called when it has stopped. */
  recording(recorder: SessionRecorder): () => void {
    const file = basename(recorder.path);
    this.#recorders.set(file, recorder);
    this.#tell(file);
    return () => {
      this.#recorders.delete(file);
      this.#tell(file);
    };
  }

  /** With all of its files, however long they take, or with those that are read in time. Throws LabError where the folder cannot be read. */
  async list(patienceMs = listPatienceMs): Promise<SessionList> {
    const sessions: SessionCard[] = [];
    const unreadable: SessionList['unreadable'] = [];
    const untilMs = performance.now() + patienceMs;
    const readings = (await this.#files()).map((file) => ({ file, card: this.card(file) }));
    for (const { card } of readings) card.catch(() => {}); // told below, each in its turn
    for (const { file, card } of readings) {
      try {
        sessions.push(await within(card, untilMs - performance.now()));
      } catch (error) {
        const bytes = await stat(this.pathOf(file)).then(
          ({ size }) => size,
          () => undefined, // it is gone
        );
        if (bytes !== undefined) unreadable.push({ file, bytes, sentence: sentenceOf(error) });
        if (error instanceof StillReading) void card.catch(() => {}).then(() => this.#tell(file));
      }
    }
    sessions.sort((a, b) => b.startedWallMs - a.startedWallMs || a.file.localeCompare(b.file));
    return { folder: this.folder, sessions, unreadable };
  }

  /** Throws LabError. */
  async card(file: string): Promise<SessionCard> {
    const path = this.pathOf(file);
    const isRecording = this.#recorders.has(file);
    let now;
    try {
      now = await stat(path);
    } catch (error) {
      throw readFault(`${file} cannot be opened`, error);
    }
    const known = this.#known.get(file);
    const isFresh = known?.bytes === now.size && known.changedMs === now.mtimeMs;
    if (isFresh && known.card.isRecording === isRecording) return known.card;
    const facts = { bytes: now.size, changedMs: now.mtimeMs };
    const bad = this.#bad.get(file);
    if (bad?.bytes === facts.bytes && bad.changedMs === facts.changedMs) throw bad.fault;
    const card = await this.#reading(file, () => this.#reader.card(path, isRecording)).catch((error: unknown) => {
      if (error instanceof LabError && error.kind === 'bad-input') this.#bad.set(file, { ...facts, fault: error });
      throw error;
    });
    this.#bad.delete(file);
    this.#known.set(file, { ...facts, card });
    return card;
  }

  /** Of a session of this folder. Throws LabError. */
  cardOf = (path: string): Promise<SessionCard> => this.card(basename(path));

  /** Throws LabError. */
  details(file: string): Promise<SessionDetails> {
    return this.#reader.details(this.pathOf(file), this.#recorders.has(file));
  }

  /** Throws LabError; then the session is as it was. */
  async change(file: string, { name, notes, tags }: SessionChanges): Promise<SessionCard> {
    const edits: Edit[] = [];
    if (name !== undefined) edits.push({ type: 'name', name });
    if (notes !== undefined) edits.push({ type: 'notes', notes });
    if (tags !== undefined) edits.push({ type: 'tags', tags });
    await this.#edit(file, edits);
    return this.card(file);
  }

  /** All annotations afterwards, in the order of time. Throws LabError. */
  async annotate(
    file: string,
    { id, ...annotation }: Omit<Annotation, 'id'> & { id?: string | undefined },
  ): Promise<Annotation[]> {
    const { card, annotations } = await this.details(file);
    const endNs = card.startedNs + card.durationSeconds * 1e9;
    const { fromNs, toNs = fromNs } = annotation;
    // Of a session that grows the end is not known yet.
    const isInside = fromNs >= card.startedNs && (card.isRecording || toNs <= endNs);
    if (!isInside || toNs < fromNs) {
      throw new LabError(
        'bad-input',
        'An annotation must lie within its session, and its range must not end before it begins.',
      );
    }
    const whole = { ...annotation, id: id ?? randomUUID() };
    await this.#edit(file, [{ type: 'annotation', annotation: whole }]);
    return [...annotations.filter((each) => each.id !== whole.id), whole].sort((a, b) => a.fromNs - b.fromNs);
  }

  /** Throws LabError. */
  async removeAnnotation(file: string, id: string): Promise<Annotation[]> {
    const { annotations } = await this.details(file);
    if (annotations.every((each) => each.id !== id))
      throw new LabError('bad-input', 'That annotation is not there any more.');
    await this.#edit(file, [{ type: 'annotationRemoved', id }]);
    return annotations.filter((each) => each.id !== id);
  }

  /** Into the trash. Throws LabError; those before the one that is refused are in the trash then. */
  async delete(files: readonly string[]): Promise<TrashedSession[]> {
    const recorded = files.find((file) => this.#recorders.has(file));
    if (recorded !== undefined)
      throw new LabError('bad-input', `${recorded} is being recorded: stop the recording first.`);
    const trashed: TrashedSession[] = [];
    try {
      for (const file of files) {
        trashed.push(await this.#trash.put(file));
        this.#known.delete(file);
      }
    } catch (error) {
      throw fileFault(`${files[trashed.length] ?? 'The session'} cannot be deleted`, error);
    } finally {
      this.#tell(...files);
    }
    return trashed;
  }

  /** Throws LabError. */
  async restore(keys: readonly string[]): Promise<SessionCard[]> {
    const cards: SessionCard[] = [];
    for (const key of keys) {
      try {
        const file = await this.#trash.restore(key);
        this.#tell(file);
        cards.push(await this.card(file));
      } catch (error) {
        throw fileFault('The session cannot be brought back', error);
      }
    }
    return cards;
  }

  trash = (): Promise<TrashedSession[]> => this.#trash.list();
  emptyTrash = (): Promise<void> => this.#trash.empty();

  /**
   * A copy of any session file of this machine; the session of the library where it is there already, which stays as it is.
   * Throws LabError; then nothing has been added.
   */
  async import(path: string): Promise<SessionCard> {
    await this.#reader.card(path);
    await this.#makeFolder();
    const part = this.#partOf(randomUUID());
    try {
      await copyFile(path, part, constants.COPYFILE_FICLONE);
      // A copy has the mode of what it is a copy of.
      await chmod(part, privateModes.file);
    } catch (error) {
      await rm(part, { force: true });
      throw fileFault(`${basename(path)} cannot be copied into ${this.folder}`, error);
    }
    return this.#adopt(part, basename(path));
  }

  /** Undefined until the last piece has come. Throws LabError; then the pieces so far are gone. */
  async upload({ upload, name, offset, base64, isLast }: UploadPiece): Promise<SessionCard | undefined> {
    await this.#makeFolder();
    const part = this.#partOf(upload);
    try {
      const target = await open(part, offset === 0 ? 'w' : 'a', privateModes.file);
      try {
        const { size } = await target.stat();
        if (size !== offset)
          throw new LabError('bad-input', `${name} came in pieces that do not follow each other: drop it again.`);
        await target.appendFile(Buffer.from(base64, 'base64'));
        if (isLast) await target.datasync();
      } finally {
        await target.close();
      }
    } catch (error) {
      await rm(part, { force: true });
      throw fileFault(`${name} cannot be written to ${this.folder}`, error);
    }
    return isLast ? this.#adopt(part, name) : undefined;
  }

  /** b against a. Throws LabError. */
  async compare(a: string, b: string): Promise<Comparison> {
    const [first, second] = [await this.details(a), await this.details(b)];
    return compareSessions(first, second);
  }

  /** Names a copy that is whole and a session that is not here yet; otherwise it goes. */
  async #adopt(part: string, name: string): Promise<SessionCard> {
    try {
      const card = await this.#reader.card(part).catch((error: unknown) => {
        throw new LabError('bad-input', sentenceOf(error).replaceAll(basename(part), name));
      });
      const twin = (await this.list()).sessions.find(({ id }) => id === card.id);
      if (twin) {
        await rm(part, { force: true });
        return twin;
      }
      const stem = name.endsWith(sessionExtension) ? name.slice(0, -sessionExtension.length) : name;
      const file = await freeName(this.folder, slugOf(stem));
      await rename(part, this.pathOf(file));
      this.#tell(file);
      return await this.card(file);
    } catch (error) {
      await rm(part, { force: true });
      throw fileFault(`${name} cannot be imported`, error);
    }
  }

  /** Whoever asks for a card that is being read gets that one. */
  #reading(file: string, read: () => Promise<SessionCard>): Promise<SessionCard> {
    const now = this.#readings.get(file);
    if (now) return now;
    const reading = read().finally(() => this.#readings.delete(file));
    this.#readings.set(file, reading);
    return reading;
  }

  #partOf = (key: string): string => join(this.folder, `.${key}.part`);

  async #edit(file: string, edits: readonly Edit[]): Promise<void> {
    if (edits.length === 0) return;
    const recorder = this.#recorders.get(file);
    if (recorder) for (const edit of edits) await recorder.edit(edit);
    else await appendEdits(this.pathOf(file), edits);
    this.#tell(file);
  }

  async #makeFolder(): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true, mode: privateModes.folder });
    } catch (error) {
      throw fileFault(`The folder of sessions ${this.folder} cannot be made`, error);
    }
  }

  async #files(): Promise<string[]> {
    try {
      const names = await readdir(this.folder);
      return names.filter((name) => name.endsWith(sessionExtension) && !name.startsWith('.'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw readFault(`The folder of sessions ${this.folder} cannot be read`, error);
    }
  }

  #tell(...files: string[]): void {
    this.#changes.emit('changed', files);
  }
}

class StillReading extends Error {
  constructor() {
    super(stillRead);
  }
}

/** `work`, or StillReading when its time is over. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    if (ms !== Infinity) timer = setTimeout(() => reject(new StillReading()), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
