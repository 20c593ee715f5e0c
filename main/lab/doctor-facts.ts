/** What the kernel says of this machine. Sources are the files under /proc that each fact names. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { allowedCpus } from './cores.ts';
import { askEngineDoctor, type EngineDoctor } from './engine-query.ts';

export interface MachineFacts {
  readonly kernel: string;
  readonly node: string;
  readonly cpuModel: string;
  /** CPUs that this process may use. */
  readonly cpus: readonly number[];
  readonly engine: EngineDoctor;
  /** kernel.io_uring_disabled; undefined before Linux 6.6. */
  readonly ioUringDisabled: number | undefined;
  readonly perfEventParanoid: number | undefined;
  /** Of the program that started this one, as Node raises its own soft limit. Infinity: unlimited. */
  readonly openFilesSoft: number;
  readonly openFilesHard: number;
  readonly portFirst: number;
  readonly portLast: number;
  readonly somaxconn: number;
  readonly synBacklog: number;
  readonly synCookies: boolean;
  readonly seccomp: boolean;
  readonly container: string | undefined;
}

/** Reads a file of /proc or /sys, or undefined where it is not there or not for us. */
export type ReadText = (path: string) => string | undefined;

export const readProc: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** Numbers of a one-line file such as those under /proc/sys. */
const numbersIn = (text: string | undefined): number[] => (text ?? '').trim().split(/\s+/).filter(Boolean).map(Number);

/** Soft and hard limit of open files. Source: /proc/PID/limits. */
export function parseOpenFiles(limits: string | undefined): { soft: number; hard: number } | undefined {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits ?? '');
  if (!match) return undefined;
  const number = (text = ''): number => (text === 'unlimited' ? Infinity : Number(text));
  return { soft: number(match[1]), hard: number(match[2]) };
}

function containerName(read: ReadText): string | undefined {
  if (existsSync('/.dockerenv')) return 'Docker';
  if (existsSync('/run/.containerenv')) return 'Podman';
  return /(docker|kubepods|lxc|containerd)/.exec(read('/proc/1/cgroup') ?? '')?.[1];
}

/** Everything but the engine's part, so that tests can hand in texts. */
export function readFacts(engine: EngineDoctor, read: ReadText = readProc): MachineFacts {
  const openFiles = parseOpenFiles(read(`/proc/${process.ppid}/limits`)) ??
    parseOpenFiles(read('/proc/self/limits')) ?? { soft: 0, hard: 0 };
  const [portFirst = 0, portLast = 0] = numbersIn(read('/proc/sys/net/ipv4/ip_local_port_range'));
  const status = read('/proc/self/status') ?? '';
  return {
    kernel: release(),
    node: process.version,
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: allowedCpus(status),
    engine,
    ioUringDisabled: numbersIn(read('/proc/sys/kernel/io_uring_disabled'))[0],
    perfEventParanoid: numbersIn(read('/proc/sys/kernel/perf_event_paranoid'))[0],
    openFilesSoft: openFiles.soft,
    openFilesHard: openFiles.hard,
    portFirst,
    portLast,
    somaxconn: numbersIn(read('/proc/sys/net/core/somaxconn'))[0] ?? 0,
    synBacklog: numbersIn(read('/proc/sys/net/ipv4/tcp_max_syn_backlog'))[0] ?? 0,
    synCookies: numbersIn(read('/proc/sys/net/ipv4/tcp_syncookies'))[0] !== 0,
    seccomp: /^Seccomp:\s*2/m.test(status),
    container: containerName(read),
  };
}

export const machineFacts = async (): Promise<MachineFacts> => readFacts(await askEngineDoctor());
