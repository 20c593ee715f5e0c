/** The independent tools that the lab's figures are held against. */
import { execFile, spawnSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';
import { it } from 'vitest';

// sbin is not on every user's path.
const env = { ...process.env, PATH: [process.env.PATH ?? '', '/usr/sbin', '/sbin'].join(delimiter) };

export const isInstalled = (tool: string): boolean => spawnSync('which', [tool], { env }).status === 0;

/** A test that needs a tool; skipped with that reason where it is not installed. */
export function itWith(tool: string, name: string, run: () => Promise<void>): void {
  if (isInstalled(tool)) it(name, run);
  else it.skip(`${name} — skipped: ${tool} is not installed`);
}

/** Runs a tool to its end and returns what it printed; an error where it fails. */
export async function output(tool: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(tool, args, { env, maxBuffer: 16 << 20 });
  return stdout;
}

export const toolEnvironment = env;
