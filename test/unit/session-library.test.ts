/** The library of sessions, in a folder of its own: listed, changed, deleted and brought back, imported. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionsReport } from '../../main/lab/report/sessions-report.ts';
import { freeName, sessionsFolder, slugOf } from '../../main/lab/sessions/folder.ts';
import { SessionLibrary } from '../../main/lab/sessions/library.ts';
import { SessionRecorder } from '../../main/lab/sessions/recorder.ts';
import { RecordingSettingsStore } from '../../main/lab/sessions/recording-settings.ts';
import { sessionFileSchema } from '../../shared/contract/sessions.ts';
import { citationOfSession } from '../../shared/session/citation.ts';
import { manifestOf, smallRun, startNs } from './session-frames.ts';

let folder: string;
let library: SessionLibrary;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-library-'));
  library = new SessionLibrary(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = smallRun({ seconds: 2 });

async function put(path: string, changes: Parameters<typeof manifestOf>[0] = {}): Promise<void> {
  const recorder = await SessionRecorder.start({ path, manifest: manifestOf(changes) });
  for (const { source, kind, payload, receivedNs } of run.frames) recorder.frame(source, kind, payload, receivedNs);
  expect((await recorder.stop()).fault).toBeUndefined();
}

const add = (file: string, changes: Parameters<typeof manifestOf>[0] = {}): Promise<void> =>
  put(join(folder, file), { id: file, ...changes });

const files = async (): Promise<string[]> => (await library.list()).sessions.map(({ file }) => file);

describe('the list', () => {
  it('has the figures of each session, newest first, and is empty where there is no folder', async () => {
    await add('old.fdscope', { started: { wallMs: 1000, monotonicNs: startNs } });
    await add('new.fdscope', { started: { wallMs: 2000, monotonicNs: startNs } });
    const { sessions, unreadable } = await library.list();
    expect(sessions.map(({ file }) => file)).toEqual(['new.fdscope', 'old.fdscope']);
    expect(unreadable).toEqual([]);
    expect(sessions[0]).toMatchObject({
      ...{ name: 'epoll against poll', models: ['epoll-lt', 'poll'], requests: run.requests, wasClosedWell: true },
      scenario: { name: 'tour', title: 'A <tour> & more' },
    });
    expect(sessions[0]?.sparkline.reduce((sum, value) => sum + value, 0)).toBe(run.requests);
    expect((await new SessionLibrary(join(folder, 'none')).list()).sessions).toEqual([]);
  });

  it('tells what does not open, and does not lose the others for it', async () => {
    await add('good.fdscope');
    writeFileSync(join(folder, 'bad.fdscope'), 'no session');
    const { sessions, unreadable } = await library.list();
    expect(sessions).toHaveLength(1);
    expect(unreadable).toMatchObject([{ file: 'bad.fdscope', bytes: 10 }]);
    expect(unreadable[0]?.sentence).toContain('not an fdscope session');
  });

  it('follows a file that changes behind its back', async () => {
    await add('a.fdscope');
    expect((await library.card('a.fdscope')).wasClosedWell).toBe(true);
    truncateSync(join(folder, 'a.fdscope'), readFileSync(join(folder, 'a.fdscope')).length - 1);
    expect((await library.card('a.fdscope')).wasClosedWell).toBe(false);
  });
});

describe('changes', () => {
  it('of name, tags and notes last, and those not given stay', async () => {
    await add('a.fdscope');
    const told: string[][] = [];
    library.onChanged((changed) => told.push(changed));
    await library.change('a.fdscope', { name: 'renamed', tags: ['x', 'y'] });
    expect(await library.change('a.fdscope', { notes: 'why' })).toMatchObject({
      ...{ name: 'renamed', tags: ['x', 'y'], notes: 'why', requests: run.requests },
    });
    expect((await new SessionLibrary(folder).card('a.fdscope')).name).toBe('renamed');
    expect(told).toEqual([['a.fdscope'], ['a.fdscope']]);
  });

  it('annotates a moment and a range, changes and removes one, and refuses what lies outside', async () => {
    await add('a.fdscope');
    const [range] = await library.annotate('a.fdscope', { fromNs: startNs + 1e9, toNs: startNs + 1.5e9, text: 'slow' });
    const all = await library.annotate('a.fdscope', { fromNs: startNs + 5e8, text: 'before it' });
    expect(all.map(({ text }) => text)).toEqual(['before it', 'slow']);
    await library.annotate('a.fdscope', { id: range?.id, fromNs: startNs + 1e9, text: 'quick' });
    const { annotations, card } = await library.details('a.fdscope');
    expect(annotations.map(({ text, toNs }) => [text, toNs])).toEqual([
      ['before it', undefined],
      ['quick', undefined],
    ]);
    expect(card.annotations).toBe(2);
    expect(await library.removeAnnotation('a.fdscope', range?.id ?? '')).toHaveLength(1);
    await expect(library.removeAnnotation('a.fdscope', 'none')).rejects.toThrow(/not there any more/);
    for (const outside of [
      { fromNs: startNs - 1, text: 'x' },
      { fromNs: startNs, toNs: startNs + 1e12, text: 'x' },
      { fromNs: startNs + 2, toNs: startNs + 1, text: 'x' },
    ]) {
      await expect(library.annotate('a.fdscope', outside)).rejects.toThrow(/within its session/);
    }
  });

  it('go through the recorder while it records, and are in the file afterwards', async () => {
    const path = join(folder, 'live.fdscope');
    const recorder = await SessionRecorder.start({ path, manifest: manifestOf() });
    const end = library.recording(recorder);
    const feed = (frames: typeof run.frames): void => {
      for (const { source, kind, payload, receivedNs } of frames) recorder.frame(source, kind, payload, receivedNs);
    };
    feed(run.frames.slice(0, 50));
    expect(await library.change('live.fdscope', { name: 'while it runs' })).toMatchObject({
      ...{ name: 'while it runs', isRecording: true },
    });
    await library.annotate('live.fdscope', { fromNs: startNs + 1e9, text: 'here' });
    await expect(library.delete(['live.fdscope'])).rejects.toThrow(/being recorded/);
    feed(run.frames.slice(50));
    await recorder.stop();
    end();
    const { card, annotations } = await library.details('live.fdscope');
    expect(card).toMatchObject({
      name: 'while it runs',
      isRecording: false,
      requests: run.requests,
      wasClosedWell: true,
    });
    expect(annotations).toHaveLength(1);
  });
});

describe('the trash', () => {
  it('gives back what was deleted, byte for byte, and under another name where its own is taken', async () => {
    await add('a.fdscope');
    const before = readFileSync(join(folder, 'a.fdscope'));
    const [trashed] = await library.delete(['a.fdscope']);
    expect(await files()).toEqual([]);
    expect(await library.trash()).toEqual([trashed]);
    await add('a.fdscope', { name: 'another' });
    const [restored] = await library.restore([trashed?.key ?? '']);
    expect(restored).toMatchObject({ file: 'a-2.fdscope', name: 'epoll against poll' });
    expect(readFileSync(join(folder, 'a-2.fdscope'))).toEqual(before);
    expect(await library.trash()).toEqual([]);
  });

  it('is emptied for good, of what is too old by itself, and refuses keys that are none', async () => {
    await add('a.fdscope');
    const [trashed] = await library.delete(['a.fdscope']);
    const old = `${Date.now() - 31 * 24 * 3600 * 1000}-0-old.fdscope`;
    copyFileSync(join(folder, '.trash', trashed?.key ?? ''), join(folder, '.trash', old));
    expect((await library.trash()).map(({ key }) => key)).toEqual([trashed?.key]);
    expect(existsSync(join(folder, '.trash', old))).toBe(false);
    await library.emptyTrash();
    expect(readdirSync(join(folder, '.trash'))).toEqual([]);
    await expect(library.restore([trashed?.key ?? ''])).rejects.toThrow(/not in the trash any more/);
    await expect(library.restore(['../a.fdscope'])).rejects.toThrow(/not in the trash/);
  });
});

describe('imports', () => {
  const elsewhere = (): string => join(folder, 'elsewhere');

  it('copies a session once, and leaves nothing behind of what is none', async () => {
    await put(`${elsewhere()}.fdscope`, { id: 'mine' });
    const inner = new SessionLibrary(join(folder, 'inner'));
    expect(await inner.import(`${elsewhere()}.fdscope`)).toMatchObject({
      file: 'elsewhere.fdscope',
      requests: run.requests,
    });
    expect(await inner.import(`${elsewhere()}.fdscope`)).toMatchObject({ file: 'elsewhere.fdscope' });
    writeFileSync(`${elsewhere()}.txt`, 'text');
    await expect(inner.import(`${elsewhere()}.txt`)).rejects.toThrow(/not an fdscope session/);
    await expect(inner.import(`${elsewhere()}.none`)).rejects.toThrow(/no such file/);
    expect(readdirSync(inner.folder)).toEqual(['elsewhere.fdscope']);
  });

  it('takes a file in pieces, and refuses pieces that do not follow each other', async () => {
    await put(`${elsewhere()}.fdscope`);
    const bytes = readFileSync(`${elsewhere()}.fdscope`);
    const inner = new SessionLibrary(join(folder, 'inner'));
    const piece = (from: number, to: number): Parameters<SessionLibrary['upload']>[0] => ({
      ...{ upload: 'u1', name: 'dropped here.fdscope', offset: from, isLast: to >= bytes.length },
      base64: bytes.subarray(from, to).toString('base64'),
    });
    expect(await inner.upload(piece(0, 5000))).toBeUndefined();
    await expect(inner.upload(piece(6000, 7000))).rejects.toThrow(/do not follow each other/);
    expect(readdirSync(inner.folder)).toEqual([]);
    for (let at = 0; at < bytes.length; at += 5000) {
      const card = await inner.upload(piece(at, at + 5000));
      expect(card?.requests).toBe(at + 5000 >= bytes.length ? run.requests : undefined);
    }
    expect(readFileSync(join(inner.folder, 'dropped-here.fdscope'))).toEqual(bytes);
    const broken = { upload: 'u2', name: 'no.fdscope', offset: 0, base64: 'aGVsbG8=', isLast: true };
    await expect(inner.upload(broken)).rejects.toThrow('no.fdscope is not an fdscope session');
    expect(readdirSync(inner.folder)).toEqual(['dropped-here.fdscope']);
  });
});

it('two sessions are laid side by side', async () => {
  await add('a.fdscope');
  await add('b.fdscope');
  const { differences } = await library.compare('a.fdscope', 'b.fdscope');
  const requests = differences.find(({ measure }) => measure === 'requests');
  expect(requests).toMatchObject({ a: run.requests, b: run.requests, difference: 0, ratio: 1 });
});

it('two sessions are one page, which says how each is cited', async () => {
  await add('a.fdscope');
  await add('b.fdscope');
  await library.change('b.fdscope', { name: 'the <other> one' });
  const [a, b] = [await library.details('a.fdscope'), await library.details('b.fdscope')];
  const { fileName, text } = sessionsReport(a, b, new Date(2026, 0, 2, 3, 4, 5));
  expect(fileName).toMatch(/^fdscope-sessions-.*2026.*\.html$/);
  expect(text).toContain('the &lt;other&gt; one');
  expect(text).not.toContain('<other>');
  for (const { card } of [a, b]) expect(text.split(`session ${card.id}`).length).toBeGreaterThan(2);
  expect(citationOfSession(b).sentence).toContain(`session ${b.card.id}`);
});

describe('names', () => {
  it('of files are what every shell takes, and never those of another file', async () => {
    expect(slugOf('  Ünder "load": 10/20 … ')).toBe('Under-load-10-20');
    expect(slugOf('../..')).toBe('session');
    writeFileSync(join(folder, 'x.fdscope'), '');
    expect(await freeName(folder, 'x')).toBe('x-2.fdscope');
  });

  it('that lead out of the folder are refused by the contract', () => {
    for (const name of ['../a.fdscope', 'a/b.fdscope', '.hidden.fdscope', 'a.txt', 'a\0.fdscope']) {
      expect(sessionFileSchema.safeParse(name).success, name).toBe(false);
    }
    expect(sessionFileSchema.safeParse('a b.fdscope').success).toBe(true);
  });

  it('of the folder follow the environment, and ignore paths that are not absolute', () => {
    expect(sessionsFolder({ XDG_DATA_HOME: '/data' })).toBe('/data/fdscope/sessions');
    expect(sessionsFolder({ XDG_DATA_HOME: '/data', FDSCOPE_SESSIONS: '/mine' })).toBe('/mine');
    expect(sessionsFolder({ XDG_DATA_HOME: 'data' })).toMatch(/\/\.local\/share\/fdscope\/sessions$/);
  });
});

it('the setting of automatic recording lasts, and a broken file says nothing', () => {
  const store = new RecordingSettingsStore(join(folder, 'config'));
  expect(store.settings).toEqual({ automatic: false });
  store.set({ automatic: true });
  expect(new RecordingSettingsStore(join(folder, 'config')).settings).toEqual({ automatic: true });
  writeFileSync(join(folder, 'config/recording.json'), '{');
  expect(store.settings).toEqual({ automatic: false });
});
