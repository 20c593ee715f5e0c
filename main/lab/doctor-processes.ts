/** What bounds descriptors, threads and memory. */
import type { MachineFacts } from './doctor-facts.ts';
import { item, type DoctorItem } from './doctor-item.ts';

/** Connections that the largest scenarios hold on each side, and some more. */
const wantedFds = 10_100;
/** A thread, or a process, for each of a thousand connections, beside the engines' own. */
const wantedThreads = 1_200;

const limitText = (limit: number): string => (limit === Infinity ? 'unlimited' : String(limit));

function fdItem({ openFilesSoft, openFilesHard }: MachineFacts): DoctorItem {
  return item(
    {
      ...{ id: 'open-files', label: 'open files (ulimit -n)' },
      value: `soft ${limitText(openFilesSoft)}, hard ${limitText(openFilesHard)}`,
      meaning: `Each connection is a descriptor on either side; engines raise their soft limit to the hard one themselves.`,
    },
    openFilesHard < wantedFds
      ? {
          forbids: `more than about ${limitText(openFilesHard - 100)} connections a server (engines raise the soft limit themselves)`,
          enable: 'sudo prlimit --nofile=65536:65536 --pid $$',
        }
      : undefined,
  );
}

const threadsRemedy = (limit: number, enable: string): { forbids: string; enable: string } | undefined =>
  limit < wantedThreads
    ? {
        forbids: `more than some ${limit} threads or processes, and so blocking-threads and blocking-fork with as many clients`,
        enable,
      }
    : undefined;

function threadItems({ processes, pidMax, cgroupPids }: MachineFacts): DoctorItem[] {
  const meaning = 'Models with a thread or a process for each connection need one for each client.';
  return [
    ...(processes === undefined
      ? []
      : [
          item(
            {
              id: 'processes',
              label: 'processes and threads of this user (ulimit -u)',
              value: limitText(processes),
              meaning,
            },
            threadsRemedy(processes, 'sudo prlimit --nproc=65536:65536 --pid $$'),
          ),
        ]),
    ...(pidMax === undefined
      ? []
      : [
          item(
            {
              ...{ id: 'pid-max', label: 'kernel.pid_max', value: String(pidMax) },
              meaning: 'All threads of the whole machine together have no more numbers than that.',
            },
            threadsRemedy(pidMax, 'sudo sysctl kernel.pid_max=4194304'),
          ),
        ]),
    item(
      {
        ...{ id: 'cgroup-pids', label: 'threads of this cgroup (pids.max)' },
        value: cgroupPids === undefined ? 'no limit' : String(cgroupPids),
        meaning: 'It holds for lab, servers and clients together, and whatever else runs in the container.',
      },
      cgroupPids === undefined ? undefined : threadsRemedy(cgroupPids, 'in Docker or Podman: --pids-limit=-1'),
    ),
  ];
}

function swapItem({ swapBytes }: MachineFacts): DoctorItem[] {
  if (!swapBytes) return [];
  const mib = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MiB`;
  const { total, used } = swapBytes;
  if (total === 0) {
    return [
      item({
        ...{ id: 'swap', label: 'swap', value: 'none' },
        meaning: 'No page waits for a disk; who takes more memory than there is, is ended.',
      }),
    ];
  }
  // What lies there may be of programs that sleep: a tenth in use is common, and no harm.
  const isUsed = used > total / 10;
  return [
    item(
      {
        ...{ id: 'swap', label: 'swap', value: `${mib(used)} of ${mib(total)} used` },
        meaning: isUsed
          ? 'Memory was short: pages that come back from a disk make latencies of milliseconds.'
          : 'Memory is not short, so that no figure waits for a disk.',
      },
      isUsed
        ? {
            forbids: 'long latencies that are surely the server’s own',
            enable: 'end what needs the memory, then: sudo swapoff -a && sudo swapon -a',
          }
        : undefined,
    ),
  ];
}

export const processItems = (facts: MachineFacts): DoctorItem[] => [
  fdItem(facts),
  ...threadItems(facts),
  ...swapItem(facts),
];
