/** The bench: its steps as the lab told them, the walk, and the verbs. All windows share the same bench. */
import { useTimeoutFn } from '@vueuse/core';
import { dequal } from 'dequal/lite';
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type { BenchLook, SocketState } from '../../shared/bench/state.ts';
import type { BenchStep } from '../../shared/bench/step.ts';
import type { BenchState, WalkEntry } from '../../shared/contract/bench.ts';
import type { Params, Result } from '../../shared/contract/contract.ts';
import { orderLanes } from '../../shared/sequence/from-steps.ts';
import type { LabLink } from '../app/link.ts';
import { actorsOf, changesOf, fdKey, keepUnchanged, viewOf } from './bench-look.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';

const closed: BenchState = { phase: 'closed', epoch: 0, actors: [], ports: [], names: {}, steps: 0 };

const waitingMs = 250;

/** Free mode: each in a process of its own, so that each has a descriptor table of its own. */
const freeActors = [
  { name: 'client', process: 'client' },
  { name: 'server', process: 'server' },
];

export type Call = Pick<Params<'bench.call'>, 'call' | 'arguments' | 'as'>;
type Opening = Params<'bench.open'>;

export const useBench = defineStore('bench', () => {
  const lab = useLab();
  const notices = useNotices();
  const state = shallowRef<BenchState>(closed);
  const steps = shallowRef<readonly BenchStep[]>([]);
  const walks = shallowRef<readonly WalkEntry[]>([]);
  /** A verb is under way. */
  const isBusy = ref(false);
  /**
   * It is for so long that who pressed should see it. Most calls are over within a few ms, and buttons that went grey and
   * back for each would flicker, and be painted a dozen times.
   */
  const isWaiting = ref(false);
  const wait = useTimeoutFn(() => (isWaiting.value = true), waitingMs, { immediate: false });
  watch(
    isBusy,
    (busy) => {
      isWaiting.value = false;
      if (busy) wait.start();
      else wait.stop();
    },
    { flush: 'sync' },
  );
  /** The lane that keys and the first suggestion are for. */
  const chosenLane = ref<string>();
  /** A step whose state is looked at again; undefined: the newest. */
  const pickedStep = ref<number>();
  const pickedSocket = ref<string>();
  let link: LabLink | undefined;

  const isReplaying = computed(() => state.value.phase === 'replaying');
  const isOpen = computed(() => state.value.phase !== 'closed');
  const lanes = computed(() => orderLanes(state.value.actors));
  const lane = computed(() => {
    const names = lanes.value.map(({ name }) => name);
    if (chosenLane.value !== undefined && names.includes(chosenLane.value)) return chosenLane.value;
    return names.find((name) => /^server/i.test(name)) ?? names[0];
  });
  const walk = computed(() => state.value.walk);
  const nextWalkStep = computed(() => walk.value?.walk.steps[walk.value.done]);

  /** Steps in the order in which they were told last, so that the last one has the newest look. */
  const byTime = computed(() => [...steps.value].sort((a, b) => a.state.timeNs - b.state.timeNs));
  const newest = computed(() => byTime.value.at(-1));
  /** The one that was made last, which may have woken one that was made before it. */
  const latest = computed(() => steps.value.at(-1));
  const shown = computed(() => steps.value.find(({ index }) => index === pickedStep.value) ?? latest.value);
  const isPast = computed(() => shown.value !== latest.value);
  /** A look that no step made: before the first one, or later than the newest, as timers run out by themselves. */
  const ownLook = shallowRef<BenchLook>();
  const firstLook = shallowRef<BenchLook>();
  const look = computed<BenchLook | undefined>(() =>
    isPast.value ? shown.value?.state : (ownLook.value ?? newest.value?.state),
  );
  /** What the look is compared with: that before the step that is shown, also once time has passed since. */
  const lookBefore = computed(() => {
    const startedNs = shown.value?.startedNs;
    if (startedNs === undefined) return firstLook.value;
    return byTime.value.findLast(({ state: { timeNs } }) => timeNs < startedNs)?.state ?? firstLook.value;
  });
  const changes = computed(() => changesOf(lookBefore.value, look.value));
  const view = computed(() => viewOf(look.value));
  const looks = computed(() => byTime.value.map(({ state: found }) => found));
  const actors = computed(
    () => new Map(actorsOf(ownLook.value ?? newest.value?.state).map((actor) => [actor.name, actor])),
  );
  /** What the step that is shown was about, where nothing was picked: what it made or was given; else what changed. */
  const shownSocket = computed(() => {
    const all = look.value?.sockets ?? [];
    const byKey = (key: string | undefined): SocketState | undefined => all.find((each) => each.key === key);
    const changed = [...changes.value.sockets.keys()];
    return (
      byKey(pickedSocket.value) ?? byKey(subjectOf(shown.value, lookBefore.value)) ?? byKey(changed[0]) ?? all.at(-1)
    );
  });

  function takeState(next: BenchState): void {
    const before = state.value;
    if (next.epoch < before.epoch) return;
    if (next.epoch !== before.epoch || next.phase === 'closed') forget();
    // Another bench begins with its server; going back in this one keeps the lane.
    if (next.phase === 'closed') chosenLane.value = undefined;
    if (next.fault !== undefined && next.fault !== before.fault) notices.show('error', next.fault);
    state.value = next;
  }

  function forget(): void {
    steps.value = [];
    pickedStep.value = undefined;
    pickedSocket.value = undefined;
    ownLook.value = firstLook.value = undefined;
  }

  function takeStep(epoch: number, told: BenchStep): void {
    if (epoch !== state.value.epoch) return;
    if (steps.value.some((step) => tellsTheSame(step, told))) return;
    const step = { ...told, state: keepUnchanged(newest.value?.state, told.state) };
    const others = steps.value.filter(({ index }) => index !== step.index);
    steps.value = [...others, step].sort((a, b) => a.index - b.index);
    ownLook.value = undefined;
    // What was just done is looked at; what woke by itself meanwhile does not take the view away.
    if (!others.some(({ index }) => index > step.index)) pickedStep.value = undefined;
  }

  async function connect(newLink: LabLink): Promise<void> {
    link = newLink;
    newLink.onEvent('bench.state', takeState);
    newLink.onEvent('bench.step', ({ epoch, step }) => takeStep(epoch, step));
    // The rest of the app does not need the bench.
    const now = await lab.attempt((open) => open.request('bench.state'));
    walks.value = (await lab.attempt((open) => open.request('walks.list'))) ?? [];
    // A lab that was started anew counts its epochs from the beginning.
    state.value = closed;
    if (now) takeState(now);
    await fetchSteps();
  }

  async function fetchSteps(): Promise<void> {
    if (state.value.phase === 'closed' || !link) return;
    const { epoch } = state.value;
    const all = await lab.attempt((open) => open.request('bench.steps'));
    if (all && epoch === state.value.epoch) for (const step of all) takeStep(epoch, step);
    if (steps.value.length === 0) await lookAgain();
  }

  /** How things stand now, without a step: timers run out, and what sleeps is woken by them. */
  async function lookAgain(): Promise<void> {
    if (state.value.phase !== 'open' || !link) return;
    const { epoch } = state.value;
    const at = newest.value;
    const now = await lab.attempt((open) => open.request('bench.look'));
    if (!now || epoch !== state.value.epoch || at !== newest.value) return;
    if (steps.value.length === 0) firstLook.value ??= now;
    ownLook.value = keepUnchanged(look.value, now);
  }

  let last: Promise<unknown> = Promise.resolve();
  let inTurn = 0;
  /** One verb at a time, and one more that waits for it; what is refused is told, and changes nothing. */
  async function act<T>(verb: (open: LabLink) => Promise<T>): Promise<T | undefined> {
    // A key that is held down would otherwise go on long after it was let go.
    if (inTurn === 2) return undefined;
    inTurn++;
    isBusy.value = true;
    const made = last.then(() => lab.attempt(verb));
    last = made.catch(() => undefined);
    try {
      return await made;
    } finally {
      inTurn--;
      isBusy.value = inTurn > 0;
    }
  }
  /** Of the answer: the event that says the same may come before or after it. */
  async function make(verb: (open: LabLink) => Promise<BenchStep>): Promise<BenchStep | undefined> {
    const step = await act(verb);
    if (step) takeStep(state.value.epoch, step);
    return step;
  }
  async function enter(verb: (open: LabLink) => Promise<BenchState>): Promise<boolean> {
    const next = await act(verb);
    if (!next) return false;
    takeState(next);
    await fetchSteps();
    return true;
  }

  const open = (opening: Opening): Promise<boolean> => enter((to) => to.request('bench.open', opening));
  const openFree = (): Promise<boolean> => open({ actors: freeActors });
  const openWalk = (name: string): Promise<boolean> => open({ walk: { name } });
  const close = (): Promise<boolean> => enter((to) => to.request('bench.close'));
  const goTo = (place: number): Promise<boolean> => enter((to) => to.request('bench.goto', { done: place }));
  const addActor = (actor: { name: string; process: string }): Promise<boolean> =>
    enter((to) => to.request('bench.addActor', actor));
  const call = (actor: string, made: Call): Promise<BenchStep | undefined> =>
    make((to) =>
      to.request('bench.call', {
        actor,
        call: made.call,
        arguments: made.arguments,
        ...(made.as !== undefined && { as: made.as }),
      }),
    );
  const next = (): Promise<BenchStep | undefined> => make((to) => to.request('bench.next'));
  const signal = (actor: string): Promise<BenchStep | undefined> => make((to) => to.request('bench.signal', { actor }));
  const kill = (actor: string): Promise<BenchStep | undefined> => make((to) => to.request('bench.kill', { actor }));

  /** How far it has come, in steps of the walk, or in calls where there is no walk. */
  const done = computed(() => walk.value?.done ?? state.value.steps);
  const canGoBack = computed(() =>
    state.value.phase === 'open' ? done.value > 0 : isReplaying.value && shown.value !== steps.value[0],
  );
  const back = async (): Promise<void> => {
    if (!canGoBack.value) return;
    if (isReplaying.value) turn(-1);
    // From where it is when its turn comes.
    else await enter((to) => to.request('bench.goto', { done: Math.max(0, done.value - 1) }));
  };

  function otherLane(): void {
    const names = lanes.value.map(({ name }) => name);
    chosenLane.value = names[(names.indexOf(lane.value ?? '') + 1) % Math.max(1, names.length)];
  }

  const program = (language: 'c' | 'python'): Promise<Result<'bench.program'> | undefined> =>
    lab.attempt((to) => to.request('bench.program', { language }));
  const keep = (name?: string): Promise<Result<'bench.keep'> | undefined> =>
    lab.attempt((to) => to.request('bench.keep', name === undefined ? {} : { name }));
  /** A kept one begins with its first step. */
  async function replay(file: string): Promise<boolean> {
    const isShown = await enter((to) => to.request('bench.replay', { file }));
    if (isShown) pickedStep.value = steps.value[0]?.index;
    return isShown;
  }
  /** Looks at the step before or after the one that is shown; nothing is called. */
  function turn(by: 1 | -1): void {
    const at = steps.value.findIndex(({ index }) => index === shown.value?.index);
    const to = steps.value[at + by];
    if (to) pickedStep.value = to.index === latest.value?.index ? undefined : to.index;
  }

  const exported = (format: Params<'bench.export'>['format']): Promise<Result<'bench.export'> | undefined> =>
    lab.attempt((to) => to.request('bench.export', { format }));

  return {
    ...{ state, steps, walks, isBusy, isWaiting, isOpen, lanes, lane, chosenLane, walk, nextWalkStep, done, actors },
    ...{ newest, shown, isPast, pickedStep, pickedSocket, shownSocket, look, looks, changes, view },
    ...{
      connect,
      open,
      openFree,
      openWalk,
      close,
      goTo,
      back,
      canGoBack,
      addActor,
      call,
      next,
      signal,
      kill,
      lookAgain,
    },
    ...{ otherLane, program, keep, replay, isReplaying, turn, exported },
  };
});

/** The answer to who asked for a step, and the event to all windows, tell the same. A look is known by its time. */
function tellsTheSame({ state: known, ...one }: BenchStep, { state, ...other }: BenchStep): boolean {
  return one.index === other.index && known.timeNs === state.timeNs && dequal(one, other);
}

/** The key of the socket that a call made, or was given, also where it took the descriptor away. */
function subjectOf(step: BenchStep | undefined, before: BenchLook | undefined): string | undefined {
  if (step === undefined) return undefined;
  const { call, process, result, arguments: args, state } = step;
  const made = ['socket', 'accept4'].includes(call) && result !== null && result >= 0 ? result : undefined;
  const fd = made ?? args.fd;
  if (typeof fd !== 'number') return undefined;
  const has = ({ owner }: SocketState): boolean => owner.includes(fdKey(process, fd));
  return (state.sockets.find(has) ?? before?.sockets.find(has))?.key;
}
