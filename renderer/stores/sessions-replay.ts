/** A session that is open: it feeds the same history as a live run, and the lab says where it stands. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type { ReplayState, SessionDetails } from '../../shared/contract/sessions.ts';
import type { Annotation } from '../../shared/session/edits.ts';
import type { LabLink } from '../app/link.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';
import { useRecent } from './recent.ts';
import { useRuns } from './runs.ts';
import { fedHistory } from './telemetry.ts';
import { useTimebase } from './timebase.ts';

export const replaySpeeds = [0.1, 0.25, 0.5, 1, 2, 5, 10] as const;

/** A session that was opened, by its file in the library. */
export interface OpenedSession {
  readonly file: string;
  readonly openedMs: number;
}
const mostOpened = 5;

const damagedWords =
  'A part of this session’s file is damaged and is left out; it is hatched in the tracks and in the overview.';
const damagedOf = ({ missing }: ReplayState): number => missing.filter(({ cause }) => cause === 'damaged').length;

export const useReplay = defineStore('replay', () => {
  const lab = useLab();
  const notices = useNotices();
  const timebase = useTimebase();
  const runs = useRuns();
  const state = shallowRef<ReplayState>();
  const details = shallowRef<SessionDetails>();
  const { entries: opened, note: noteOpened } = useRecent<OpenedSession>(
    'fdscope.opened',
    mostOpened,
    (each) => each.file,
  );
  /** Where the user is scrubbing to, until the lab is there. */
  const wantedNs = ref<number>();
  /** What was drawn is of this file and epoch. */
  let shownTimeline = '';
  let isSeeking = false;
  let isOpening = false;
  /** The file whose details were asked for, as another window has opened it. */
  let joining = '';

  const isOpen = computed(() => details.value !== undefined && state.value !== undefined);
  const positionNs = computed(() => wantedNs.value ?? state.value?.positionNs ?? 0);
  const annotations = computed(() => details.value?.annotations ?? []);

  async function connect(link: LabLink): Promise<void> {
    link.onEvent('replay.state', (next) => {
      take(next);
      if (!isOpening && details.value?.card.file !== next.file) void join(next);
    });
    const open = await lab.attempt((lab) => lab.request('replay.state'));
    if (!open) return;
    take(open);
    await join(open);
    // A replay that stands still has told its past to the windows that were there.
    if (!open.isPlaying) await seek(open.positionNs);
  }

  /** What another window has opened is seen here, too, and as it is there. */
  async function join(open: ReplayState): Promise<void> {
    if (joining === open.file) return;
    // Once: where it fails that is said, and not with every position that follows.
    joining = open.file;
    const found = await lab.attempt((link) => link.request('sessions.details', { file: open.file }));
    // Meanwhile it may have been closed, or another one opened.
    if (found && state.value?.file === open.file) show(found, open);
  }

  /** The whole of a short session, and the last minute of a long one. */
  function show(session: SessionDetails, { startedNs, endedNs }: ReplayState): void {
    details.value = session;
    fedHistory().annotate(annotations.value);
    timebase.fit(endedNs - startedNs);
  }

  function take(next: ReplayState): void {
    const timeline = `${next.epoch} ${next.file}`;
    if (timeline !== shownTimeline) {
      // The frames that follow tell the past anew.
      const isSameRun = shownTimeline.endsWith(` ${next.file}`);
      runs.begin('session', { isSameRun });
      // Where the user goes to is shown, whatever was held.
      if (isSameRun) timebase.follow();
      fedHistory().startsAt(next.startedNs);
      fedHistory().annotate(annotations.value);
      shownTimeline = timeline;
    }
    if (next.missing.length !== fedHistory().moments.missing.length) fedHistory().lacks(next.missing);
    if (next.fault !== undefined && next.fault !== state.value?.fault) notices.show('error', next.fault);
    const damagedBefore = state.value?.file === next.file ? damagedOf(state.value) : 0;
    if (damagedOf(next) > damagedBefore) {
      notices.show('warning', damagedWords);
    }
    state.value = next;
  }

  function forget(): void {
    // It is about that session, and no other.
    for (const { id, text } of notices.toasts) if (text === damagedWords) notices.dismiss(id);
    state.value = undefined;
    details.value = undefined;
    wantedNs.value = undefined;
    shownTimeline = '';
    joining = '';
  }

  // Another window, or a run that is started, may end it, too.
  watch(
    () => lab.phase,
    (phase, before) => {
      if (before !== 'replaying') return;
      forget();
      timebase.fit(undefined);
      // A run that is started has begun already.
      if (phase === 'idle') runs.end();
    },
    { flush: 'sync' },
  );

  async function open(file: string): Promise<void> {
    forget();
    isOpening = true;
    // Such as where the recording is; it would lie over the transport.
    for (const { id, level } of notices.toasts) if (level === 'good') notices.dismiss(id);
    const answer = await lab.attempt((link) => link.request('replay.open', { file }));
    isOpening = false;
    if (!answer) return;
    noteOpened({ file, openedMs: Date.now() });
    take(answer.replay);
    show(answer.details, answer.replay);
    await seek(answer.replay.endedNs);
  }

  async function close(): Promise<void> {
    await lab.attempt((link) => link.request('replay.close'));
  }

  /** An answer may come when its session was left. */
  const isShown = ({ file }: ReplayState): boolean => details.value?.card.file === file;

  /** Of moments that are asked for faster than they can be shown, the last one counts. */
  async function seek(timeNs: number): Promise<void> {
    wantedNs.value = timeNs;
    if (isSeeking) return;
    isSeeking = true;
    while (wantedNs.value !== undefined) {
      const target: number = wantedNs.value;
      const next = await lab.attempt((link) => link.request('replay.seek', { timeNs: target }));
      if (next && isShown(next)) take(next);
      if (wantedNs.value === target || !next) wantedNs.value = undefined;
    }
    isSeeking = false;
  }

  async function then(answer: Promise<ReplayState | undefined>): Promise<void> {
    const next = await answer;
    if (next && isShown(next)) take(next);
  }
  const play = (): Promise<void> => then(lab.attempt((link) => link.request('replay.play', {})));
  const pause = (): Promise<void> => then(lab.attempt((link) => link.request('replay.pause')));
  const toggle = (): Promise<void> => (state.value?.isPlaying ? pause() : play());
  const setSpeed = (speed: number): Promise<void> =>
    then(lab.attempt((link) => link.request('replay.speed', { speed })));
  const jump = (direction: 'next' | 'previous'): Promise<void> =>
    then(lab.attempt((link) => link.request('replay.jump', { direction })));

  function takeAnnotations(next: Annotation[] | undefined): void {
    if (!next || !details.value) return;
    details.value = { ...details.value, annotations: next };
    fedHistory().annotate(next);
  }

  async function annotate(annotation: Omit<Annotation, 'id'> & { id?: string }): Promise<void> {
    const file = details.value?.card.file;
    if (file === undefined) return;
    takeAnnotations(await lab.attempt((link) => link.request('sessions.annotate', { file, annotation })));
  }

  async function removeAnnotation(annotation: Annotation): Promise<void> {
    const file = details.value?.card.file;
    if (file === undefined) return;
    const { id } = annotation;
    const next = await lab.attempt((link) => link.request('sessions.removeAnnotation', { file, id }));
    if (!next) return;
    takeAnnotations(next);
    notices.show('info', 'The annotation is deleted.', { title: 'Undo', run: () => void annotate(annotation) });
  }

  return {
    state,
    details,
    isOpen,
    positionNs,
    annotations,
    opened,
    connect,
    open,
    close,
    seek,
    play,
    pause,
    toggle,
    setSpeed,
    jump,
    annotate,
    removeAnnotation,
  };
});
