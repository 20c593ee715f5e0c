/** `fdscope switch-cost`: what it costs to hand control over, by a kernel thread or by a coroutine. */
import type { SwitchCost } from '../../../shared/switch-cost.ts';
import { LabError } from '../../lab/errors.ts';
import type { Register } from '../command.ts';
import { addJson, addMarkdown, addNumber, addOut, type OutputFlags } from '../options.ts';
import { checkFormat, checkOut, deliver } from '../output.ts';
import { tableOf, type Page } from '../table.ts';

interface SwitchCostFlags extends OutputFlags {
  readonly rounds?: number;
}

const defaultRounds = 15;
const mostRounds = 1000;

/** Three digits are more than the spread warrants. */
const nanoseconds = (value: number): string => (value < 100 ? value.toPrecision(2) : value.toFixed(0));

export function switchCostText({ rounds, cpus, switches }: SwitchCost): Page {
  const table = tableOf(['one way', 'median ns', 'middle half', 'range', 'kernel switches, there and back']);
  for (const way of switches) {
    if (!way.available) {
      table.push([way.label, { colSpan: 4, content: `not available here: ${way.reason}` }]);
      continue;
    }
    const { min, p25, median, p75, max } = way.ns;
    const between = (low: number, high: number): string => `${nanoseconds(low)} – ${nanoseconds(high)}`;
    table.push([way.label, nanoseconds(median), between(p25, p75), between(min, max), way.kernelSwitches.toFixed(2)]);
  }
  const where = cpus.length > 1 ? `on CPUs ${cpus.join(' and ')}` : `on CPU ${cpus.join()}`;
  return [
    table,
    `${rounds} rounds ${where}, all ways in turn. Times are elapsed times: other programs on these cores add to them.`,
    "Across cores it is the wake-up of a thread on another core, and mostly the end of that core's idling.\n",
  ];
}

export const registerSwitchCost: Register = (program, { lab, signal }) => {
  const command = program
    .command('switch-cost')
    .description('nanoseconds for a switch: kernel threads, processes, coroutines with and without stacks, ucontext');
  addNumber(command, '-r, --rounds', `measurements of each; by default ${defaultRounds}`);
  addJson(addMarkdown(addOut(command))).action(async (flags: SwitchCostFlags) => {
    checkFormat(flags);
    checkOut(flags);
    const rounds = flags.rounds ?? defaultRounds;
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > mostRounds) {
      throw new LabError('bad-input', `--rounds must be a whole number from 1 to ${mostRounds}, not ${rounds}.`);
    }
    const cost = await lab.switchCost(rounds, signal);
    await deliver(flags, cost, switchCostText);
  });
};
