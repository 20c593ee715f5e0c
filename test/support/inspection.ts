/** All that a server's frames tell of its sockets, threads, context switches and events, gathered for a test. */
import {
  decodeEvents,
  decodeFdShares,
  decodeFdStates,
  decodeJson,
  decodeOpened,
  decodeSwitches,
  decodeThreadStates,
  type Events,
  type FdShares,
  type FdStates,
  type OpenedSocket,
  type Switches,
  type ThreadStates,
} from '../../shared/telemetry/codec.ts';
import {
  noFd,
  noSyscall,
  fdFlags,
  frameKinds,
  syscallNames,
  tcpStates,
  threadStates,
} from '../../shared/telemetry/wire.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** The newest record of one socket. */
export interface FdState {
  readonly fd: number;
  readonly tcpState: string;
  readonly receiveQueueBytes: number;
  readonly sendQueueBytes: number;
  readonly waitingUs: number;
  /** Names of the bits of its flags. */
  readonly flags: ReadonlySet<string>;
}

/** What a thread does, as last told. */
export interface ThreadDoing {
  readonly name: string;
  readonly state: string;
  readonly syscall: string | undefined;
  readonly fd: number | undefined;
  readonly sinceNs: number;
}

export class Inspection {
  readonly opened: OpenedSocket[] = [];
  readonly fdShares: FdShares[] = [];
  readonly fdStates: FdStates[] = [];
  readonly threadStates: ThreadStates[] = [];
  readonly switches: Switches[] = [];
  readonly events: Events[] = [];
  readonly notices: { code: string; text: string }[] = [];
  readonly #server: ServerUnderTest;

  constructor(server: ServerUnderTest) {
    this.#server = server;
    server.onFrame = ({ kind, payload }) => {
      if (kind === frameKinds.opened) this.opened.push(...decodeOpened(payload));
      else if (kind === frameKinds.fdShares) this.fdShares.push(decodeFdShares(payload));
      else if (kind === frameKinds.fdStates) this.fdStates.push(decodeFdStates(payload));
      else if (kind === frameKinds.threadStates) this.threadStates.push(decodeThreadStates(payload));
      else if (kind === frameKinds.switches) this.switches.push(decodeSwitches(payload));
      else if (kind === frameKinds.events) this.events.push(decodeEvents(payload));
      else if (kind === frameKinds.notice) this.notices.push(decodeJson(payload) as { code: string; text: string });
    };
  }

  /** The client's socket whose far end has this port. */
  socketOf(peerPort: number | undefined): OpenedSocket | undefined {
    return this.opened.find(({ role, peer }) => role === 'client' && peer.endsWith(`:${peerPort}`));
  }

  /** The newest record of a connection's socket. */
  fdState(connectionId: number): FdState | undefined {
    for (const frame of this.fdStates.toReversed()) {
      const i = frame.connectionIds.indexOf(connectionId);
      if (i < 0) continue;
      const flags = frame.flags[i] ?? 0;
      return {
        fd: frame.fds[i] ?? noFd,
        tcpState: tcpStates[frame.tcpStates[i] ?? 0] ?? 'unknown',
        receiveQueueBytes: frame.receiveQueueBytes[i] ?? 0,
        sendQueueBytes: frame.sendQueueBytes[i] ?? 0,
        waitingUs: frame.waitingUs[i] ?? 0,
        flags: new Set(Object.entries(fdFlags).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]))),
      };
    }
    return undefined;
  }

  /** Of the threads that were announced, in that order. */
  threadNames(): string[] {
    return [...this.#server.threadsStarted.values()].map(({ name }) => name);
  }

  /** What the thread of this name does, as last told. */
  thread(name: string): ThreadDoing | undefined {
    const started = [...this.#server.threadsStarted.values()].find((thread) => thread.name === name);
    for (const frame of this.threadStates.toReversed()) {
      const i = frame.threadIds.indexOf(started?.threadId ?? 0);
      if (i < 0) continue;
      const syscall = frame.syscalls[i] ?? noSyscall;
      const fd = frame.fds[i] ?? noFd;
      return {
        name,
        state: threadStates[frame.states[i] ?? 0] ?? 'unknown',
        syscall: syscall === noSyscall ? undefined : syscallNames[syscall],
        fd: fd === noFd ? undefined : fd,
        sinceNs: frame.sinceNs[i] ?? 0,
      };
    }
    return undefined;
  }

  /** The number of events of each kind and code, as "kind:code". */
  eventCounts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const frame of this.events) {
      for (let i = 0; i < frame.count; i++) {
        const key = `${frame.kinds[i]}:${frame.codes[i]}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
    return counts;
  }

  eventCount(kind: number): number {
    return this.events.reduce((sum, { kinds }) => sum + kinds.filter((each) => each === kind).length, 0);
  }
}
