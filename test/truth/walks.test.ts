/** Every shipped walk, step by step: it holds, and what is told of sockets and descriptors is what `ss` and /proc say. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Bench } from '../../main/lab/bench/bench.ts';
import { WalkLibrary } from '../../main/lab/bench/walk-library.ts';
import { actorsOf, makeWalkStep, unavailableWalk } from '../../main/lab/bench/walking.ts';
import { LabService } from '../../main/lab/lab-service.ts';
import type { BenchLook, SocketState } from '../../shared/bench/state.ts';
import { isInstalled, output } from '../support/tools.ts';

const library = new WalkLibrary();
const names = library.list().map(({ name }) => name);

interface SsRow {
  readonly state: string;
  readonly recvQ: number;
  readonly sendQ: number;
  readonly local: string;
  readonly peer: string;
  /** `pid:fd` of all who have it. */
  readonly holders: string[];
}

/** The names that ss has for the kernel's states. */
const ssStates: Readonly<Record<string, SocketState['state']>> = {
  ESTAB: 'ESTABLISHED',
  'SYN-SENT': 'SYN_SENT',
  'SYN-RECV': 'SYN_RECV',
  'FIN-WAIT-1': 'FIN_WAIT_1',
  'FIN-WAIT-2': 'FIN_WAIT_2',
  'TIME-WAIT': 'TIME_WAIT',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  'LAST-ACK': 'LAST_ACK',
  CLOSING: 'CLOSING',
  LISTEN: 'LISTEN',
};

async function ssRows(): Promise<SsRow[]> {
  const text = await output('ss', '-tanpH');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [state = '', recvQ, sendQ, local = '', peer = ''] = line.split(/\s+/);
      const holders = [...line.matchAll(/pid=(\d+),fd=(\d+)/g)].map(([, pid, fd]) => `${pid ?? ''}:${fd ?? ''}`);
      return { state, recvQ: Number(recvQ), sendQ: Number(sendQ), local, peer, holders };
    });
}

const isTcp = ({ family, type }: SocketState): boolean => family !== 'unix' && type === 'stream';

/** As ss prints it, of IPv4. */
const endText = (end: SocketState['local']): string => (end ? `${end.host}:${end.port}` : '0.0.0.0:*');

function told(look: BenchLook): string[] {
  const pids = new Map(look.processes.map(({ name, pid }) => [name, pid]));
  return look.sockets
    .filter((socket) => isTcp(socket) && socket.local !== null && (socket.state !== 'CLOSE' || socket.peer !== null))
    .map(({ state, recvQueue, sendQueue, acceptQueue, backlog, local, peer, owner }) => {
      const holders = owner.map((each) => each.replace(/^.*(?=:)/, (name) => String(pids.get(name))));
      const queues = `${acceptQueue ?? recvQueue} ${backlog ?? sendQueue}`;
      return `${state} ${queues} ${endText(local)} ${endText(peer)} ${holders.sort().join()}`;
    })
    .sort();
}

/** The rows of ss that are of this bench: of its processes, or of one of its connections. */
function shown(rows: readonly SsRow[], look: BenchLook): string[] {
  const pids = look.processes.map(({ pid }) => `${pid}:`);
  const ends = new Set(look.sockets.filter(isTcp).map(({ local, peer }) => `${endText(local)} ${endText(peer)}`));
  return rows
    .filter(
      ({ local, peer, holders }) =>
        holders.some((holder) => pids.some((pid) => holder.startsWith(pid))) || ends.has(`${local} ${peer}`),
    )
    .filter(({ state }) => state !== 'UNCONN')
    .map(
      ({ state, recvQ, sendQ, local, peer, holders }) =>
        `${ssStates[state] ?? state} ${recvQ} ${sendQ} ${local} ${peer} ${holders.sort().join()}`,
    )
    .sort();
}

/** Number, file and flags of every descriptor, by /proc itself. */
function descriptors(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => {
      const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0';
      return `${fd} ${readlinkSync(`/proc/${pid}/fd/${fd}`)} ${(parseInt(flags, 8) & 0o4000) !== 0}`;
    })
    .sort();
}

function compareDescriptors(look: BenchLook): void {
  for (const { pid, state, fds } of look.processes) {
    if (state !== 'running') continue;
    const seen = fds.map(({ fd, file, flags }) => `${fd} ${file} ${flags.includes('O_NONBLOCK')}`).sort();
    expect(seen).toEqual(descriptors(pid));
  }
}

/** What /proc says of every actor: `asleep` in a call of its own, `ready` in the futex in which it waits for one. */
function sleepers(look: BenchLook): string[] {
  return look.processes.flatMap(({ pid, actors }) =>
    actors.flatMap(({ name, tid, state }) => {
      if (state === 'gone') return [];
      const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
      const call = readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'utf8').split(' ')[0];
      if (!stat.includes(') S ')) return [`${name} runs`];
      const seen = process.arch !== 'x64' ? state : call === '202' ? 'ready' : 'asleep';
      return seen === state ? [] : [`${name} is ${seen} and not ${state}`];
    }),
  );
}

describe('walks', () => {
  it('are those that are shipped, without a mistake', () => {
    expect(names.length).toBeGreaterThanOrEqual(18);
    for (const { name, mistakes } of library.list()) expect(mistakes, name).toEqual([]);
  });

  it.each(names)('%s', { timeout: 300_000 }, async (name) => {
    const { walk } = library.named(name);
    const uring = (await new LabService().listModels()).find(({ id }) => id === 'io_uring');
    if (unavailableWalk(walk, uring?.reason) !== undefined) return;
    const bench = await Bench.open(actorsOf(walk));
    const pids = new Set<number>();
    try {
      for (const index of walk.steps.keys()) {
        const { text, expectations } = await makeWalkStep(bench, walk, index);
        const unmet = expectations.filter(({ held }) => !held);
        expect(unmet, `${text}: ${JSON.stringify(unmet)}`).toEqual([]);
        for (const { pid } of bench.state.processes) pids.add(pid);
        compareDescriptors(await bench.look());
        // A sender that waits for room wakes for every piece of it.
        await expect.poll(async () => sleepers(await bench.look()), { timeout: 300_000, interval: 20 }).toEqual([]);
        if (!isInstalled('ss')) continue;
        // Queues move and acknowledgements come while both look: what counts is a moment in which they agree.
        await expect
          .poll(
            async () => {
              const rows = await ssRows();
              const look = await bench.look();
              const [a, b] = [told(look), shown(rows, look)];
              return a.join('\n') === b.join('\n') ? 'as ss has it' : `told:\n${a.join('\n')}\nss:\n${b.join('\n')}`;
            },
            { timeout: 300_000, interval: 50 },
          )
          .toBe('as ss has it');
      }
    } finally {
      await bench.close();
    }
    for (const pid of pids) expect(() => readdirSync(`/proc/${pid}/fd`), `process ${pid} is left`).toThrow();
  });
});
