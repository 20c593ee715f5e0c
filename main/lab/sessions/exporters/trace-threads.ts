/** Threads on a trace: system calls and coroutines, on and off the CPU, and what was sampled of their state. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { Events, Switches, ThreadStates } from '../../../../shared/telemetry/codec.ts';
import {
  awaits,
  eventKinds,
  noFd,
  noSyscall,
  switchKinds,
  syscallNames,
  threadStates,
} from '../../../../shared/telemetry/wire.ts';
import { eventName } from './record-tables.ts';
import type { SessionNames } from './session-names.ts';
import { threadKey } from './table.ts';
import type { Slice, TraceArgs, TraceSink, TrackId } from './trace-sink.ts';
import type { TraceTracks } from './trace-tracks.ts';

/** What a thread is from `sinceNs` on; told as a slice when it changes. */
interface Phase {
  readonly source: FrameSource;
  readonly threadId: number;
  readonly name: string;
  readonly sinceNs: number;
  readonly args?: TraceArgs | undefined;
}

interface Coroutine {
  readonly track: TrackId;
  readonly awaits: string;
  readonly sinceNs: number;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
type SyscallArgs = Readonly<Record<'fd' | 'connection' | 'result', number | undefined>>;

const cpuLane = 'CPU';
const stateLane = 'state, sampled';
const phaseNames: Record<(typeof switchKinds)[number], string> = {
  in: 'on CPU',
  blocked: 'blocked',
  preempted: 'preempted',
};
const instantNames = new Map<number, string>([
  [eventKinds.ready, 'ready'],
  [eventKinds.step, 'step'],
  [eventKinds.accepted, 'accepted'],
  [eventKinds.closed, 'closed'],
  [eventKinds.coroutineCreated, 'coroutine created'],
  [eventKinds.timerSet, 'timer set'],
  [eventKinds.timerFired, 'timer fired'],
]);

export class ThreadTrace {
  readonly #sink: TraceSink;
  readonly #tracks: TraceTracks;
  readonly #names: SessionNames;
  readonly #onCpu = new Map<string, Phase>();
  readonly #sampled = new Map<string, Phase>();
  readonly #coroutines = new Map<string, Coroutine>();
  /** Up to when the switches of a source are known. */
  readonly #knownUntilNs = new Map<FrameSource, number>();

  constructor(sink: TraceSink, tracks: TraceTracks, names: SessionNames) {
    this.#sink = sink;
    this.#tracks = tracks;
    this.#names = names;
  }

  restart(source: FrameSource): void {
    for (const map of [this.#onCpu, this.#sampled, this.#coroutines]) {
      for (const key of map.keys()) if (key.startsWith(`${source} `)) map.delete(key);
    }
  }

  events(source: FrameSource, frame: Events): void {
    const track = this.#tracks.thread(source, frame.threadId);
    // One object for all calls of a frame: there are millions, and a sink keeps none of them.
    const args: Writable<SyscallArgs> = { fd: undefined, connection: undefined, result: undefined };
    const call: Writable<Slice> = { track, fromNs: 0, toNs: 0, name: '', category: 'syscall', args };
    for (const i of outerFirst(frame)) {
      const kind = frame.kinds[i] ?? 0;
      const code = frame.codes[i] ?? 0;
      const fromNs = frame.timesNs[i] ?? 0;
      const toNs = fromNs + (frame.durationsNs[i] ?? 0);
      const fdOrNone = frame.fds[i] ?? noFd;
      const fd = fdOrNone === noFd ? undefined : fdOrNone;
      const connectionId = frame.connectionIds[i] ?? 0;
      const connection = connectionId === 0 ? undefined : connectionId;
      if (kind === eventKinds.syscall) {
        call.fromNs = fromNs;
        call.toNs = toNs;
        call.name = syscallNames[code] ?? `system call ${code}`;
        args.fd = fd;
        args.connection = connection;
        args.result = frame.results[i];
        this.#sink.slice(call);
      } else if (kind === eventKinds.coroutineRan) {
        const next = awaits[code] ?? 'nothing';
        const name = `coroutine ${connectionId}`;
        const more = { fd, connection, awaits: next };
        this.#sink.slice({ track, fromNs, toNs, name, category: 'coroutine', args: more });
        this.#coroutineRan(source, connectionId, { fromNs, toNs, awaits: next, threadId: frame.threadId });
      } else if (kind === eventKinds.handled) {
        this.#sink.slice({ track, fromNs, toNs, name: 'handler', category: 'handler', args: { fd, connection } });
      } else {
        const what = instantNames.get(kind) ?? `event ${kind}`;
        const detail = eventName(kind, code, (index) => this.#names.step(source, index)?.label);
        const name = detail === null || detail === '' ? what : `${what}: ${detail}`;
        this.#sink.instant({ track, atNs: fromNs, name, category: what, args: { fd, connection } });
        if (kind === eventKinds.closed) this.closed(source, connectionId);
      }
    }
  }

  /** A connection has gone, and its coroutine with it. */
  closed(source: FrameSource, connectionId: number): void {
    const key = `${source} ${connectionId}`;
    const coroutine = this.#coroutines.get(key);
    if (!coroutine) return;
    this.#coroutines.delete(key);
    this.#sink.forget(coroutine.track);
  }

  switches(source: FrameSource, frame: Switches): void {
    this.#knownUntilNs.set(source, frame.timeNs);
    for (let i = 0; i < frame.count; i++) {
      const threadId = frame.threadIds[i] ?? 0;
      const atNs = frame.timesNs[i] ?? 0;
      const kind = switchKinds[frame.kinds[i] ?? 0];
      if (!kind) continue;
      const key = threadKey(source, threadId);
      const before = this.#onCpu.get(key);
      // Twice the same: a switch between them was lost, and nobody knows how long each took.
      const isKnown = before && (before.name === phaseNames.in) !== (kind === 'in');
      if (isKnown) this.#tell(cpuLane, before, atNs);
      this.#onCpu.set(key, { source, threadId, name: phaseNames[kind], sinceNs: atNs });
    }
  }

  states(source: FrameSource, frame: ThreadStates): void {
    for (let i = 0; i < frame.count; i++) {
      const threadId = frame.threadIds[i] ?? 0;
      const key = threadKey(source, threadId);
      const state = threadStates[frame.states[i] ?? 0] ?? 'unknown';
      const call = frame.syscalls[i] ?? noSyscall;
      const fd = frame.fds[i] ?? noFd;
      const name = call === noSyscall ? state : `${state} in ${syscallNames[call] ?? call}`;
      const before = this.#sampled.get(key);
      // A state that began before the last one was told began, for the trace, behind it.
      const sinceNs = Math.max(frame.sinceNs[i] ?? 0, before?.sinceNs ?? 0);
      if (before) this.#tell(stateLane, before, sinceNs);
      this.#sampled.set(key, { source, threadId, name, sinceNs, args: { fd: fd === noFd ? undefined : fd } });
    }
  }

  endThread(source: FrameSource, threadId: number, atNs: number): void {
    const key = threadKey(source, threadId);
    const sampled = this.#sampled.get(key);
    if (sampled) this.#tell(stateLane, sampled, Math.max(atNs, sampled.sinceNs));
    this.#sampled.delete(key);
    this.#onCpu.delete(key);
  }

  /** What went on when the recording ended is told up to then. */
  end(endNs: number): void {
    for (const phase of this.#onCpu.values()) {
      this.#tell(cpuLane, phase, Math.max(phase.sinceNs, this.#knownUntilNs.get(phase.source) ?? endNs));
    }
    for (const phase of this.#sampled.values()) this.#tell(stateLane, phase, Math.max(phase.sinceNs, endNs));
  }

  #coroutineRan(
    source: FrameSource,
    connection: number,
    { fromNs, toNs, awaits: next, threadId }: { fromNs: number; toNs: number; awaits: string; threadId: number },
  ): void {
    const key = `${source} ${connection}`;
    const before = this.#coroutines.get(key);
    const track = before?.track ?? this.#coroutineTrack(source, connection);
    if (before && before.sinceNs <= fromNs) {
      const name = before.awaits === 'nothing' ? 'yields' : `awaits ${before.awaits}`;
      this.#sink.slice({ track, fromNs: before.sinceNs, toNs: fromNs, name, category: 'await' });
    }
    const thread = this.#names.thread(source, threadId)?.name;
    this.#sink.slice({ track, fromNs, toNs, name: 'runs', category: 'coroutine', args: { thread } });
    this.#coroutines.set(key, { track, awaits: next, sinceNs: toNs });
  }

  #coroutineTrack(source: FrameSource, connection: number): TrackId {
    const name = connection === 0 ? 'coroutine that accepts' : `coroutine ${connection}`;
    return this.#tracks.member(source, 'coroutines', { kind: 'lane', name });
  }

  #tell(shows: string, { source, threadId, name, sinceNs, args }: Phase, toNs: number): void {
    const track = this.#tracks.threadLane(source, threadId, shows);
    this.#sink.slice({ track, fromNs: sinceNs, toNs, name, category: shows, args });
  }
}

/** Events are in the order of their ends; slices are told by their beginnings, and the longer of two first. */
function outerFirst({ count, timesNs, durationsNs }: Events): Uint32Array {
  const from = (i: number): number => timesNs[i] ?? 0;
  const length = (i: number): number => durationsNs[i] ?? 0;
  const order = new Uint32Array(count);
  let isInOrder = true;
  for (let i = 0; i < count; i++) {
    order[i] = i;
    if (i > 0 && (from(i) < from(i - 1) || (from(i) === from(i - 1) && length(i) > length(i - 1)))) isInOrder = false;
  }
  // Calls that follow one another are: sorting costs more than all else that is done with them.
  return isInOrder ? order : order.sort((a, b) => from(a) - from(b) || length(b) - length(a) || a - b);
}
