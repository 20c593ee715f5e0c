/** What /proc says about a process and its children: the same instrument for our servers and for everybody else's. */
import { readFileSync, readdirSync } from 'node:fs';

/** CPU time and context switches of a process with all of its threads and live children, since each began. */
export interface ProcessUsage {
  /** User and system time, in seconds, in steps of a clock tick (10 ms). */
  readonly cpuSeconds: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

/** Clock ticks a second in /proc/PID/stat; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it ended between two looks
  }
}

/** Fields of /proc/PID/stat behind the command name, which may itself hold spaces. Field 3 of proc(5) is index 0. */
function statFields(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function withDescendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = statFields(Number(name))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Source: /proc/PID/stat (utime, stime, cutime, cstime) and /proc/PID/task/TID/status of the whole family. */
export function processUsage(pid: number): ProcessUsage {
  let ticks = 0;
  let voluntarySwitches = 0;
  let involuntarySwitches = 0;
  for (const member of withDescendants(pid)) {
    const fields = statFields(member);
    if (!fields) continue;
    // utime, stime, cutime and cstime are fields 14 to 17.
    for (const field of fields.slice(11, 15)) ticks += Number(field);
    for (const task of tasksOf(member)) {
      const status = read(`/proc/${member}/task/${task}/status`) ?? '';
      voluntarySwitches += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      involuntarySwitches += Number(/^nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    }
  }
  return { cpuSeconds: ticks / ticksPerSecond, voluntarySwitches, involuntarySwitches };
}

export function usageBetween(before: ProcessUsage, after: ProcessUsage): ProcessUsage {
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    voluntarySwitches: after.voluntarySwitches - before.voluntarySwitches,
    involuntarySwitches: after.involuntarySwitches - before.involuntarySwitches,
  };
}
