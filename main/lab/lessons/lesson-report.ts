/** The reader's lab report: what was predicted and measured in each lesson, on which machine. One page, no script. */
import type { LessonPicture, LessonProgress } from '../../../shared/contract/lessons.ts';
import { chapterTitle } from '../../../shared/lesson/chapters.ts';
import { figureWords } from '../../../shared/lesson/figure-words.ts';
import {
  isRight,
  LessonJudge,
  rightChoices,
  type Answer,
  type JudgedClaim,
  type Outcome,
} from '../../../shared/lesson/judge.ts';
import { askedIn, runnablesOf, type Asked, type Lesson, type Runnable } from '../../../shared/lesson/lesson.ts';
import { measuredParts, type Measured } from '../../../shared/lesson/measured.ts';
import { metrics, type MetricName } from '../../../shared/expectations/metrics.ts';
import { escaped, table } from '../report/html-text.ts';
import { localTime } from '../sessions/folder.ts';
import { barsSvg, curvesSvg } from './report-pictures.ts';
import { reportStyle } from './report-style.ts';

export interface ReportedLesson {
  readonly progress: LessonProgress;
  readonly lesson: Lesson;
}

interface Facts {
  readonly hostname: string;
  readonly kernel: string;
  readonly cpuModel: string;
  readonly cpus: number;
  readonly fdscope: string;
}

const answerWords = (asked: Asked, answer: Answer | undefined): string => {
  if (answer === undefined) return 'nothing was predicted';
  if (asked.kind === 'choose') return typeof answer === 'number' ? (asked.ask.choices[answer]?.text ?? '') : '';
  if (asked.kind === 'estimate') return typeof answer === 'number' ? figureWords(answer, asked.ask.unit) : '';
  const unit = metrics[asked.ask.figure as MetricName].unit;
  return typeof answer === 'number' ? '' : answer.map((value) => figureWords(value, unit)).join(', ');
};

function outcomeWords(asked: Asked, outcome: Outcome): string {
  switch (outcome.kind) {
    case 'choose': {
      const right = rightChoices(asked, outcome.right);
      return right.length === 0 ? 'not decided' : right.join(' ');
    }
    case 'estimate':
      return outcome.words;
    case 'draw':
      return outcome.points.map(({ words }) => words).join(', ');
  }
}

/** A table that has room on one page is not cut. */
const mostRowsOfPage = 20;
const whole: typeof table = (head, rows) =>
  rows.length > mostRowsOfPage ? table(head, rows) : `<div class="short">${table(head, rows)}</div>`;

const verdictWords = (right: boolean | undefined): string => (right === undefined ? '' : right ? 'right' : 'not so');

function predictionsHtml({ lesson, progress }: ReportedLesson, judged: LessonJudge): string {
  const all = askedIn(lesson);
  const rows = all.map((asked) => {
    const answer = progress.answers[asked.name];
    const outcome = judged.outcomeOf(asked);
    const right = answer === undefined ? undefined : isRight(asked, answer, outcome);
    return [asked.ask.ask, answerWords(asked, answer), outcomeWords(asked, outcome), verdictWords(right)];
  });
  const curves = all.flatMap((asked) => {
    const outcome = judged.outcomeOf(asked);
    if (asked.kind !== 'draw' || outcome.kind !== 'draw') return [];
    const answer = progress.answers[asked.name];
    return [
      curvesSvg({
        ...{ title: asked.ask.ask, unit: metrics[asked.ask.figure as MetricName].unit, points: outcome.points },
        predicted: typeof answer === 'object' ? answer : [],
      }),
    ];
  });
  return `<div class="predictions">${whole(['Asked', 'Predicted', 'Measured', ''], rows)}</div>${curves.join('')}`;
}

const claimsHtml = (claims: readonly JudgedClaim[]): string =>
  claims.length === 0
    ? ''
    : `<ul class="claims">${claims
        .map(({ expect, held, figures, because }) => {
          const verdict = held === null ? 'not judged' : held ? 'held' : 'did not hold';
          const told = figures.map(({ text, words }) => `${text} = ${words}`).join(', ');
          return `<li class="${held === false ? 'bad' : ''}"><b>${verdict}</b> <code>${escaped(expect)}</code><br>${escaped(told)}${told === '' ? '' : '. '}${escaped(because)}</li>`;
        })
        .join('')}</ul>`;

/** Drawn by the app: shown as pictures, in which nothing runs. Those of a dark window are turned into ones for paper. */
const pictureHtml = ({ label, variant, svg, theme }: LessonPicture): string =>
  `<figure><figcaption>${escaped([label, variant].filter((part) => part !== undefined).join(', '))}</figcaption>` +
  `<img alt=""${theme === 'dark' ? ' class="dark"' : ''} src="data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}"></figure>`;

const picturesHtml = (pictures: readonly LessonPicture[]): string =>
  pictures.length === 0 ? '' : `<div class="pictures">${pictures.map(pictureHtml).join('')}</div>`;

function measuredHtml(part: Runnable, measured: Measured, pictures: readonly LessonPicture[]): string {
  switch (measured.kind) {
    case 'run': {
      const shown = (part.kind === 'run' || part.kind === 'try' ? part.run.show : []) as readonly MetricName[];
      const rows = measured.runs.map((run) => [
        [run.label, run.variant].filter((each) => each !== undefined).join(', '),
        ...shown.map((name) => {
          const value = run.figures[name];
          return value === undefined ? '–' : figureWords(value, metrics[name].unit);
        }),
      ]);
      const notRun = measured.notRun.map(
        ({ label, sentence }) => `<p class="bad">${escaped(`${label} was not run: ${sentence}`)}</p>`,
      );
      const [first] = shown;
      const bars =
        first === undefined
          ? ''
          : barsSvg(
              `${first}: ${metrics[first].summary}`,
              metrics[first].unit,
              measured.runs.flatMap((run, index) => {
                const value = run.figures[first];
                return value === undefined ? [] : [{ label: rows[index]?.[0] ?? run.label, model: run.model, value }];
              }),
            );
      const heads = ['', ...shown];
      return whole(heads, rows) + bars + notRun.join('') + picturesHtml(pictures);
    }
    case 'walk':
      return `<ol class="calls">${measured.steps
        .map(({ actor, text, result, errno }) => {
          const came = result === null ? 'slept' : errno === null ? String(result) : `-1 ${errno}`;
          return `<li><code>${escaped(`${actor}: ${text} = ${came}`)}</code></li>`;
        })
        .join('')}</ol>`;
    case 'switch-cost':
      return whole(
        ['One way', 'Median', 'Middle half'],
        measured.cost.switches.map((way) =>
          way.available
            ? [
                way.label,
                figureWords(way.ns.median, 'ns'),
                `${figureWords(way.ns.p25, 'ns')} to ${figureWords(way.ns.p75, 'ns')}`,
              ]
            : [way.label, '–', way.reason],
        ),
      );
  }
}

function lessonHtml(reported: ReportedLesson): string {
  const { lesson, progress } = reported;
  const judged = new LessonJudge(lesson, measuredParts(progress.measured));
  const parts = runnablesOf(lesson).flatMap((part) => {
    const found = progress.measured[part.name];
    if (!found) return [];
    const title = part.kind === 'try' ? part.change.title : part.kind === 'walk' ? `Walk: ${part.walk}` : 'Measured';
    const pictures = progress.pictures.filter((each) => each.part === part.name);
    return [
      `<h3>${escaped(title)}, ${localTime(new Date(found.atMs))}</h3>`,
      measuredHtml(part, found.of, pictures),
      claimsHtml(judged.claimsOf(part)),
    ];
  });
  const told = lesson.blocks.flatMap((block) =>
    block.kind === 'explain' ? [`<p class="told">${escaped(judged.explained(block).plain)}</p>`] : [],
  );
  const state = progress.doneMs === undefined ? 'begun' : `done ${localTime(new Date(progress.doneMs))}`;
  return (
    `<section><p class="chapter">${escaped(`${lesson.chapter}. ${chapterTitle(lesson.chapter)}`)}</p><h2>${escaped(lesson.title)}</h2>` +
    `<p class="question">${escaped(lesson.question)} <span class="dim">(${state})</span></p>` +
    `${predictionsHtml(reported, judged)}${parts.join('')}${parts.length > 0 ? told.join('') : ''}</section>`
  );
}

/** `lessons` in reading order; those of which nothing was kept are not in it. */
export function lessonReport(lessons: readonly ReportedLesson[], facts: Facts, now = new Date()): string {
  const done = lessons.filter(({ progress }) => progress.doneMs !== undefined).length;
  const { hostname, kernel, cpuModel, cpus, fdscope } = facts;
  const machine = `${hostname}: ${cpus} CPUs, ${cpuModel}, Linux ${kernel}; fdscope ${fdscope}`;
  const body =
    lessons.length === 0 ? '<p>No lesson has been begun yet.</p>' : lessons.map((each) => lessonHtml(each)).join('\n');
  return (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Lab report</title>' +
    '<meta name="viewport" content="width=device-width">' +
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">` +
    `<style>${reportStyle}</style></head><body><main><header><h1>Lab report</h1>` +
    `<p>${localTime(now)}. ${done} of ${lessons.length} lessons that were begun are done.</p>` +
    `<p>${escaped(machine)}</p></header>\n${body}\n</main></body></html>\n`
  );
}
