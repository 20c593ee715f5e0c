/** The programs that belong to an app, as /proc tells of them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Program {
  readonly pid: number;
  readonly parent: number;
  /** Absolute path of what it runs; empty where that cannot be read. */
  readonly program: string;
  readonly command: string;
}

function programOf(pid: number): Program | undefined {
  try {
    // The name, which comes before, can hold any sign.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(parent), program: linkOf(`/proc/${pid}/exe`), command };
  } catch {
    return undefined; // it has ended
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

export const allPrograms = (): Program[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => programOf(Number(name)) ?? []);

/** All that were started by it and live, however far down; without itself. */
export function programsUnder(pid: number, all = allPrograms()): Program[] {
  const children = all.filter(({ parent }) => parent === pid);
  return children.flatMap((child) => [child, ...programsUnder(child.pid, all)]);
}

/** Of these processes, those that still live. A number may have been given to another program since. */
export const stillThere = (programs: readonly Program[]): Program[] => {
  const now = new Map(allPrograms().map((program) => [program.pid, program]));
  return programs.filter(({ pid, command }) => now.get(pid)?.command === command);
};
