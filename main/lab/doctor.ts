/** What this machine allows, what each limit forbids, and the command that would lift it. */
import type { ModelInfo } from '../../shared/catalogue.ts';
import { noiseSentence } from '../../shared/machine-noise.ts';
import { engineText, fullVersion } from './about.ts';
import type { MachineFacts } from './doctor-facts.ts';
import { item, type DoctorItem } from './doctor-item.ts';
import { networkItems } from './doctor-network.ts';
import { processItems } from './doctor-processes.ts';
import type { Availability } from './engine-query.ts';
import type { MachineGlance } from './machine-noise.ts';

export type { DoctorItem } from './doctor-item.ts';

interface Found {
  readonly id: string;
  readonly label: string;
  readonly meaning: string;
  /** Behind the value. */
  readonly more: string;
  readonly forbids: string;
}

function availabilityItem({ more, forbids, ...about }: Found, found: Availability | undefined): DoctorItem {
  if (found?.available) return { ...about, value: `available${more}`, status: 'ok' };
  const reason = (found ? (found.reason ?? 'no reason given') : 'this engine cannot tell').replace(/\.$/, '');
  return { ...about, value: `${reason}${more}`, status: 'missing', forbids, enable: found?.enable ?? '' };
}

/** Who else uses the machine just now. */
function noiseItem({ noise }: MachineGlance): DoctorItem[] {
  if (!noise) return [];
  const percent = (share: number | null): string => (share === null ? 'not told' : `${Math.round(share * 100)}%`);
  const { othersShare, stealShare, pressureShare, runnable } = noise;
  const isBusy = noiseSentence({ ...noise, throttledPeriods: null }) !== undefined;
  const meaning = isBusy
    ? 'Figures of time are partly those of other programs or of the host; counts are right all the same.'
    : 'Figures of time are the server’s own, as far as one can see just now.';
  return [
    item(
      {
        ...{ id: 'noise', label: 'the machine’s own noise, just now', meaning },
        value: `others ${percent(othersShare)}, steal ${percent(stealShare)}, pressure ${percent(pressureShare)}, ${runnable} runnable`,
      },
      isBusy
        ? {
            forbids: 'figures of time that are the server’s own: other programs have the CPUs as well',
            enable: 'end what runs beside it (`top` lists it), and examine again',
          }
        : undefined,
    ),
  ];
}

function quotaItem({ quota, throttled }: MachineGlance): DoctorItem {
  const about = { id: 'cpu-quota', label: 'CPU quota (cgroup)' };
  if (quota === undefined) {
    return item({ ...about, value: 'none', meaning: 'Nothing stops server and clients but the CPUs themselves.' });
  }
  const cores = Number(quota.toFixed(2));
  const held =
    throttled === undefined ? '' : `, used up ${throttled.periods} times, for ${Math.round(throttled.ms)} ms`;
  return item(
    {
      ...about,
      value: `${cores} cores${held}`,
      meaning: 'Where it is used up, everything stands still until the next 100 ms begin.',
    },
    {
      forbids: `more than ${cores} cores for server, clients and lab together; beyond it all of them stand still`,
      enable: 'in Docker or Podman: run without --cpus; in Kubernetes: without a CPU limit',
    },
  );
}

function loadItem({ load, cpus }: MachineFacts): DoctorItem[] {
  if (load === undefined) return [];
  const isHigh = load > cpus.length;
  const about = { id: 'load', label: 'load average, one minute', value: `${load} on ${cpus.length} CPUs` };
  return isHigh
    ? [
        item(
          { ...about, meaning: 'More wanted to run than there are CPUs, on average over the last minute.' },
          {
            forbids: 'times and rates that can be compared with those of a quiet hour',
            enable: 'wait until it is below the number of CPUs, and examine again',
          },
        ),
      ]
    : [item({ ...about, meaning: 'There were CPUs to spare over the last minute.' })];
}

function governorItem({ governors }: MachineFacts): DoctorItem {
  const about = { id: 'governor', label: 'CPU frequency governor' };
  if (governors.length === 0) {
    return item({
      ...about,
      value: 'none',
      meaning: 'The frequency is not chosen in here: the processor or the host chooses it.',
    });
  }
  const value = governors.join(', ');
  if (governors.every((each) => each === 'performance')) {
    return item({
      ...about,
      value,
      meaning: 'The frequency does not follow the load, so that light and heavy runs compare.',
    });
  }
  return item(
    {
      ...about,
      value,
      meaning: 'The frequency follows the load: a light run may show a larger cost for each request.',
    },
    {
      forbids: 'CPU time for each request that compares between light and heavy load',
      enable: 'sudo cpupower frequency-set -g performance',
    },
  );
}

function sandboxItems({ seccomp, container, virtual }: MachineFacts): DoctorItem[] {
  return [
    item({
      ...{ id: 'virtual', label: 'kind of machine', value: virtual ?? 'a machine of its own' },
      meaning:
        virtual === undefined
          ? 'Nothing below the kernel takes time unseen.'
          : 'The host may take CPU time away: that is steal, which every result names; hardware counters may be missing.',
    }),
    item(
      {
        ...{ id: 'sandbox', label: 'sandbox' },
        value: `${container ?? 'no container'}, ${seccomp ? 'system calls are filtered (seccomp)' : 'no seccomp filter'}`,
        meaning: seccomp
          ? 'A call that the filter refuses fails here although the kernel has it.'
          : container === undefined
            ? 'The kernel alone decides what may be called.'
            : 'The kernel alone decides what may be called; limits of the container hold for all of it together.',
      },
      seccomp
        ? {
            forbids: 'whatever system calls the filter refuses',
            enable: 'in Docker or Podman: --security-opt seccomp=unconfined',
          }
        : undefined,
    ),
  ];
}

function coresItem({ cpus, cpuModel }: MachineFacts): DoctorItem {
  const about = { id: 'cores', label: 'CPUs', value: `${cpus.length} (${cpus.join(',')}), ${cpuModel}` };
  if (cpus.length >= 2) return item({ ...about, meaning: 'Server and clients run on CPUs of their own.' });
  return item(
    { ...about, meaning: 'Server and clients share one CPU, and every figure of time is of both.' },
    {
      forbids: "server and clients on separate CPUs: they take each other's time",
      enable: 'use a machine or container with two or more CPUs',
    },
  );
}

/** What is examined: the same words as in `fdscope --version` and Help > About. */
export const ownItems = (): DoctorItem[] => [
  item({ id: 'fdscope', label: 'fdscope', value: fullVersion(), meaning: 'What to name when you report something.' }),
  item({
    id: 'engine',
    label: 'engine',
    value: engineText(),
    meaning: 'The program that serves and that drives clients, and the first digits of its checksum.',
  }),
];

/** Pure: from the facts to their meaning, in the order in which they are shown. */
export function diagnose(facts: MachineFacts, models: readonly ModelInfo[], glance?: MachineGlance): DoctorItem[] {
  const { ioUringDisabled, perfEventParanoid, engine } = facts;
  const others = models.filter((model) => !model.available && model.id !== 'io_uring');
  return [
    item({
      ...{ id: 'kernel', label: 'kernel', value: facts.kernel },
      meaning: 'System calls, queues and switches are this kernel’s; another one may answer otherwise.',
    }),
    item({
      ...{ id: 'node', label: 'Node.js', value: facts.node },
      meaning: 'It runs the lab, and is what the model node measures.',
    }),
    coresItem(facts),
    ...(glance ? [...noiseItem(glance), quotaItem(glance)] : []),
    ...loadItem(facts),
    governorItem(facts),
    availabilityItem(
      {
        ...{ id: 'io_uring', label: 'io_uring', forbids: 'the model io_uring' },
        more: ioUringDisabled === undefined ? '' : ` (kernel.io_uring_disabled ${ioUringDisabled})`,
        meaning: 'The model io_uring, where the kernel itself does the work of read and write, needs it.',
      },
      engine.ioUring,
    ),
    availabilityItem(
      {
        ...{ id: 'perf', label: 'context switch records (perf)' },
        more: perfEventParanoid === undefined ? '' : ` (kernel.perf_event_paranoid ${perfEventParanoid})`,
        meaning: 'With them the thread timeline has each switch at its time, and whether it was preempted.',
        forbids: 'exact times of context switches; their counts are still exact',
      },
      engine.perfSwitchRecords,
    ),
    availabilityItem(
      {
        ...{ id: 'tls', label: 'TLS for clients (OpenSSL)' },
        more: engine.tls?.available ? ` (${engine.tls.version})` : '',
        meaning: 'Clients ask targets that begin with https:// by the system’s own OpenSSL.',
        forbids: 'targets that begin with https://',
      },
      engine.tls,
    ),
    ...processItems(facts),
    ...networkItems(facts),
    ...sandboxItems(facts),
    ...others.map((model): DoctorItem => ({
      ...{
        id: `model-${model.id}`,
        label: `model ${model.id}`,
        value: model.reason ?? 'unavailable',
        status: 'missing',
      },
      meaning: 'It cannot be run, nor compared with others.',
      ...{ forbids: `the model ${model.id}`, enable: model.enable ?? '' },
    })),
  ];
}
