/** `fdscope walk`: real system calls, one after the other, with what to notice and what must hold behind each. */
import type { BenchStep, WalkResult } from '../../../shared/bench/step.ts';
import { visibleLine, visibleTexts } from '../../../shared/visible.ts';
import { writeBench } from '../../lab/bench/bench-session.ts';
import { goWalk } from '../../lab/bench/walking.ts';
import { walkFolder } from '../../lab/engine-location.ts';
import { builtInNames } from '../../lab/scenario-files.ts';
import type { Register } from '../command.ts';
import { folded } from '../fold.ts';
import { addJson, addOut, type OutputFlags } from '../options.ts';
import { checkOut, deliver } from '../output.ts';
import { UnmetExpectation } from '../unmet-expectation.ts';
import { recordedLine, type SeriesRecordFlags } from '../recording.ts';
import { suggestArguments } from '../spellings.ts';
import { print, tell } from '../terminal.ts';

function outcomeText(step: BenchStep): string {
  if (step.refused) return 'not made';
  if (step.blocked) return `sleeps in the kernel${step.blockedIn?.wchan ? ` (${step.blockedIn.wchan})` : ''}`;
  if (step.result === null) return 'its process ended in it';
  return step.errno === null ? String(step.result) : `-1 ${step.errno}`;
}

const outputText = ({ output }: BenchStep): string => (output ? `  ${JSON.stringify(output)}` : '');

/** One step, as it is printed when it is made. */
export function stepText(step: BenchStep, notice: string, all: readonly BenchStep[]): string {
  const { text, actor, sentence } = step;
  const head = `${String(step.index + 1).padStart(3)}  ${actor}: ${text} = ${outcomeText(step)}${outputText(step)}\n`;
  const why = sentence === undefined ? '' : folded(sentence, '       ');
  const woken = step.woke
    .flatMap((index) => all[index] ?? [])
    .map((each) => `       ${each.actor} wakes: ${each.text} = ${outcomeText(each)}${outputText(each)}\n`);
  const judged = step.expectations.map(
    ({ expect, held, seen }) => `     ${held ? '+' : '-'} ${expect}${held ? '' : `   (${seen.join(', ')})`}\n`,
  );
  return head + why + woken.join('') + folded(notice, '       ') + judged.join('');
}

function failOnUnmetSteps(steps: readonly BenchStep[]): void {
  const judged = steps.flatMap(({ expectations }) => expectations);
  const unmet = judged.filter(({ held }) => !held);
  if (unmet.length === 0) return;
  const names = unmet.map(({ expect }) => expect).join('; ');
  throw new UnmetExpectation(`${unmet.length} of ${judged.length} expectations did not hold: ${names}.`);
}

export const registerWalk: Register = (program, { lab, signal }) => {
  const command = program
    .command('walk')
    .description('goes a walk: real system calls one at a time, each with what to notice and what must hold')
    .argument('<name|file>', 'a walk, as `fdscope walks` lists them, or a YAML file');
  suggestArguments(command, { values: builtInNames(walkFolder()), files: true });
  command.option('--record <file>', 'keep it as a session, which the app shows again and `fdscope export` draws');
  addJson(addOut(command)).action(async (nameOrFile: string, flags: OutputFlags & SeriesRecordFlags) => {
    checkOut(flags);
    const { name, walk, text } = await lab.bench.walkToGo(nameOrFile);
    checkOut({ out: flags.record }, '--record');
    const isText = flags.json !== true;
    if (isText) await print(`${visibleLine(walk.title)}\n${folded(walk.question, '')}\n`);
    const steps = await goWalk(walk, signal, (step, bench) => {
      const notice = walk.steps[step.walkStep ?? -1]?.notice ?? '';
      if (isText) void print(stepText(visibleTexts(step), notice, visibleTexts([...bench.steps])));
    });
    const result: WalkResult = { walk: name, title: walk.title, steps };
    await deliver(flags, result, () => '');
    if (flags.record !== undefined) {
      const facts = { name, title: walk.title, question: walk.question, text };
      tell(recordedLine(await writeBench(flags.record, { name: walk.title, steps, walk: facts })));
    }
    failOnUnmetSteps(steps);
  });
};

export const registerWalks: Register = (program, { lab }) => {
  const command = program.command('walks').description('lists the walks: system calls one at a time, explained');
  addJson(command).action(async (flags: OutputFlags) => {
    const walks = await lab.bench.listWalks();
    const entries = walks.map(({ name, origin, walk, mistakes, unavailable }) => ({
      ...{ name, origin, title: walk?.title ?? '', question: walk?.question ?? '', steps: walk?.steps.length ?? 0 },
      ...{ mistakes, ...(unavailable === undefined ? {} : { unavailable }) },
    }));
    await deliver(flags, { walks: entries }, ({ walks: shown }) => {
      const width = Math.max(...shown.map(({ name }) => name.length)) + 2;
      return shown
        .map(({ name, title, question, mistakes, unavailable }) => {
          const [mistake] = mistakes;
          const wrong = mistake && `line ${mistake.line}: ${mistake.sentence}`;
          const note = wrong ?? (unavailable === undefined ? undefined : `not available here: ${unavailable}`);
          const second = note ?? question;
          return `${name.padEnd(width)}${title}\n${folded(second, ' '.repeat(width))}`;
        })
        .join('');
    });
  });
};
