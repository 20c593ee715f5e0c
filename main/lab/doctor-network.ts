/** What bounds connections, their queues and their buffers. */
import type { MachineFacts } from './doctor-facts.ts';
import { item, type DoctorItem } from './doctor-item.ts';

const wantedPorts = 10_000;
const wantedQueue = 1024;
/** Connections that the largest scenarios have, and those that linger in TIME_WAIT behind them. */
const wantedTracked = 65_536;

function portItem({ portFirst, portLast }: MachineFacts): DoctorItem {
  const count = Math.max(0, portLast - portFirst + 1);
  return item(
    {
      ...{ id: 'ports', label: 'ephemeral ports' },
      value: `${portFirst} to ${portLast}: ${count} for each source address`,
      meaning:
        'Clients take more source addresses of 127.0.0.0/8 where one has too few ports; to an address elsewhere they have this one.',
    },
    count < wantedPorts
      ? {
          forbids: `more than ${count} client connections from one address`,
          enable: 'sudo sysctl net.ipv4.ip_local_port_range="16384 65535"',
        }
      : undefined,
  );
}

/** `sk_acceptq_is_full` of Linux 6.18 is "more than the backlog", and listen() takes somaxconn for a larger backlog. */
function acceptQueueItem({ somaxconn }: MachineFacts): DoctorItem {
  return item(
    {
      ...{ id: 'somaxconn', label: 'net.core.somaxconn', value: String(somaxconn) },
      meaning: `An accept queue holds ${somaxconn + 1} connections at most, whatever backlog a server asks for; nothing else bounds it.`,
    },
    somaxconn < wantedQueue
      ? {
          forbids: `an accept queue longer than ${somaxconn + 1}, so bursts of connections wait or fail`,
          enable: 'sudo sysctl net.core.somaxconn=4096',
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
    {
      ...{ id: 'syn-backlog', label: 'net.ipv4.tcp_max_syn_backlog' },
      value: `${synBacklog}, SYN cookies ${synCookies ? 'on, so that it limits nothing' : 'off'}`,
      meaning: synCookies
        ? 'It says nothing about accept queues, and handshakes beyond it go on by cookie.'
        : 'It says nothing about accept queues; handshakes that are half-way are refused beyond some three quarters of it.',
    },
    synBacklog < wantedQueue && !synCookies
      ? {
          forbids: `more than some ${Math.floor(synBacklog * 0.75)} handshakes under way at once`,
          enable: 'sudo sysctl net.ipv4.tcp_syncookies=1',
        }
      : undefined,
  );
}

const bytes = (value: number): string =>
  value >= 1_048_576 ? `${Number((value / 1_048_576).toFixed(1))} MiB` : `${Math.round(value / 1024)} KiB`;

function bufferItem(id: string, label: string, sizes: readonly number[], meaning: string): DoctorItem[] {
  const [, initial, most] = sizes;
  if (initial === undefined || most === undefined) return [];
  return [item({ id, label, value: `${bytes(initial)} at first, ${bytes(most)} at most`, meaning })];
}

function overflowItem({ abortsOnOverflow }: MachineFacts): DoctorItem[] {
  if (abortsOnOverflow === undefined) return [];
  return [
    item({
      ...{ id: 'abort-on-overflow', label: 'net.ipv4.tcp_abort_on_overflow', value: abortsOnOverflow ? 'on' : 'off' },
      meaning: abortsOnOverflow
        ? 'Where the accept queue is full a client is reset: overflow is told as errors, not as waits.'
        : 'Where the accept queue is full a client is left waiting and tries again: overflow is told as waits of a second and more.',
    }),
  ];
}

function conntrackItem({ conntrack }: MachineFacts): DoctorItem {
  const about = { id: 'conntrack', label: 'connection tracking (netfilter)' };
  if (!conntrack) {
    return item({ ...about, value: 'none', meaning: 'No firewall here keeps an entry for each connection.' });
  }
  const { count, max } = conntrack;
  return item(
    {
      ...{ ...about, value: `${count} of ${max} entries` },
      meaning:
        'Where rules ask for it, each connection has an entry, also behind its end; a full table drops what is new.',
    },
    max - count < wantedTracked
      ? {
          forbids: `more than some ${Math.max(0, max - count)} connections within two minutes, where rules track loopback`,
          enable: 'sudo sysctl net.netfilter.nf_conntrack_max=262144',
        }
      : undefined,
  );
}

const ipv6Item = ({ hasIpv6 }: MachineFacts): DoctorItem =>
  item({
    ...{ id: 'ipv6', label: 'IPv6', value: hasIpv6 ? 'on, with ::1' : 'no ::1' },
    meaning: hasIpv6
      ? 'Servers and targets may be on [::1] as well.'
      : 'Servers and targets are on 127.0.0.1; one on [::1] cannot be reached from here.',
  });

export const networkItems = (facts: MachineFacts): DoctorItem[] => [
  portItem(facts),
  acceptQueueItem(facts),
  synBacklogItem(facts),
  ...overflowItem(facts),
  ...bufferItem(
    ...(['tcp-wmem', 'net.ipv4.tcp_wmem', facts.tcpWmem] as const),
    'What a send takes before it blocks, or is answered EAGAIN: shorter replies never show what a slow reader does.',
  ),
  ...bufferItem(
    ...(['tcp-rmem', 'net.ipv4.tcp_rmem', facts.tcpRmem] as const),
    'What lies at a reader that does not read, in addition to the buffer of the sender.',
  ),
  conntrackItem(facts),
  ipv6Item(facts),
];
