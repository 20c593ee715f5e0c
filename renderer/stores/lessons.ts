/** The lessons, the one that is read, and what its reader predicted and measured. */
import { useSessionStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type { LessonEntry, LessonProgress, UnmetNeed } from '../../shared/contract/lessons.ts';
import { LessonJudge, type Answer } from '../../shared/lesson/judge.ts';
import { isGate, parseLesson, type Lesson, type Runnable } from '../../shared/lesson/lesson.ts';
import { measuredParts, measuredRuns, measuredWalk, type Measured } from '../../shared/lesson/measured.ts';
import { asScenario, secondsOf } from '../../shared/lesson/parts.ts';
import { withRoom } from '../../shared/lesson/kept-pictures.ts';
import { remarksOf, whyNotRun } from '../../shared/lesson/unmet.ts';
import type { LabLink } from '../app/link.ts';
import { RunPictures } from '../tracks/run-pictures.ts';
import { useBench } from './bench.ts';
import { useExperiments } from './experiments.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';
import { useOwnCommands } from './own-commands.ts';
import { fedHistory } from './telemetry.ts';
import { useUi } from './ui.ts';

export interface OpenLesson {
  readonly name: string;
  readonly lesson: Lesson;
}

const pictureWidthPx = 460;

export const useLessons = defineStore('lessons', () => {
  const ui = useUi();
  const lab = useLab();
  const bench = useBench();
  const notices = useNotices();
  const experiments = useExperiments();
  const ownCommands = useOwnCommands();

  const entries = shallowRef<readonly LessonEntry[]>([]);
  const unmet = shallowRef<readonly UnmetNeed[]>([]);
  const kept = shallowRef<ReadonlyMap<string, LessonProgress>>(new Map());
  const open = shallowRef<OpenLesson>();
  /** For a window that is loaded anew. */
  const openName = useSessionStorage('fdscope.openLesson', '');
  /** The part that runs, of which lesson, and the experiment that is its own. What it measures is that lesson's, whatever is read by then. */
  const running = shallowRef<{ readonly lesson: OpenLesson; readonly part: Runnable; readonly experiment: number }>();
  /** Why a part has no result. */
  const faults = shallowRef<Readonly<Record<string, string>>>({});
  /** Gates that were passed without running them. */
  const passed = ref<readonly string[]>([]);

  async function load(link: LabLink): Promise<void> {
    const [list, progress] = await Promise.all([link.request('lessons.list'), link.request('lessons.progress')]);
    entries.value = list.lessons;
    unmet.value = list.unmet;
    kept.value = new Map(progress.map((each) => [each.name, each]));
    if (ui.screen === 'lessons' && openName.value !== '' && open.value === undefined) await read(openName.value);
  }

  async function read(name: string): Promise<void> {
    const opened = await lab.attempt((link) => link.request('lesson.open', { name }));
    if (!opened || opened.mistakes.length > 0) return;
    open.value = { name, lesson: parseLesson(opened.text, name) };
    openName.value = name;
    faults.value = {};
    passed.value = [];
    ui.screen = 'lessons';
  }
  function close(): void {
    open.value = undefined;
    openName.value = '';
  }

  const progress = computed(() => (open.value ? kept.value.get(open.value.name) : undefined));
  const measured = computed(() => measuredParts(progress.value?.measured));
  const judged = computed(() => open.value && new LessonJudge(open.value.lesson, measured.value));

  /** Blocks are shown up to the first gate that has neither run nor was passed. */
  const shownBlocks = computed(() => {
    const blocks = open.value?.lesson.blocks ?? [];
    const at = blocks.findIndex((block) => isGate(block) && !isBehind(block));
    return at === -1 ? blocks : blocks.slice(0, at + 1);
  });
  const isBehind = ({ name }: { readonly name: string }): boolean =>
    measured.value[name] !== undefined || passed.value.includes(name) || whyNot(name) !== undefined;

  /** Why this machine cannot run a part, and what there is without it. */
  const whyNotIn = (lesson: Lesson, part: string): ReturnType<typeof whyNotRun> => whyNotRun(lesson, part, unmet.value);
  const whyNot = (part: string): ReturnType<typeof whyNotIn> => open.value && whyNotIn(open.value.lesson, part);

  const remarks = computed(() => (open.value === undefined ? [] : remarksOf(open.value.lesson, unmet.value)));

  let saving: Promise<unknown> = Promise.resolve();
  function keep(
    change: (before: LessonProgress) => Partial<LessonProgress>,
    of: OpenLesson | undefined = open.value,
  ): void {
    if (!of) return;
    const { name } = of;
    const now = Date.now();
    const before = kept.value.get(name) ?? {
      ...{ name, beganMs: now, changedMs: now, answers: {}, measured: {}, pictures: [] },
    };
    const { kept: next, left } = withRoom({ ...before, ...change(before), changedMs: now });
    if (left > 0) {
      const which = left === 1 ? 'The oldest picture' : `The oldest ${left} pictures`;
      notices.show(
        'warning',
        `${which} of this lesson made room for newer ones: what is kept of a lesson is 1 MiB at most.`,
      );
    }
    const isDone = of.lesson.blocks
      .filter(isGate)
      .every((gate) => next.measured[gate.name] !== undefined || whyNotIn(of.lesson, gate.name) !== undefined);
    const done = isDone && next.doneMs === undefined ? { ...next, doneMs: now } : next;
    kept.value = new Map(kept.value).set(name, done);
    // One after another, so that the last one is what stays.
    saving = saving.then(() => lab.attempt((link) => link.request('lesson.keep', done)));
  }

  const answer = (name: string, given: Answer): void =>
    keep(({ answers }) => ({
      answers: { ...answers, [name]: typeof given === 'number' ? given : [...given] },
    }));

  function take(lesson: OpenLesson, part: Runnable, of: Measured): void {
    faults.value = Object.fromEntries(Object.entries(faults.value).filter(([name]) => name !== part.name));
    keep(({ measured: before }) => ({ measured: { ...before, [part.name]: { atMs: Date.now(), of } } }), lesson);
  }
  function fail(part: Runnable, sentence: string): void {
    faults.value = { ...faults.value, [part.name]: sentence };
  }

  /** Why nothing can be measured just now. */
  const obstacle = computed(() => {
    if (lab.status !== 'open') return 'The lab is not connected.';
    if (lab.isRunning || lab.isBusy) return 'The live lab runs. Both would measure each other, so stop it first.';
    const other = experiments.current;
    if (other && other.id !== running.value?.experiment) {
      return `“${other.title}” is running. Wait for its end, or cancel it.`;
    }
    return undefined;
  });

  /** `allowCommands`: the reader has seen the programs that it names. */
  async function run(part: Runnable, allowCommands = false): Promise<void> {
    const lesson = open.value;
    // A walk that was left in its midst holds nobody up.
    const isBusy = running.value !== undefined && running.value.part.kind !== 'walk';
    if (isBusy || obstacle.value !== undefined || !lesson) return;
    running.value = { lesson, part, experiment: 0 };
    if (part.kind === 'walk') {
      const walk = part.own ? { text: part.own.text } : { name: part.walk };
      if (!(await bench.open({ walk }))) running.value = undefined;
      return;
    }
    if (part.kind === 'switch-cost') {
      const cost = await lab.attempt((link) => link.request('switchCost.run', { rounds: part.cost.rounds }));
      if (cost) take(lesson, part, { kind: 'switch-cost', cost });
      running.value = undefined;
      return;
    }
    keep(({ pictures }) => ({ pictures: pictures.filter((each) => each.part !== part.name) }));
    const scenario = asScenario(part.run, `${lesson.lesson.title}: ${part.name}`);
    const models = ownCommands.runnableModels(scenario);
    const which = models === undefined ? { allowCommands } : { models };
    const isBegun = await experiments.startScenario({ scenario: { text: JSON.stringify(scenario) }, ...which });
    const experiment = experiments.current?.id ?? experiments.state.last?.id ?? 0;
    running.value = isBegun ? { lesson, part, experiment } : undefined;
    settle();
  }

  /** An experiment may have ended before anybody knew that it was ours. */
  function settle(): void {
    const now = running.value;
    if (!now || now.experiment === 0) return;
    const { last } = experiments.state;
    if (last?.id !== now.experiment) return;
    const result = experiments.results.scenario;
    if (last.ending === 'failed') fail(now.part, last.fault?.sentence ?? 'It could not be run.');
    else if (last.ending === 'cancelled') fail(now.part, 'It was cancelled, and so nothing of it is kept.');
    else if (result?.id === now.experiment) {
      const { runs, notRun } = result.scenario;
      take(now.lesson, now.part, measuredRuns(runs, notRun));
    } else return;
    running.value = undefined;
  }
  watch([() => experiments.results.scenario, () => experiments.state.last?.id], settle);

  /** A run of the part is over, and its frames are still there. */
  watch(
    () => experiments.runs,
    (runs) => {
      const now = running.value;
      const last = runs.at(-1);
      if (!now || last?.ending !== 'done' || last.id !== now.experiment) return;
      const pictures = picturesNow(now.part, last.label, last.variant);
      if (pictures.length > 0) {
        keep(({ pictures: before }) => ({ pictures: [...before, ...pictures] }), now.lesson);
      }
    },
    { flush: 'sync' },
  );
  const makers = new WeakMap<object, RunPictures>();
  function picturesNow(part: Runnable, label: string, variant?: string): LessonProgress['pictures'] {
    if (part.kind !== 'run' || part.run.tracks === undefined) return [];
    const history = fedHistory();
    const maker = makers.get(history) ?? new RunPictures(history);
    makers.set(history, maker);
    const look = { seconds: part.run.durationSeconds, widthPx: pictureWidthPx, theme: ui.shownTheme };
    return maker
      .take(part.run.tracks, look)
      .map((picture) => ({
        ...picture,
        part: part.name,
        label,
        theme: ui.shownTheme,
        ...(variant === undefined ? {} : { variant }),
      }))
      .filter(({ svg }) => svg.length < 400_000);
  }

  /** A walk is measured when its last step is made. */
  watch(
    () => [bench.walk?.done, bench.steps] as const,
    () => {
      const now = running.value;
      if (now?.part.kind !== 'walk') return;
      const { walk } = bench;
      if (!walk) {
        running.value = undefined;
        return;
      }
      if (walk.done < walk.walk.steps.length || bench.steps.length < walk.done) return;
      take(now.lesson, now.part, measuredWalk(now.part.walk, bench.steps));
      running.value = undefined;
    },
  );

  const pass = (name: string): void => {
    passed.value = [...passed.value, name];
  };

  /** What one lesson, or all of them, had: predictions and figures go. */
  async function reset(name?: string): Promise<void> {
    await saving;
    const params = name === undefined ? {} : { name };
    const isDone = await lab.attempt((link) => link.request('lessons.reset', params).then(() => true));
    if (isDone !== true) return;
    kept.value = name === undefined ? new Map() : new Map([...kept.value].filter(([each]) => each !== name));
    passed.value = [];
    faults.value = {};
    running.value = undefined;
  }

  async function report(): Promise<{ readonly fileName: string; readonly text: string } | undefined> {
    await saving;
    return lab.attempt((link) => link.request('lessons.report'));
  }

  const partSeconds = (part: Runnable): number =>
    part.kind === 'run' || part.kind === 'try' ? Math.ceil(secondsOf(part.run)) : 0;

  /** Of the lesson that is read. */
  const runningPart = computed(() =>
    running.value && running.value.lesson.name === open.value?.name ? running.value.part : undefined,
  );
  /** Something is being measured: a walk waits for its reader, and is not. */
  const isMeasuring = computed(() => running.value !== undefined && running.value.part.kind !== 'walk');

  return {
    ...{
      entries,
      unmet,
      kept,
      open,
      progress,
      measured,
      judged,
      shownBlocks,
      runningPart,
      isMeasuring,
      faults,
      passed,
      obstacle,
    },
    ...{ remarks, load, read, close, answer, run, pass, reset, report, whyNot, isBehind, picturesNow, partSeconds },
  };
});
