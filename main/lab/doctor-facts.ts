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
  /** What the machine itself runs in: "KVM", "a virtual machine"; undefined where it is one of its own. */
  readonly virtual: string | undefined;
  /** Processes that want a CPU or a disk, over the last minute. */
  readonly load: number | undefined;
  /** cpufreq's, of the CPUs that this process may use, each once; none where the machine has no such thing. */
  readonly governors: readonly string[];
  /** Threads and processes of this user. Infinity: unlimited. */
  readonly processes: number | undefined;
  readonly pidMax: number | undefined;
  /** Of this cgroup. */
  readonly cgroupPids: number | undefined;
  /** Least, default and most bytes of a socket's buffers. */
  readonly tcpWmem: readonly number[];
  readonly tcpRmem: readonly number[];
  readonly abortsOnOverflow: boolean | undefined;
  /** Connections that netfilter tracks; undefined where it tracks none. */
  readonly conntrack: { readonly count: number; readonly max: number } | undefined;
  readonly swapBytes: { readonly total: number; readonly used: number } | undefined;
  readonly hasIpv6: boolean;
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

const flagIn = (text: string | undefined): boolean | undefined =>
  text === undefined ? undefined : numbersIn(text)[0] !== 0;

/** Soft and hard limit of open files. Source: /proc/PID/limits. */
export function parseOpenFiles(limits: string | undefined): { soft: number; hard: number } | undefined {
  const match = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits ?? '');
  if (!match) return undefined;
  const number = (text = ''): number => (text === 'unlimited' ? Infinity : Number(text));
  return { soft: number(match[1]), hard: number(match[2]) };
}

/** Threads and processes of one user. Source: /proc/PID/limits. */
export function parseProcesses(limits: string | undefined): number | undefined {
  const soft = /^Max processes\s+(\S+)/m.exec(limits ?? '')?.[1];
  return soft === undefined ? undefined : soft === 'unlimited' ? Infinity : Number(soft);
}

/** DMI names the maker; without it only the processor's own bit tells that somebody runs below. */
function hypervisorName(read: ReadText): string | undefined {
  const maker = ['sys_vendor', 'product_name'].map((name) => read(`/sys/class/dmi/id/${name}`)?.trim() ?? '').join(' ');
  const known = /KVM|QEMU|VMware|VirtualBox|Xen|Hyper-V|Amazon EC2|Google|Microsoft|Parallels|Bochs/i.exec(maker)?.[0];
  if (known !== undefined) return known;
  const type = read('/sys/hypervisor/type')?.trim();
  if (type) return type;
  return /^flags\s*:.*\bhypervisor\b/m.test(read('/proc/cpuinfo') ?? '') ? 'a virtual machine' : undefined;
}

function swapOf(meminfo: string | undefined): MachineFacts['swapBytes'] {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo ?? '')?.[1]) * 1024;
  const [total, free] = [kib('SwapTotal'), kib('SwapFree')];
  return Number.isNaN(total) ? undefined : { total, used: total - free };
}

function cgroupPidsOf(read: ReadText): number | undefined {
  const own = /^0::(\S*)/m.exec(read('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  const text = read(`/sys/fs/cgroup${own}/pids.max`) ?? read('/sys/fs/cgroup/pids/pids.max');
  const value = Number(text);
  return text === undefined || text.trim() === 'max' || Number.isNaN(value) ? undefined : value;
}

function conntrackOf(read: ReadText): MachineFacts['conntrack'] {
  const [count] = numbersIn(read('/proc/sys/net/netfilter/nf_conntrack_count'));
  const [max] = numbersIn(read('/proc/sys/net/netfilter/nf_conntrack_max'));
  return count === undefined || max === undefined ? undefined : { count, max };
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
    virtual: hypervisorName(read),
    load: numbersIn(read('/proc/loadavg')?.split(' ')[0])[0],
    governors: [
      ...new Set(
        allowedCpus(status).flatMap(
          (cpu) => read(`/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_governor`)?.trim() ?? [],
        ),
      ),
    ],
    processes: parseProcesses(read(`/proc/${process.ppid}/limits`) ?? read('/proc/self/limits')),
    pidMax: numbersIn(read('/proc/sys/kernel/pid_max'))[0],
    cgroupPids: cgroupPidsOf(read),
    tcpWmem: numbersIn(read('/proc/sys/net/ipv4/tcp_wmem')),
    tcpRmem: numbersIn(read('/proc/sys/net/ipv4/tcp_rmem')),
    abortsOnOverflow: flagIn(read('/proc/sys/net/ipv4/tcp_abort_on_overflow')),
    conntrack: conntrackOf(read),
    swapBytes: swapOf(read('/proc/meminfo')),
    hasIpv6: /^0{31}1 /m.test(read('/proc/net/if_inet6') ?? ''),
  };
}

export const machineFacts = async (): Promise<MachineFacts> => readFacts(await askEngineDoctor());
