/** The tracks of a trace by what they are about: processes, threads, and what belongs to them. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { SessionNames } from './session-names.ts';
import { threadKey } from './table.ts';
import type { TraceSink, TrackId, TrackSpec } from './trace-sink.ts';

interface ThreadTracks {
  readonly thread: TrackId;
  /** By what they show. */
  readonly lanes: Map<string, TrackId>;
}

export class TraceTracks {
  readonly #sink: TraceSink;
  readonly #names: SessionNames;
  readonly #processes = new Map<FrameSource, TrackId>();
  readonly #threads = new Map<string, ThreadTracks>();
  /** Lanes and counters of a process, by name. */
  readonly #named = new Map<string, TrackId>();

  constructor(sink: TraceSink, names: SessionNames) {
    this.#sink = sink;
    this.#names = names;
  }

  /** A new engine is another process, even where its role is the same. */
  restart(source: FrameSource): void {
    this.#processes.delete(source);
    for (const map of [this.#threads, this.#named]) {
      for (const key of map.keys()) if (key.startsWith(`${source} `)) map.delete(key);
    }
  }

  process(source: FrameSource): TrackId {
    let track = this.#processes.get(source);
    if (track === undefined) {
      const pid = this.#names.pid(source);
      // The lab is not measured, and has no process here.
      const kind = pid === undefined ? 'lane' : 'process';
      track = this.#sink.track({ kind, name: `fdscope ${source}`, pid });
      this.#processes.set(source, track);
    }
    return track;
  }

  thread(source: FrameSource, threadId: number): TrackId {
    return this.#threadTracks(source, threadId).thread;
  }

  /** A lane beneath a thread. */
  threadLane(source: FrameSource, threadId: number, shows: string): TrackId {
    const tracks = this.#threadTracks(source, threadId);
    let lane = tracks.lanes.get(shows);
    if (lane === undefined) {
      const name = `${this.#names.thread(source, threadId)?.name ?? `thread ${threadId}`}: ${shows}`;
      lane = this.#sink.track({ kind: 'lane', name, parent: tracks.thread, pid: this.#names.pid(source) });
      tracks.lanes.set(shows, lane);
    }
    return lane;
  }

  endThread(source: FrameSource, threadId: number): void {
    const key = threadKey(source, threadId);
    const tracks = this.#threads.get(key);
    if (!tracks) return;
    for (const track of [tracks.thread, ...tracks.lanes.values()]) this.#sink.forget(track);
    this.#threads.delete(key);
  }

  /** A lane or counter of a process that is there once. */
  named(source: FrameSource, name: string, spec: Pick<TrackSpec, 'unit'> & { kind: 'lane' | 'counter' }): TrackId {
    const key = `${source} ${name}`;
    let track = this.#named.get(key);
    if (track === undefined) {
      track = this.#sink.track({ ...spec, name, parent: this.process(source), pid: this.#names.pid(source) });
      this.#named.set(key, track);
    }
    return track;
  }

  /** One of many, which the caller keeps and forgets: a socket, a coroutine. `group` holds them together. */
  member(source: FrameSource, group: string, spec: Pick<TrackSpec, 'name' | 'unit' | 'kind'>): TrackId {
    const parent = this.named(source, group, { kind: 'lane' });
    return this.#sink.track({ ...spec, parent, pid: this.#names.pid(source) });
  }

  #threadTracks(source: FrameSource, threadId: number): ThreadTracks {
    const key = threadKey(source, threadId);
    let tracks = this.#threads.get(key);
    if (!tracks) {
      const parent = this.process(source);
      const pid = this.#names.pid(source);
      const known = this.#names.thread(source, threadId);
      const isThread = known !== undefined && pid !== undefined;
      const thread = this.#sink.track({
        ...{ kind: isThread ? 'thread' : 'lane', parent, pid, tid: known?.tid },
        name: known?.name ?? `thread ${threadId}`,
      });
      tracks = { thread, lanes: new Map() };
      this.#threads.set(key, tracks);
    }
    return tracks;
  }
}
