/** The command line as other programs meet it: a process with arguments, two streams and an exit code. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processTree } from '../../main/lab/external/proc.ts';
import { root } from '../support/engines.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  /** Text of a stream so far matches; resolves to the match, rejects where the process ends before. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ran>;
}

/** Starts `fdscope ARGS` with pipes for its streams; by a program that becomes it, where one is given. */
export function startCli(args: readonly string[], env: NodeJS.ProcessEnv = {}, by: readonly string[] = []): Started {
  const [program = process.execPath, ...all] = [...by, process.execPath, join(root, 'main/cli/bin.mjs'), ...args];
  const child = spawn(program, all, {
    cwd: root,
    // What people are told is as in a terminal of today, whatever the machine of the test has.
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      text[name] += chunk.toString();
      for (const look of watchers) look();
    });
  }
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    until: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(text[stream]);
          if (!match) return;
          watchers.delete(look);
          resolve(match);
        };
        watchers.add(look);
        look();
        void ended.then(({ code, stderr }) =>
          reject(new Error(`fdscope ended with ${code} before ${String(pattern)}: ${stderr}`)),
        );
      }),
  };
}

/** Runs `fdscope ARGS` to its end. */
export const runCli = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran> => startCli(args, env).ended;

/** The run of a result that has one. */
export function onlyRun(json: string): Record<string, unknown> {
  const { version, runs } = JSON.parse(json) as { version: unknown; runs: readonly Record<string, unknown>[] };
  const [run, ...more] = runs;
  if (version !== 1 || run === undefined || more.length > 0) throw new Error(`not one run: ${json.slice(0, 200)}`);
  return run;
}

/** A folder that is gone afterwards. */
export async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-cli-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether this command line has an engine of the mode at work. */
export const hasEngine = (pid: number, mode: string): boolean =>
  processTree(pid).some((child) => {
    try {
      // A child that has just been forked has its parent's words until it becomes another program.
      const [program = '', given] = readFileSync(`/proc/${child}/cmdline`, 'utf8').split('\0');
      return program.endsWith('fdscope-engine') && given === mode;
    } catch {
      return false; // it has gone meanwhile
    }
  });

/** Whether a run of this command line is under way: its load engine is there. */
export const hasClients = (pid: number): boolean => hasEngine(pid, 'load');
