/** The load engine, run alone: one JSON object with its totals at the end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { engine } from './engines.ts';

export interface LoadTotals {
  readonly code: number | null;
  readonly stderr: string;
  /** Counters by their name on the wire. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Runs `load` with the settings given until it ends by itself. */
export async function runLoad(settings: Readonly<Record<string, unknown>>): Promise<LoadTotals> {
  const child = spawn(engine, ['load', '--config', JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`The load engine ended with code ${code} and no totals: ${stderr}`);
  return { code, stderr, counters: JSON.parse(last) as Record<string, number> };
}

/** The errors that occurred, by kind. */
export function errorsOf({ counters }: LoadTotals): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([name, count]) => /^error[A-Z]/.test(name) && count > 0));
}
