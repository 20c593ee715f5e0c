/** A session in the place of a live run: its frames pass through the same hub. */
import { EventEmitter } from 'node:events';
import type { ReplayState, SessionDetails } from '../../../shared/contract/sessions.ts';
import { LabError, sentenceOf } from '../errors.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import { Replayer } from '../sessions/replayer.ts';
import { SessionFile } from '../sessions/session-file.ts';
import type { FrameHub } from './frame-hub.ts';

export interface Jump {
  readonly direction: 'next' | 'previous';
  readonly kinds?: readonly string[] | undefined;
}

interface Open {
  readonly file: string;
  readonly session: SessionFile;
  readonly replayer: Replayer;
  fault?: string;
}

/** So long after a moment, a jump back while it plays is not to that moment. */
const graceMs = 1000;

export class LiveReplay {
  readonly #hub: FrameHub;
  readonly #library: SessionLibrary;
  readonly #states = new EventEmitter<{ state: [ReplayState] }>();
  #open: Open | undefined;

  constructor(hub: FrameHub, library: SessionLibrary) {
    this.#hub = hub;
    this.#library = library;
    this.#states.setMaxListeners(0);
  }

  get state(): ReplayState | undefined {
    return this.#open && stateOf(this.#open);
  }

  onState(listener: (state: ReplayState) => void): () => void {
    this.#states.on('state', listener);
    return () => this.#states.off('state', listener);
  }

  /** Throws LabError; then the session before, if any, is still open. */
  async open(file: string): Promise<{ details: SessionDetails; replay: ReplayState }> {
    const details = await this.#library.details(file);
    const session = await SessionFile.open(this.#library.pathOf(file));
    await this.close();
    const replayer = new Replayer(session, {
      onFrame: (source, kind, payload) => this.#hub.publish(source, kind, payload),
      // Windows hear of the new epoch before any frame of it.
      onReset: () => {
        this.#hub.clear();
        this.#tell();
      },
      onState: () => this.#tell(),
      onFault: (error) => this.#fail(error),
      whenTaken: () => this.#hub.whenTaken(),
    });
    this.#open = { file, session, replayer };
    await replayer.seek(session.startedNs);
    return { details, replay: this.#current().state };
  }

  async seek(timeNs: number): Promise<ReplayState> {
    const { open } = this.#current();
    await open.replayer.seek(timeNs);
    // Who leaves the session meanwhile has done nothing wrong.
    return stateOf(open);
  }

  async play(speed?: number): Promise<ReplayState> {
    const { open } = this.#current();
    if (speed !== undefined) open.replayer.setSpeed(speed);
    await open.replayer.play();
    return stateOf(open);
  }

  setSpeed(speed: number): ReplayState {
    this.#current().open.replayer.setSpeed(speed);
    return this.#current().state;
  }

  pause(): ReplayState {
    this.#current().open.replayer.pause();
    return this.#current().state;
  }

  /** To the nearest moment in that direction; stays where there is none. */
  async jump({ direction, kinds }: Jump): Promise<ReplayState> {
    const { open, state } = this.#current();
    const details = await this.#library.details(open.file);
    const moments = [
      ...details.overview.moments,
      ...details.annotations.map(({ fromNs }) => ({ kind: 'annotation', timeNs: fromNs })),
    ];
    const times = moments.filter(({ kind }) => kinds?.includes(kind) ?? true).map(({ timeNs }) => timeNs);
    // Keys come faster than seeks end: the next jump goes on from where the last one is going.
    const fromNs = open.replayer.aimNs;
    // While it plays, the moment that was jumped to is past at once: back from there is to the one before it.
    const pastNs = state.isPlaying ? graceMs * 1e6 * state.speed : 0;
    const isBeyond = (timeNs: number): boolean => (direction === 'next' ? timeNs > fromNs : timeNs < fromNs - pastNs);
    const beyond = times.filter((timeNs) => isBeyond(timeNs) && timeNs >= state.startedNs && timeNs <= state.endedNs);
    if (beyond.length === 0) return state;
    return this.seek(
      beyond.reduce((best, timeNs) => (direction === 'next' ? Math.min(best, timeNs) : Math.max(best, timeNs))),
    );
  }

  async close(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    await open.replayer.close();
    await open.session.close();
    this.#hub.clear();
  }

  #fail(error: unknown): void {
    if (!this.#open) return;
    this.#open.fault = sentenceOf(error);
    this.#tell();
  }

  #tell(): void {
    if (this.#open) this.#states.emit('state', stateOf(this.#open));
  }

  #current(): { open: Open; state: ReplayState } {
    if (!this.#open) throw new LabError('bad-input', 'No session is open: open one first.');
    return { open: this.#open, state: stateOf(this.#open) };
  }
}

const stateOf = ({ file, session, replayer, fault }: Open): ReplayState => ({
  ...{ file, ...replayer.state, missing: [...session.missing] },
  ...(fault === undefined ? {} : { fault }),
});
