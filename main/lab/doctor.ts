/** What this machine allows, what each limit forbids, and the command that would lift it. */
import type { ModelInfo } from '../../shared/catalogue.ts';
import { noiseSentence } from '../../shared/machine-noise.ts';
import type { MachineFacts } from './doctor-facts.ts';
import type { Availability } from './engine-query.ts';
import type { MachineGlance } from './machine-noise.ts';

export interface DoctorItem {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly status: 'ok' | 'limited' | 'missing';
  /** What cannot be done here. */
  readonly forbids?: string;
  /** A command, or else what to do. */
  readonly enable?: string;
}

interface Remedy {
  readonly forbids: string;
  readonly enable: string;
}

const item = (id: string, label: string, value: string, limited?: Remedy): DoctorItem =>
  limited ? { id, label, value, status: 'limited', ...limited } : { id, label, value, status: 'ok' };

function availabilityItem(
  id: string,
  label: string,
  found: Availability | undefined,
  value: string,
  forbids: string,
): DoctorItem {
  if (found?.available) return { id, label, value: `available${value}`, status: 'ok' };
  const reason = found ? (found.reason ?? 'no reason given') : 'this engine cannot tell';
  return {
    id,
    label,
    value: `${reason.replace(/\.$/, '')}${value}`,
    status: 'missing',
    forbids,
    enable: found?.enable ?? '',
  };
}

/** Connections that the largest scenarios hold on each side, and some more. */
const wantedFds = 10_100;
const wantedPorts = 10_000;
const wantedQueue = 1024;

function fdItem({ openFilesSoft, openFilesHard }: MachineFacts): DoctorItem {
  const text = (limit: number): string => (limit === Infinity ? 'unlimited' : String(limit));
  const value = `soft ${text(openFilesSoft)}, hard ${text(openFilesHard)}`;
  const limited = {
    forbids: `more than about ${text(openFilesHard - 100)} connections a server (engines raise the soft limit themselves)`,
    enable: 'sudo prlimit --nofile=65536:65536 --pid $$',
  };
  return item('open-files', 'open files (ulimit -n)', value, openFilesHard < wantedFds ? limited : undefined);
}

function portItem({ portFirst, portLast }: MachineFacts): DoctorItem {
  const count = Math.max(0, portLast - portFirst + 1);
  return item(
    'ports',
    'ephemeral ports',
    `${portFirst} to ${portLast}: ${count} for each source address`,
    count < wantedPorts
      ? {
          forbids: `more than ${count} client connections from one address`,
          enable: 'sudo sysctl net.ipv4.ip_local_port_range="16384 65535"',
        }
      : undefined,
  );
}

function sandboxItem({ seccomp, container }: MachineFacts): DoctorItem {
  const value = `${container ?? 'no container'}, ${seccomp ? 'system calls are filtered (seccomp)' : 'no seccomp filter'}`;
  return item(
    'sandbox',
    'sandbox',
    value,
    seccomp
      ? {
          forbids: 'whatever system calls the filter refuses',
          enable: 'in Docker or Podman: --security-opt seccomp=unconfined',
        }
      : undefined,
  );
}

/**
 * It bounds handshakes that are half-way, and only where SYN cookies are off (tcp_conn_request of Linux 6.18); the accept
 * queue is bounded by listen() and somaxconn alone: with 8 here, 1,500 of 1,500 connections queued.
 */
function synBacklogItem({ synBacklog, synCookies }: MachineFacts): DoctorItem {
  return item(
    'syn-backlog',
    'net.ipv4.tcp_max_syn_backlog',
    `${synBacklog}, SYN cookies ${synCookies ? 'on, so that it limits nothing' : 'off'}`,
    synBacklog < wantedQueue && !synCookies
      ? {
          forbids: `more than some ${Math.floor(synBacklog * 0.75)} handshakes under way at once`,
          enable: 'sudo sysctl net.ipv4.tcp_syncookies=1',
        }
      : undefined,
  );
}

/** Who else uses the machine just now. */
function noiseItems({ noise, quota, throttled }: MachineGlance): DoctorItem[] {
  const percent = (share: number | null): string => (share === null ? 'not told' : `${Math.round(share * 100)}%`);
  const items: DoctorItem[] = [];
  if (noise) {
    const { othersShare, stealShare, pressureShare, runnable } = noise;
    const value = `others ${percent(othersShare)}, steal ${percent(stealShare)}, pressure ${percent(pressureShare)}, ${runnable} runnable`;
    const isBusy = noiseSentence({ ...noise, throttledPeriods: null }) !== undefined;
    const remedy = {
      forbids: 'figures of time that are the server’s own: other programs have the CPUs as well',
      enable: 'end what runs beside it (`top` lists it), and examine again',
    };
    items.push(item('noise', 'the machine’s own noise, just now', value, isBusy ? remedy : undefined));
  }
  if (quota !== undefined) {
    const held =
      throttled === undefined ? '' : `, used up ${throttled.periods} times, for ${Math.round(throttled.ms)} ms`;
    items.push(
      item('cpu-quota', 'CPU quota (cgroup)', `${Number(quota.toFixed(2))} cores${held}`, {
        forbids: `more than ${Number(quota.toFixed(2))} cores for server, clients and lab together; beyond it all of them stand still`,
        enable: 'in Docker or Podman: run without --cpus; in Kubernetes: without a CPU limit',
      }),
    );
  }
  return items;
}

/** Pure: from the facts to their meaning, in the order in which they are shown. */
export function diagnose(facts: MachineFacts, models: readonly ModelInfo[], glance?: MachineGlance): DoctorItem[] {
  const queue = (id: string, value: number, setting: string): DoctorItem =>
    item(
      id,
      setting,
      String(value),
      value < wantedQueue
        ? {
            forbids: `an accept queue longer than ${value}, so bursts of connections wait or fail`,
            enable: `sudo sysctl ${setting}=4096`,
          }
        : undefined,
    );
  const { ioUringDisabled, perfEventParanoid } = facts;
  const others = models.filter((model) => !model.available && model.id !== 'io_uring');
  return [
    item('kernel', 'kernel', facts.kernel),
    item('node', 'Node.js', facts.node),
    item(
      'cores',
      'CPUs',
      `${facts.cpus.length} (${facts.cpus.join(',')}), ${facts.cpuModel}`,
      facts.cpus.length < 2
        ? {
            forbids: "server and clients on separate CPUs: they take each other's time",
            enable: 'use a machine or container with two or more CPUs',
          }
        : undefined,
    ),
    ...(glance ? noiseItems(glance) : []),
    availabilityItem(
      'io_uring',
      'io_uring',
      facts.engine.ioUring,
      ioUringDisabled === undefined ? '' : ` (kernel.io_uring_disabled ${ioUringDisabled})`,
      'the model io_uring',
    ),
    availabilityItem(
      'perf',
      'context switch records (perf)',
      facts.engine.perfSwitchRecords,
      perfEventParanoid === undefined ? '' : ` (kernel.perf_event_paranoid ${perfEventParanoid})`,
      'exact times of context switches; their counts are still exact',
    ),
    fdItem(facts),
    portItem(facts),
    queue('somaxconn', facts.somaxconn, 'net.core.somaxconn'),
    synBacklogItem(facts),
    sandboxItem(facts),
    ...others.map((model): DoctorItem => ({
      ...{
        id: `model-${model.id}`,
        label: `model ${model.id}`,
        value: model.reason ?? 'unavailable',
        status: 'missing',
      },
      ...{ forbids: `the model ${model.id}`, enable: model.enable ?? '' },
    })),
  ];
}
