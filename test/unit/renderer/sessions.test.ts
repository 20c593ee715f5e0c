/** The Sessions screen's stores: the library, replay into the one history, recording. */
import { flushPromises, mount } from '@vue/test-utils';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReplayState, SessionCard, SessionDetails } from '../../../shared/contract/sessions.ts';
import { maxUploadPieceBytes } from '../../../shared/contract/sessions.ts';
import type { Annotation } from '../../../shared/session/edits.ts';
import { encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameKinds } from '../../../shared/telemetry/wire.ts';
import { sinceStart, tagsOf, tellingNames, whenWords } from '../../../renderer/screens/sessions/session-words.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { useNotices } from '../../../renderer/stores/notices.ts';
import AnnotationList from '../../../renderer/screens/sessions/AnnotationList.vue';
import SessionSide from '../../../renderer/screens/sessions/SessionSide.vue';
import { useRecording } from '../../../renderer/stores/sessions-recording.ts';
import { useReplay } from '../../../renderer/stores/sessions-replay.ts';
import { firstWidthNs, usualWidthNs, useTimebase } from '../../../renderer/stores/timebase.ts';
import { useSessions } from '../../../renderer/stores/sessions.ts';
import { history } from '../../../renderer/stores/telemetry.ts';
import { useUi } from '../../../renderer/stores/ui.ts';
import { Markers } from '../../../renderer/tracks/markers.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

const card = (file: string, more: Partial<SessionCard> = {}): SessionCard => ({
  ...{ file, id: file, name: file, notes: '', tags: [], models: ['epoll-lt'], startedWallMs: 0, startedNs: 1e9 },
  ...{ durationSeconds: 5, requests: 10, sparkline: [1, 2], annotations: 0, bytes: 100, isRecording: false },
  ...{ wasClosedWell: true, lostFrames: 0 },
  ...more,
});

let double: LabDouble;
let cards: SessionCard[];
beforeEach(async () => {
  ({ double } = await joined());
  cards = [card('a.fdscope', { name: 'slow start', tags: ['tls'] }), card('b.fdscope', { models: ['io_uring'] })];
  double.answers['sessions.list'] = () => ({ folder: '/sessions', sessions: [...cards], unreadable: [] });
});

describe('the library', () => {
  beforeEach(() => useSessions().connect(double));

  it('finds by every word, wherever it stands', () => {
    const sessions = useSessions();
    const found = (search: string): string[] => {
      sessions.search = search;
      return sessions.shown.map(({ file }) => file);
    };
    expect(found('')).toEqual(['a.fdscope', 'b.fdscope']);
    expect(found('TLS slow')).toEqual(['a.fdscope']);
    expect(found('uring')).toEqual(['b.fdscope']);
    expect(found('tls uring')).toEqual([]);
  });

  it('is listed anew when it changed elsewhere, once for changes that come at once', async () => {
    cards.push(card('c.fdscope'));
    const before = double.paramsOf('sessions.list').length;
    for (let i = 0; i < 5; i++) double.tell('sessions.changed', { files: ['c.fdscope'] });
    await vi.waitFor(() => expect(useSessions().sessions.length).toBe(3));
    expect(double.paramsOf('sessions.list').length - before).toBeLessThanOrEqual(2);
  });

  it('what is being written about a session stays when the list is read anew, and goes with the session', async () => {
    const before = card('a.fdscope', { name: 'first' });
    const side = mount(SessionSide, { props: { card: before } });
    const valueOf = (label: string): string => {
      const id =
        side
          .findAll('label')
          .find((each) => each.text().startsWith(label))
          ?.attributes('for') ?? '';
      return (side.get(`[id="${id}"]`).element as HTMLInputElement).value;
    };
    const tags = side.findAll('input')[1];
    await tags?.setValue('nightly, slow');
    // The answer to a change of the name, and whatever else makes the lab tell of its files.
    await side.setProps({ card: { ...before, name: 'second', requests: 11 } });
    expect([valueOf('Name'), valueOf('Tags')]).toEqual(['second', 'nightly, slow']);
    await side.setProps({ card: { ...before, name: 'second', tags: ['nightly', 'slow'] } });
    await side.setProps({ card: { ...before, name: 'second', tags: ['by another window'] } });
    expect(valueOf('Tags')).toBe('by another window');
    await tags?.setValue('half a wo');
    await side.setProps({ card: card('b.fdscope', { tags: ['other'] }) });
    expect([valueOf('Name'), valueOf('Tags')]).toEqual(['b.fdscope', 'other']);
    side.unmount();
  });

  it('a deleted session comes back by the toast, and is chosen again', async () => {
    const sessions = useSessions();
    const [first] = cards;
    if (!first) throw new Error('no card');
    sessions.chosenFile = first.file;
    double.answers['sessions.delete'] = ({ files }) => {
      cards = cards.filter(({ file }) => !files.includes(file));
      return [{ key: 'k1', file: first.file, deletedWallMs: 0, bytes: 100 }];
    };
    double.answers['sessions.restore'] = ({ keys }) => {
      expect(keys).toEqual(['k1']);
      cards = [first, ...cards];
      return [first];
    };
    await sessions.remove(first);
    expect(sessions.sessions.map(({ file }) => file)).toEqual(['b.fdscope']);
    expect(sessions.chosenFile).toBeUndefined();
    const undo = useNotices().toasts.at(-1)?.action;
    expect(undo?.title).toBe('Undo');
    undo?.run();
    await vi.waitFor(() => expect(sessions.chosen?.file).toBe('a.fdscope'));
  });

  it('a dropped file goes up whole, in order, in pieces that the contract allows', async () => {
    const bytes = Uint8Array.from({ length: maxUploadPieceBytes * 2 + 7 }, (_, i) => i % 251);
    const received: number[] = [];
    double.answers['sessions.upload'] = ({ offset, base64, isLast }) => {
      expect(offset).toBe(received.length);
      received.push(...Buffer.from(base64, 'base64'));
      return isLast ? { card: card('c.fdscope') } : {};
    };
    await useSessions().importFiles([new File([bytes], 'c.fdscope')]);
    expect(Buffer.from(received).equals(Buffer.from(bytes))).toBe(true);
    expect(double.paramsOf('sessions.upload').length).toBe(3);
    expect(useSessions().chosenFile).toBe('c.fdscope');
    expect(useSessions().incoming).toBeUndefined();
  });

  it('what is no session is refused with a sentence, and nothing is sent', async () => {
    await useSessions().importFiles([new File(['x'], 'notes.txt')]);
    expect(double.paramsOf('sessions.upload')).toEqual([]);
    expect(useNotices().toasts.at(-1)?.text).toContain('notes.txt');
  });
});

describe('replay', () => {
  const at = (positionNs: number, epoch: number): ReplayState => ({
    ...{ file: 'a.fdscope', isPlaying: false, speed: 1, positionNs, startedNs: 1e9, endedNs: 6e9, epoch, missing: [] },
  });
  const mark = (timeNs: number): void =>
    double.send('lab', encodeJson(frameKinds.mark, { name: 'mark', timeNs, text: 'x' }));
  let epoch = 0;
  let written: Annotation[];

  beforeEach(async () => {
    epoch = 0;
    written = [{ id: 'n1', fromNs: 2e9, toNs: 3e9, text: 'here' }];
    const seek = (timeNs: number): ReplayState => {
      const next = at(timeNs, ++epoch);
      double.tell('replay.state', next);
      mark(timeNs);
      return next;
    };
    const details = { card: card('a.fdscope'), annotations: written } as SessionDetails;
    double.answers['replay.open'] = () => {
      double.tell('live.state', { phase: 'replaying', paused: false });
      return { details, replay: seek(1e9) };
    };
    double.answers['replay.seek'] = ({ timeNs }) => seek(timeNs);
    double.answers['replay.close'] = () => {
      double.tell('live.state', { phase: 'idle', paused: false });
      return undefined;
    };
    await useReplay().connect(double);
  });

  it('fills the history of the tracks, and a seek begins it anew', async () => {
    const replay = useReplay();
    await replay.open('a.fdscope');
    expect(replay.positionNs).toBe(6e9);
    expect(history.moments.marks.map(({ timeNs }) => timeNs)).toEqual([6e9]);
    await replay.seek(4e9);
    expect(history.moments.marks.map(({ timeNs }) => timeNs)).toEqual([4e9]);
    expect(useLab().phase).toBe('replaying');
  });

  it('shows the whole of a short session and the last minute of a long one, in every window', async () => {
    const [replay, timebase] = [useReplay(), useTimebase()];
    timebase.widthNs = usualWidthNs;
    await replay.open('a.fdscope');
    expect(timebase.widthNs).toBe(5e9);
    await replay.close();
    expect(timebase.widthNs).toBe(firstWidthNs);
    // This window joins what another one has opened: when it connects,
    double.answers['sessions.details'] = ({ file }) => ({ card: card(file), annotations: written }) as SessionDetails;
    double.answers['replay.state'] = () => at(4e9, epoch);
    double.tell('live.state', { phase: 'replaying', paused: false });
    await replay.connect(double);
    expect([timebase.widthNs, replay.isOpen, replay.positionNs]).toEqual([5e9, true, 4e9]);
    // and while it is there.
    double.tell('replay.state', { ...at(2e9, ++epoch), file: 'b.fdscope', endedNs: 300e9 });
    double.tell('replay.state', { ...at(3e9, epoch), file: 'b.fdscope', endedNs: 300e9 });
    await vi.waitFor(() => expect(replay.details?.card.file).toBe('b.fdscope'));
    expect(double.paramsOf('sessions.details')).toEqual([{ file: 'a.fdscope' }, { file: 'b.fdscope' }]);
    expect(timebase.widthNs).toBe(60e9);
    await replay.close();
    expect([timebase.widthNs, replay.isOpen]).toEqual([firstWidthNs, false]);
  });

  it('does not show what was closed before its details came', async () => {
    const replay = useReplay();
    let answer = (): void => {};
    double.answers['sessions.details'] = ({ file }) =>
      new Promise((resolve) => {
        answer = () => resolve({ card: card(file), annotations: written } as SessionDetails);
      });
    double.tell('live.state', { phase: 'replaying', paused: false });
    double.tell('replay.state', at(2e9, ++epoch));
    double.tell('live.state', { phase: 'idle', paused: false });
    answer();
    await flushPromises();
    expect(replay.isOpen).toBe(false);
    expect(replay.details).toBeUndefined();
  });

  it('says once that a part of the file is damaged', async () => {
    const replay = useReplay();
    await replay.open('a.fdscope');
    const damaged = { ...at(3e9, epoch), missing: [{ fromNs: 2e9, toNs: 2.5e9, cause: 'damaged' as const }] };
    double.tell('replay.state', damaged);
    double.tell('replay.state', { ...damaged, positionNs: 3.1e9 });
    const told = (): number => useNotices().toasts.filter(({ text }) => text.includes('damaged')).length;
    expect(told()).toBe(1);
    double.tell('replay.state', at(3.2e9, epoch));
    await replay.close();
    expect(told()).toBe(0);
  });

  it('an answer that comes when its session was left changes nothing', async () => {
    const replay = useReplay();
    await replay.open('a.fdscope');
    const late = { ...at(3e9, 99), file: 'b.fdscope' };
    double.answers['replay.seek'] = () => late;
    await replay.seek(3e9);
    expect(replay.state?.file).toBe('a.fdscope');
  });

  it('of a session that is open already shows the whole, as of one that is opened', async () => {
    const timebase = useTimebase();
    timebase.widthNs = 30e9;
    double.answers['replay.state'] = () => at(3e9, 1);
    double.answers['sessions.details'] = () => ({ card: card('a.fdscope'), annotations: written }) as SessionDetails;
    await useReplay().connect(double);
    expect(timebase.widthNs).toBe(5e9);
  });

  it('of positions that are asked for while one is on its way, the last one counts', async () => {
    const replay = useReplay();
    await replay.open('a.fdscope');
    const before = double.paramsOf('replay.seek').length;
    await Promise.all([2e9, 3e9, 4e9, 5e9].map((timeNs) => replay.seek(timeNs)));
    await vi.waitFor(() => expect(replay.state?.positionNs).toBe(5e9));
    expect(double.paramsOf('replay.seek').slice(before)).toEqual([{ timeNs: 2e9 }, { timeNs: 5e9 }]);
  });

  it('annotations are markers of the tracks, also behind a seek', async () => {
    const replay = useReplay();
    const markers = new Markers(history);
    await replay.open('a.fdscope');
    const notes = (): (string | number | undefined)[][] =>
      markers.all.filter(({ kind }) => kind === 'annotation').map(({ timeNs, toNs, text }) => [timeNs, toNs, text]);
    expect(notes()).toEqual([[2e9, 3e9, 'here']]);
    double.answers['sessions.annotate'] = ({ file, annotation }) => {
      expect(file).toBe('a.fdscope');
      return [...written, { ...annotation, id: annotation.id ?? 'n2' }];
    };
    const versionBefore = history.version;
    await replay.annotate({ fromNs: 4e9, text: 'there' });
    // What stands still is drawn again only where the history has changed.
    expect(history.version).toBeGreaterThan(versionBefore);
    await replay.seek(5e9);
    expect(notes()).toEqual([
      [2e9, 3e9, 'here'],
      [4e9, undefined, 'there'],
    ]);
  });

  it('an annotation over a range that reaches out of the session is about the part within', async () => {
    const [replay, timebase] = [useReplay(), useTimebase()];
    await replay.open('a.fdscope');
    double.answers['sessions.annotate'] = () => written;
    const list = mount(AnnotationList);
    const annotated = async (fromNs: number, toNs: number): Promise<unknown> => {
      timebase.select(fromNs, toNs);
      await list.get('textarea').setValue('note');
      await list.get('form').trigger('submit');
      return double.paramsOf('sessions.annotate').at(-1);
    };
    expect(await annotated(-5e9, 2e9)).toMatchObject({ annotation: { fromNs: 1e9, toNs: 2e9 } });
    expect(await annotated(4e9, 9e9)).toMatchObject({ annotation: { fromNs: 4e9, toNs: 6e9 } });
    // All of it before the start: the note is about the moment that is shown.
    expect(await annotated(-5e9, 0)).toMatchObject({ annotation: { fromNs: replay.positionNs, text: 'note' } });
    expect(list.text()).toContain('About this moment');
    list.unmount();
  });

  it('closed, it leaves nothing behind', async () => {
    const replay = useReplay();
    await replay.open('a.fdscope');
    await replay.close();
    expect(replay.isOpen).toBe(false);
    expect(history.moments.marks).toEqual([]);
    expect(history.moments.annotations).toEqual([]);
    expect(useLab().phase).toBe('idle');
  });
});

describe('words', () => {
  it('midnight is 00, and sessions of one name and minute are told apart by their files', () => {
    expect(whenWords(new Date(2026, 0, 1, 0, 5).getTime())).toBe('Jan 1, 00:05');
    const [a, b] = [card('a.fdscope', { name: 'run' }), card('b.fdscope', { name: 'run' })];
    const names = tellingNames([a, b, card('c.fdscope', { name: 'other' })]);
    expect(new Set(names.values()).size).toBe(3);
    expect(names.get('b.fdscope')).toMatch(/^run, .*, b\.fdscope$/);
    expect(names.get('c.fdscope')).not.toContain('fdscope');
  });
});

describe('recording', () => {
  it('however it ends, a toast leads to its session', () => {
    const recording = useRecording();
    const running = { phase: 'running', paused: false } as const;
    const path = '/sessions/run-1.fdscope';
    double.tell('live.state', { ...running, recording: { id: 'r1', path, bytes: 1 } });
    expect(recording.isRecording).toBe(true);
    double.tell('live.state', running);
    expect(recording.isRecording).toBe(false);
    useNotices().toasts.at(-1)?.action?.run();
    expect(useUi().screen).toBe('sessions');
    expect(useSessions().chosenFile).toBe('run-1.fdscope');
  });
});

it('words: tags as typed, and times since the start', () => {
  expect(tagsOf(' tls, slow ,,tls')).toEqual(['tls', 'slow']);
  expect(sinceStart(66.25e9, 1e9)).toBe('1:05.2');
});
