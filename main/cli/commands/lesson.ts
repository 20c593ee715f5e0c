/** `fdscope lesson` and `fdscope lessons`: what a lesson claims, measured and judged on this machine. */
import { chapterTitle } from '../../../shared/lesson/chapters.ts';
import {
  judgeLesson,
  rightChoices,
  type JudgedClaim,
  type LessonVerdict,
  type Outcome,
} from '../../../shared/lesson/judge.ts';
import { askedIn, runnablesOf, type Lesson } from '../../../shared/lesson/lesson.ts';
import type { MeasuredParts } from '../../../shared/lesson/measured.ts';
import { asScenario } from '../../../shared/lesson/parts.ts';
import { leftByNoise, remarksOf } from '../../../shared/lesson/unmet.ts';
import { planScenario } from '../../../shared/schemas/scenario.ts';
import { visibleLine, visibleTexts } from '../../../shared/visible.ts';
import { LabError } from '../../lab/errors.ts';
import { runLesson, type PartNotRun } from '../../lab/lessons/run-lesson.ts';
import type { CliContext, Register } from '../command.ts';
import { folded } from '../fold.ts';
import { addJson, addOut, type OutputFlags } from '../options.ts';
import { checkOut, deliver } from '../output.ts';
import { UnmetExpectation } from '../unmet-expectation.ts';
import { runName } from '../print.ts';
import { ProgressBar } from '../progress-bar.ts';
import { checkExternal } from '../settings.ts';
import { tell } from '../terminal.ts';

interface LessonFlags extends OutputFlags {
  readonly allowCommands?: boolean;
}

/** What `fdscope lesson --json` prints; keys are only ever added. */
export interface LessonReport extends LessonVerdict {
  readonly lesson: string;
  readonly title: string;
  readonly chapter: number;
  readonly measured: MeasuredParts;
  /** Parts that this machine cannot run, and models that could not be run. */
  readonly notRun: readonly (PartNotRun | { readonly part: string; readonly reason: string })[];
  /** What is not as elsewhere: needs of the lesson that this machine does not meet, and runs beside noise. */
  readonly remarks: readonly string[];
}

function claimText({ part, expect, held, figures, missing, unlike, because }: JudgedClaim): string {
  const verdict = held === null ? 'not judged  ' : held ? 'held        ' : 'did not hold';
  const indent = ' '.repeat(14);
  const lines = [`${verdict}  ${part}: ${expect}\n`];
  if (figures.length > 0) lines.push(folded(figures.map(({ text, words }) => `${text} = ${words}`).join(', '), indent));
  if (unlike !== undefined) lines.push(folded(unlike, indent));
  if (missing.length > 0) lines.push(folded(`nothing gave ${missing.join(', ')}`, indent));
  return [...lines, folded(because, indent)].join('');
}

function outcomeText(outcome: Outcome, asked: ReturnType<typeof askedIn>[number] | undefined): string {
  switch (outcome.kind) {
    case 'choose': {
      const right = rightChoices(asked, outcome.right);
      return right.length > 0 ? right.join(' ') : 'not decided by these figures';
    }
    case 'estimate':
      return outcome.words;
    case 'draw':
      return outcome.points.map(({ label, words }) => `${label}: ${words}`).join(', ');
  }
}

/** `report` may come from somebody's file; so may the lesson. */
function lessonText(lesson: Lesson, { claims, predictions, explanations, notRun, remarks }: LessonReport): string {
  const asked = askedIn(lesson);
  const indent = '  ';
  return [
    `${lesson.title}\n${folded(lesson.question, '')}\n`,
    ...claims.map(claimText),
    '\n',
    ...predictions.map(
      ({ name, ask, outcome }) =>
        folded(ask, '') +
        folded(
          `Measured here: ${outcomeText(
            outcome,
            asked.find((each) => each.name === name),
          )}`,
          indent,
        ),
    ),
    '\n',
    ...explanations.map(({ text }) => folded(text, '')),
    ...remarks.map((remark) => folded(remark, '')),
    ...notRun.map((each) =>
      folded(`${each.part} was not run: ${each.reason}${'without' in each ? ` ${each.without}` : ''}`, ''),
    ),
  ].join('');
}

function notRunIn(measured: MeasuredParts): { readonly part: string; readonly reason: string }[] {
  return Object.entries(measured).flatMap(([part, found]) =>
    found.kind === 'run'
      ? found.notRun.map(({ label, variant, sentence }) => ({
          part: `${part}, ${runName(label, variant)}`,
          reason: sentence,
        }))
      : [],
  );
}

function failOnUnmetClaims(claims: readonly JudgedClaim[]): void {
  const unmet = claims.filter(({ held }) => held === false);
  if (unmet.length === 0) return;
  const names = unmet.map(({ part, expect }) => `${part}: ${expect}`).join('; ');
  throw new UnmetExpectation(`${unmet.length} of ${claims.length} expectations did not hold: ${names}.`);
}

async function goLesson(nameOrFile: string, flags: LessonFlags, { lab, signal }: CliContext): Promise<void> {
  checkOut(flags);
  const { name, lesson } = lab.lessons.named(nameOrFile);
  for (const part of runnablesOf(lesson)) {
    if (part.kind !== 'run' && part.kind !== 'try') continue;
    for (const { settings } of planScenario(asScenario(part.run, part.name))) checkExternal(settings.server, flags);
  }
  let bar: ProgressBar | undefined;
  const unmet = await lab.unmetNeeds();
  const { measured, notRun } = await runLesson(lab, lesson, unmet, {
    signal,
    onPart: (_part, runs) => {
      bar?.end();
      bar = runs.length > 0 ? new ProgressBar(runs.map(({ settings }) => settings.durationSeconds)) : undefined;
    },
    onRun: ({ label, variant, settings }, index, elapsedSeconds) =>
      bar?.update(index, runName(label ?? settings.server.model, variant), elapsedSeconds),
  }).finally(() => bar?.end());
  const verdict = judgeLesson(lesson, measured);
  const failed = notRunIn(measured);
  const report: LessonReport = {
    ...{ lesson: name, title: lesson.title, chapter: lesson.chapter },
    ...{ ...verdict, measured, notRun: [...notRun, ...failed] },
    remarks: [
      ...remarksOf(lesson, unmet).map(({ reason, without }) => `${reason} ${without}`),
      ...new Set(Object.values(measured).flatMap((each) => leftByNoise(each) ?? [])),
    ],
  };
  await deliver(flags, report, (shown) => lessonText(visibleTexts(lesson), shown));
  failOnUnmetClaims(verdict.claims);
  const [first] = failed;
  if (first) throw new LabError('unavailable', `${first.part} could not be run: ${first.reason}`);
}

export const registerLesson: Register = (program, context) => {
  const command = program
    .command('lesson')
    .description('runs what is in a lesson on this machine, and judges what the lesson says of it')
    .argument('<name|file>', 'a lesson, as `fdscope lessons` lists them, or a Markdown file')
    .option('--allow-commands', 'let the lesson start the programs that it names');
  addJson(addOut(command)).action((name: string, flags: LessonFlags) => goLesson(name, flags, context));
};

/** Bad input where one has a mistake; each has its line, in the file's own name. */
function checkLessons(folder: string, { lab }: CliContext): { file: string; mistakes: number }[] {
  const checked = lab.lessons.checkFolder(folder);
  const lines = checked.flatMap(({ file, mistakes }) =>
    mistakes.map(({ line, column, sentence }) => `${file}:${line}:${column}: ${sentence}`),
  );
  if (lines.length > 0) throw new LabError('bad-input', lines);
  return checked.map(({ file }) => ({ file, mistakes: 0 }));
}

export const registerLessons: Register = (program, context) => {
  const command = program
    .command('lessons')
    .description('lists the lessons in reading order, or checks a folder of your own')
    .option('--check <folder>', 'reads every lesson in it, and says line and column of each mistake');
  addJson(command).action(async (flags: OutputFlags & { readonly check?: string }) => {
    if (flags.check !== undefined) {
      const checked = checkLessons(flags.check, context);
      await deliver(flags, { lessons: checked }, ({ lessons }) =>
        lessons.map(({ file }) => `${visibleLine(file)}: no mistakes\n`).join(''),
      );
      return;
    }
    const entries = context.lab.lessons.list().map(({ name, origin, head, mistakes }) => ({
      ...{ name, origin, chapter: head?.chapter ?? 0, title: head?.title ?? '', question: head?.question ?? '' },
      ...{ minutes: head?.minutes ?? 0, mistakes },
    }));
    await deliver(flags, { lessons: entries }, ({ lessons }) => {
      const width = Math.max(0, ...lessons.map(({ name }) => name.length)) + 2;
      let chapter = 0;
      return lessons
        .map((lesson) => {
          const [mistake] = lesson.mistakes;
          const heading = lesson.chapter === chapter ? '' : `\n${lesson.chapter} ${chapterTitle(lesson.chapter)}\n`;
          chapter = lesson.chapter;
          const second = mistake ? `line ${mistake.line}: ${mistake.sentence}` : lesson.question;
          const title = `${lesson.title}${mistake ? '' : `, ${lesson.minutes} minutes`}`;
          return `${mistake ? '' : heading}${lesson.name.padEnd(width)}${title}\n${folded(second, ' '.repeat(width))}`;
        })
        .join('');
    });
    if (entries.some(({ mistakes }) => mistakes.length > 0)) {
      tell('A lesson with mistakes cannot be run; `fdscope lessons --check FOLDER` tells all of them.\n');
    }
  });
};
