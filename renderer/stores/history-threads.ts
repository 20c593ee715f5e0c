/** Threads of the server and what each did when: running, ready for a core, asleep in a call. */
import {
  firstSyscallEntry,
  type Switches,
  type Threads,
  type ThreadStarted,
  type ThreadStates,
} from '../../shared/telemetry/codec.ts';
import { counterEntry } from '../../shared/telemetry/frames.ts';
import {
  counterNames,
  noFd,
  noSyscall,
  syscallNames,
  threadStates,
  type CounterName,
} from '../../shared/telemetry/wire.ts';
import { SharedLogs, type LogChunk } from './rings.ts';

export interface ThreadRecord {
  /** Of all processes that served: `ThreadStore.keyOf`. */
  readonly threadId: number;
  tid: number;
  name: string;
  /** NaN while no frame has told a time yet. */
  startedNs: number;
  endedNs: number;
  /** What it does since its last change that is known, as an index in threadStates; NaN before the first. */
  state: number;
  changedNs: number;
  /** Cumulative, as in `firstSyscallEntry`: counters, then system calls. */
  readonly totals: Float64Array;
}

/** What a thread does from a moment on. */
export interface StateColumns {
  readonly timesNs: Float64Array;
  /** Index in threadStates. */
  readonly states: Uint8Array;
  /** Index in syscallNames, or noSyscall. */
  readonly syscalls: Uint16Array;
  readonly fds: Int32Array;
}

const stateShape = {
  rowBytes: 8 + 1 + 2 + 4,
  make: (capacity: number): StateColumns => ({
    timesNs: new Float64Array(capacity),
    states: new Uint8Array(capacity),
    syscalls: new Uint16Array(capacity),
    fds: new Int32Array(capacity),
  }),
};
const stateBudgetBytes = 64 << 20;
/** Ended threads are forgotten, the first to end first, beyond so many threads in all. */
const maxThreads = 20_000;

const codeOf = (state: (typeof threadStates)[number]): number => threadStates.indexOf(state);
const unknown = codeOf('unknown');
/** By the index of switchKinds: on a core, left it to wait, left it to others. */
const stateAfterSwitch = [codeOf('running'), codeOf('blocked'), codeOf('ready')];

export class ThreadStore {
  readonly byId = new Map<number, ThreadRecord>();
  /** Grows when a thread comes or goes. */
  version = 0;
  /** Which counters of a thread can be known, where not all can. */
  isSeen: ((name: CounterName) => boolean) | undefined;
  /** Of each thread as it was when it was held. */
  #heldTotals: ReadonlyMap<number, Float64Array> | undefined;
  readonly #states = new SharedLogs<StateColumns>(stateShape, stateBudgetBytes);
  #ended: number[] = [];
  /** Highest id of the processes before this one. */
  #baseId = 0;
  #highestId = 0;
  #isInSight = true;
  #inSightSinceNs = Number.NEGATIVE_INFINITY;
  /** From when to when what threads did was left out; the end is known with the states that come behind it. */
  #leftOut: { readonly fromNs: number; untilNs?: number } | undefined;

  get byteLength(): number {
    return this.#states.byteLength + this.byId.size * 8 * (counterNames.length + syscallNames.length);
  }

  get evicted(): number {
    return this.#states.evicted;
  }

  /** What is there now stays until it is released, and totals are told as they are now. */
  hold(): void {
    this.#states.hold();
    this.#heldTotals = new Map([...this.byId].map(([threadId, { totals }]) => [threadId, totals.slice()]));
  }

  release(): void {
    this.#states.release();
    this.#heldTotals = undefined;
  }

  /** Each process counts its threads from 1: those of a later one come behind all of the earlier ones. */
  keyOf(ownId: number): number {
    return this.#baseId + ownId;
  }

  /** The process has gone, of which `timeNs` is the last that was heard; what follows is of another one. */
  endProcess(timeNs: number): void {
    for (const record of this.byId.values()) this.#end(record, timeNs);
    this.#baseId = this.#highestId;
  }

  takeStarted(thread: ThreadStarted, timeNs: number): void {
    const record = this.#recordOf(this.keyOf(thread.threadId), timeNs);
    record.tid = thread.tid;
    record.name = thread.name;
    this.version++;
  }

  takeTotals(frame: Threads): void {
    for (const { threadId, hasEnded, indexes, values } of frame.threads) {
      const record = this.#recordOf(this.keyOf(threadId), frame.timeNs);
      for (let i = 0; i < indexes.length; i++) {
        const entry = indexes[i] ?? 0;
        if (entry < record.totals.length) record.totals[entry] = values[i] ?? 0;
      }
      if (hasEnded) this.#end(record, frame.timeNs);
    }
  }

  /** Neither states nor switches are recorded any more: what threads do from then on nobody knows. */
  loseSight(timeNs: number): void {
    if (!this.#isInSight) return;
    this.#isInSight = false;
    for (const record of this.byId.values())
      if (record.endedNs === Number.POSITIVE_INFINITY) this.#enter(record, timeNs, unknown, noSyscall, noFd);
  }

  /** What began in between is known from when somebody looks again. */
  #seeAgain(timeNs: number): void {
    if (!this.#isInSight) this.#inSightSinceNs = timeNs;
    this.#isInSight = true;
  }

  /**
   * This window was too slow for what threads did from a moment on. States come next, of those alone that do something
   * else by then: from the moment to the beginning of that it is not known what they did.
   */
  leaveOut(fromNs: number): void {
    if (!Number.isNaN(fromNs)) this.#leftOut = { fromNs };
  }

  takeStates(frame: ThreadStates): void {
    this.#seeAgain(frame.timeNs);
    if (this.#leftOut !== undefined) this.#leftOut.untilNs ??= frame.timeNs;
    if (frame.timeNs > (this.#leftOut?.untilNs ?? Number.POSITIVE_INFINITY)) this.#leftOut = undefined;
    const { fromNs: leftOutNs = Number.POSITIVE_INFINITY } = this.#leftOut ?? {};
    for (let i = 0; i < frame.count; i++) {
      const threadId = this.keyOf(frame.threadIds[i] ?? 0);
      const record = this.#recordOf(threadId, frame.sinceNs[i] ?? frame.timeNs);
      if (record.endedNs !== Number.POSITIVE_INFINITY) continue;
      const sinceNs = Math.max(this.#inSightSinceNs, frame.sinceNs[i] ?? 0);
      if (sinceNs > leftOutNs) this.#enter(record, leftOutNs, unknown, noSyscall, noFd);
      this.#enter(record, sinceNs, frame.states[i] ?? 0, frame.syscalls[i] ?? noSyscall, frame.fds[i] ?? noFd);
    }
  }

  takeSwitches(frame: Switches): void {
    if (frame.count > 0) this.#seeAgain(frame.timesNs[0] ?? frame.timeNs);
    this.#leftOut = undefined;
    for (let i = 0; i < frame.count; i++) {
      const threadId = this.keyOf(frame.threadIds[i] ?? 0);
      const timeNs = frame.timesNs[i] ?? 0;
      this.#enter(
        this.#recordOf(threadId, timeNs),
        timeNs,
        stateAfterSwitch[frame.kinds[i] ?? 0] ?? 0,
        noSyscall,
        noFd,
      );
    }
  }

  /** State changes of a thread, each chunk and all of them in the order of time. */
  statesOf(threadId: number): readonly LogChunk<StateColumns>[] {
    return this.#states.chunksOf(threadId);
  }

  /** NaN where nobody can count it. */
  total(threadId: number, name: CounterName): number {
    if (this.isSeen?.(name) === false) return Number.NaN;
    return this.#totalsOf(threadId)?.[counterEntry(name)] ?? 0;
  }

  /** How often a thread called each system call since it began. */
  syscallTotals(threadId: number): Float64Array {
    return this.#totalsOf(threadId)?.subarray(firstSyscallEntry) ?? new Float64Array(0);
  }

  #totalsOf(threadId: number): Float64Array | undefined {
    return this.#heldTotals?.get(threadId) ?? this.byId.get(threadId)?.totals;
  }

  #recordOf(threadId: number, timeNs: number): ThreadRecord {
    let record = this.byId.get(threadId);
    if (record === undefined) {
      record = {
        threadId,
        tid: 0,
        name: `thread ${threadId}`,
        startedNs: timeNs,
        endedNs: Number.POSITIVE_INFINITY,
        state: 0,
        changedNs: Number.NaN,
        totals: new Float64Array(counterNames.length + syscallNames.length),
      };
      this.byId.set(threadId, record);
      this.#highestId = Math.max(this.#highestId, threadId);
      this.version++;
    } else if (Number.isNaN(record.startedNs)) record.startedNs = timeNs;
    return record;
  }

  #end(record: ThreadRecord, timeNs: number): void {
    if (record.endedNs !== Number.POSITIVE_INFINITY) return;
    record.endedNs = timeNs;
    this.version++;
    this.#ended.push(record.threadId);
    const most = this.#heldTotals === undefined ? maxThreads : 2 * maxThreads;
    if (this.byId.size <= most || this.#ended.length < 1000) return;
    for (const threadId of this.#ended.splice(0, 1000)) this.byId.delete(threadId);
  }

  #enter(record: ThreadRecord, timeNs: number, state: number, syscall: number, fd: number): void {
    const { threadId } = record;
    const newest = this.#states.chunksOf(threadId).at(-1);
    if (newest !== undefined && newest.count > 0) {
      const last = newest.count - 1;
      const { timesNs, states, syscalls, fds } = newest.columns;
      if (
        states[last] === state &&
        (syscall === noSyscall || syscalls[last] === noSyscall || syscalls[last] === syscall)
      ) {
        // A sample of what a switch already told adds which call it is.
        if (syscall !== noSyscall) syscalls[last] = syscall;
        if (fd !== noFd) fds[last] = fd;
        return;
      }
      // A sample is older than the switch that came after it.
      if (timeNs <= (timesNs[last] ?? 0)) return;
    }
    const chunk = this.#states.roomIn(threadId);
    chunk.columns.timesNs[chunk.count] = timeNs;
    chunk.columns.states[chunk.count] = state;
    chunk.columns.syscalls[chunk.count] = syscall;
    chunk.columns.fds[chunk.count] = fd;
    chunk.count++;
    record.state = state;
    record.changedNs = timeNs;
  }
}
