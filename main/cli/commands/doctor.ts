/** `fdscope doctor`: what this machine allows, what that forbids, and what would enable it. */
import type { DoctorItem } from '../../lab/doctor.ts';
import type { Register } from '../command.ts';
import { folded } from '../fold.ts';
import { addJson, type OutputFlags } from '../options.ts';
import { deliver } from '../output.ts';

export function doctorText(items: readonly DoctorItem[]): string {
  const width = Math.max(...items.map(({ label }) => label.length)) + 2;
  return items
    .map(({ status, label, value, meaning, forbids, enable }) => {
      const indent = ' '.repeat(9);
      const consequence = forbids ? folded(`forbids ${forbids}`, indent) : '';
      const remedy = enable ? `${indent}to change it: ${enable}\n` : '';
      return `${status.padEnd(9)}${label.padEnd(width)}${value}\n${folded(meaning, indent)}${consequence}${remedy}`;
    })
    .join('');
}

export const registerDoctor: Register = (program, { lab }) => {
  const command = program.command('doctor').description('what this machine allows, and what would enable the rest');
  addJson(command).action(async (flags: OutputFlags) => {
    const items = await lab.doctor();
    await deliver(flags, { items }, (shown) => doctorText(shown.items));
  });
};
