/** A desktop app in the midst of its work, and what must be of it when it has ended. */
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCli } from '../../cli/command-line.ts';
import type { Desktop } from './app.ts';
import { programsUnder, stillThere, type Program } from './processes.ts';

/** Runs a lab and records it, as it is when the end comes. Resolves to its own process, and all that it has started. */
export async function atWork(desktop: Desktop, model: string): Promise<{ main: Program; others: Program[] }> {
  const { page } = desktop;
  await desktop.isReady();
  await desktop.choose('Lab', 'Run, or stop');
  await desktop.isReady('Running');
  // A window that is opened again has its models as they were, with their figures or folded to a rail.
  await page.locator('#models').waitFor();
  if (await page.locator('.bank-rail').isVisible()) await page.keyboard.press('l');
  await page.getByRole('button', { name: model, exact: true }).click();
  await page.locator('.channel.serving').getByRole('button', { name: model, exact: true }).waitFor();
  await desktop.choose('Sessions', 'Record the run, or stop recording');
  await page.getByRole('button', { name: 'Recording', exact: true }).waitFor();
  const all = programsUnder(desktop.pid).concat(programsUnder(process.pid).filter(({ pid }) => pid === desktop.pid));
  const main = all.find(({ command }) => command.includes('--user-data-dir') && !command.includes('--type='));
  if (!main) throw new Error('The app has no process of its own.');
  expect(all.some(({ command }) => /fdscope-engine|node-server/.test(command))).toBe(true);
  return { main, others: all };
}

/** Every session that is there can be read. */
export async function expectWholeSessions(desktop: Desktop, count: number): Promise<void> {
  const folder = desktop.home.path('.local/share/fdscope/sessions');
  const files = readdirSync(folder).filter((name) => !['exports', '.trash'].includes(name));
  expect(files).toHaveLength(count);
  for (const file of files) {
    const { code, stderr } = await runCli(['info', join(folder, file)]);
    expect([file, code, stderr]).toEqual([file, 0, '']);
  }
}

export const gone = async (programs: readonly Program[]): Promise<void> => {
  await expect.poll(() => stillThere(programs)).toEqual([]);
};

/** Numbers of the sockets that these programs have open, as /proc/net tells of them. */
export const socketsOf = (programs: readonly Program[]): string[] =>
  programs.flatMap(({ pid }) => {
    try {
      const folder = `/proc/${pid}/fd`;
      return readdirSync(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, fd)))?.[1] ?? []);
    } catch {
      return []; // it has ended, or closed one meanwhile
    }
  });
