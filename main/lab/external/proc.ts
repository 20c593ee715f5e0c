/** What /proc says of processes and their threads. A process that has gone meanwhile reads as undefined. */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

/** Ticks of CPU times in /proc, 100 a second on every Linux that Node runs on: a resolution of 10 ms. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** ENOENT and ESRCH mean that it has gone; anything else is the caller's to know. */
function orGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

export interface ProcessStat {
  readonly name: string;
  readonly state: string;
  readonly parent: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** Of children that have ended and were waited for. */
  readonly childUserSeconds: number;
  readonly childSystemSeconds: number;
  readonly threads: number;
  readonly rssBytes: number;
}

/** The line of /proc/PID/stat; the name stands in brackets and may hold blanks and brackets itself. */
export function parseStat(text: string): ProcessStat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  // proc(5) counts from 1 and has pid and name before the state.
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    parent: field(4),
    userSeconds: field(14) / ticksPerSecond,
    systemSeconds: field(15) / ticksPerSecond,
    childUserSeconds: field(16) / ticksPerSecond,
    childSystemSeconds: field(17) / ticksPerSecond,
    threads: field(20),
    rssBytes: field(24) * pageBytes,
  };
}

export const readStat = (pid: number): ProcessStat | undefined =>
  orGone(() => parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1')));

export interface TaskStat {
  readonly name: string;
  readonly cpuSeconds: number;
  readonly voluntarySwitches: number;
  readonly involuntarySwitches: number;
}

export function readTask(pid: number, tid: number): TaskStat | undefined {
  return orGone(() => {
    const { name, userSeconds, systemSeconds } = parseStat(readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1'));
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
    const count = (kind: string): number =>
      Number(new RegExp(`^${kind}_ctxt_switches:\\s*(\\d+)`, 'm').exec(status)?.[1]);
    return {
      ...{ name, cpuSeconds: userSeconds + systemSeconds },
      ...{ voluntarySwitches: count('voluntary'), involuntarySwitches: count('nonvoluntary') },
    };
  });
}

export const taskIds = (pid: number): number[] => (orGone(() => readdirSync(`/proc/${pid}/task`)) ?? []).map(Number);

/** The process and all that came of it, the eldest first. */
export function processTree(root: number): number[] {
  const tree = [root];
  for (const pid of tree) {
    for (const tid of taskIds(pid)) {
      const children = orGone(() => readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1')) ?? '';
      tree.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return tree;
}

/** Open descriptors; undefined where the process has gone or is somebody else's. */
export function countFds(pid: number): number | undefined {
  try {
    // Since Linux 6.2 the size of the folder is their number; before, it is 0.
    return statSync(`/proc/${pid}/fd`).size || readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

/** Inodes of its sockets. Throws where the process is somebody else's (EACCES). */
export function socketInodes(pid: number): Set<string> {
  const inodes = new Set<string>();
  for (const fd of orGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    const link = orGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const inode = /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

export interface Listener {
  readonly host: string;
  readonly inode: string;
}

const listenState = '0A';

/** "0100007F" into "127.0.0.1": the kernel prints each 32-bit word as this machine's (little-endian) number. */
export function parseHexAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  if (words.every((word) => word === 0)) return '::';
  if (words.slice(0, 7).every((word) => word === 0)) return `::${(words[7] ?? 0).toString(16)}`;
  return words.map((word) => word.toString(16)).join(':');
}

/** Sockets that listen on a port, of one of the tables /proc/net/tcp and tcp6. */
export function parseListeners(table: string, port: number): Listener[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const [address = '', hexPort = ''] = local.split(':');
      return state === listenState && parseInt(hexPort, 16) === port ? [{ host: parseHexAddress(address), inode }] : [];
    });
}

export const listenersOn = (port: number): Listener[] =>
  ['tcp', 'tcp6'].flatMap((name) =>
    parseListeners(orGone(() => readFileSync(`/proc/net/${name}`, 'latin1')) ?? '', port),
  );
