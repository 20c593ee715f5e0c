/**
 * One engine under supervision: spawned, awaited until it is ready, watched, asked, stopped.
 *
 * It ends in every case: by command, by SIGTERM, by SIGKILL, and by itself when this process is gone (its stdin closes).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { z } from 'zod';
import {
  decodeCounters,
  decodeJson,
  decodeLatency,
  decodeThreads,
  decodeThreadStarted,
  type Counters,
  type Latency,
  type Threads,
  type ThreadStarted,
} from '../../shared/telemetry/codec.ts';
import { FrameError, FrameSplitter, type Frame } from '../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';
import type { Command } from './engine-location.ts';
import {
  finishedSchema,
  markSchema,
  modelFrameSchema,
  noticeSchema,
  readySchema,
  replySchema,
  type Finished,
  type Mark,
  type ModelFrame,
  type Notice,
  type Ready,
} from '../../shared/engine-messages.ts';
import { tellOfEngine } from './engine-news.ts';
import { LabError, sentenceOf } from './errors.ts';
import { PendingReplies } from './pending-replies.ts';
import { StderrTail } from './stderr-tail.ts';

export interface EngineEvents {
  /** Every frame as it came, replies left out; before the event of its kind. */
  frame: [Frame];
  counters: [Counters];
  latency: [Latency];
  threadStarted: [ThreadStarted];
  threads: [Threads];
  notice: [Notice];
  mark: [Mark];
  /** Who serves from here on. */
  model: [ModelFrame];
  /** The process is gone and its stdout is read to the end. */
  end: [EngineEnd];
}

export interface EngineEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What the engine said last, where it could. */
  readonly finished: Finished | undefined;
  /** Why this end is a fault; undefined after a stop and where the engine was done. */
  readonly fault: LabError | undefined;
}

/** Waiting times, in ms. Tests and sanitized engines use others. */
export interface Patience {
  /** From spawn to the ready frame. */
  readonly readyMs: number;
  /** Without any frame, though a heartbeat comes every second. */
  readonly silenceMs: number;
  /** For the answer to a command. */
  readonly replyMs: number;
  /** From the stop command to SIGTERM, and from SIGTERM to SIGKILL. */
  readonly stopMs: number;
}

const isSanitized = /^[at]san$/.test(process.env.FDSCOPE_ENGINE_VARIANT ?? '');
const slowdown = isSanitized ? 4 : 1;
export const defaultPatience: Patience = {
  readyMs: 10_000 * slowdown,
  silenceMs: 8_000 * slowdown,
  // An engine that has ended or hangs is told by its silence; one that lives may wait for a core for long.
  replyMs: 15_000 * slowdown,
  stopMs: 3_000 * slowdown,
};

/** Looks for silence so often; silence is counted in looks, so that a pause of this very process does not count. */
const watchIntervalMs = 500;

/** Engines that live now, so that a host in a hurry can end them all. */
const live = new Set<EngineProcess>();

/** SIGKILL to every engine that still runs. */
export function killAllEngines(): void {
  for (const engine of live) engine.kill();
}

/** The next mark of this name. Listen before what causes it. */
export const nextMark = (engine: EventEmitter<EngineEvents>, name: string): Promise<Mark> =>
  new Promise((resolve) => {
    const onMark = (mark: Mark): void => {
      if (mark.name !== name) return;
      engine.off('mark', onMark);
      resolve(mark);
    };
    engine.on('mark', onMark);
  });

export class EngineProcess extends EventEmitter<EngineEvents> {
  /** For people, as the subject of a sentence: "The server (epoll-lt)". */
  readonly name: string;
  readonly ready: Promise<Ready>;
  readonly ended: Promise<EngineEnd>;
  /** The newest counters, of any kind. */
  lastCounters: Counters | undefined;

  readonly #child: ChildProcess;
  readonly #patience: Patience;
  readonly #splitter = new FrameSplitter();
  readonly #stderr = new StderrTail();
  readonly #replies: PendingReplies;
  #resolveReady: (ready: Ready) => void = () => {};
  #rejectReady: (error: LabError) => void = () => {};
  #isReady = false;
  #finished: Finished | undefined;
  #end: EngineEnd | undefined;
  #fault: LabError | undefined;
  #isStopping = false;
  #nextId = 1;
  #silentLooks = 0;

  constructor(name: string, command: Command, args: readonly string[], patience: Patience = defaultPatience) {
    super();
    this.name = name;
    this.#replies = new PendingReplies(name);
    this.#patience = patience;
    this.#child = spawn(command.file, [...command.args, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...command.env },
      detached: command.isApart === true,
    });
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Whoever awaits it sees the rejection; one that nobody awaits yet must not end this process.
    this.ready.catch(() => {});
    this.ended = new Promise((resolve) => this.once('end', resolve));
    live.add(this);
    tellOfEngine({ what: 'started', name, pid: this.pid, detail: [command.file, ...command.args, ...args].join(' ') });
    this.#listen();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with the fault, or with an early end, while `work` is awaited. */
  async during<T>(work: Promise<T>): Promise<T> {
    const early = this.ended.then((end): never => {
      throw (
        end.fault ??
        new LabError('failed', `${this.name} ended before its time (${end.finished?.reason ?? 'no reason'}).`)
      );
    });
    return Promise.race([work, early]);
  }

  /** The next mark of this name. Listen before what causes it. */
  mark(name: string): Promise<Mark> {
    return nextMark(this, name);
  }

  /** Sends a command. Rejects with LabError where the engine refuses it, ends, or does not answer in time. */
  async command(
    cmd: string,
    fields: Readonly<Record<string, unknown>> = {},
    { id = this.#nextId++, limitMs = this.#patience.replyMs }: { id?: number; limitMs?: number } = {},
  ): Promise<void> {
    if (this.#end) throw new LabError('failed', `${this.name} has ended and takes no command.`);
    const reply = this.#replies.expect(id, cmd, limitMs);
    this.#child.stdin?.write(`${JSON.stringify({ id, cmd, ...fields })}\n`);
    return reply;
  }

  /** Counters of this moment. Where the engine ends meanwhile in good order: its last ones. */
  async snapshot(): Promise<Counters> {
    const id = this.#nextId++;
    let onCounters: (frame: Counters) => void = () => {};
    const answered = new Promise<Counters>((resolve) => {
      onCounters = (frame) => frame.snapshotId === id && resolve(frame);
    });
    this.on('counters', onCounters);
    try {
      const [frame] = await this.during(Promise.all([answered, this.command('snapshot', {}, { id })]));
      return frame;
    } catch (error) {
      // An engine that is done sends its counters once more, and then takes no commands.
      const end = this.#finished ? await this.ended : this.#end;
      if (end && !end.fault && this.lastCounters) return this.lastCounters;
      throw error;
    } finally {
      this.off('counters', onCounters);
    }
  }

  /** Stops the engine, harder and harder, and resolves when it is gone. May be called again. */
  async stop(): Promise<EngineEnd> {
    if (this.#end) return this.#end;
    this.#isStopping = true;
    this.command('stop').catch(() => {}); // `ended` tells; an engine that is ending already may not answer
    const terminate = setTimeout(() => this.#child.kill('SIGTERM'), this.#patience.stopMs);
    const kill = setTimeout(() => this.kill(), 2 * this.#patience.stopMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(terminate);
      clearTimeout(kill);
    }
  }

  kill(): void {
    this.#isStopping = true;
    this.#child.kill('SIGKILL');
  }

  #listen(): void {
    const child = this.#child;
    child.stdin?.on('error', () => {}); // EPIPE: the engine has gone, and `ended` says so
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
    child.on('error', (error) => {
      this.#failWith(`${this.name} could not be started: ${error.message}.`);
      if (child.pid === undefined) this.#close(null, null);
    });
    child.on('close', (code, signal) => this.#close(code, signal));
    const late = setTimeout(() => {
      this.#failWith(`${this.name} was not ready within ${this.#patience.readyMs / 1000} s.`);
    }, this.#patience.readyMs);
    const watch = setInterval(() => this.#look(), watchIntervalMs);
    void this.ready.catch(() => {}).finally(() => clearTimeout(late));
    void this.ended.then(() => clearInterval(watch));
  }

  #look(): void {
    if (!this.#isReady || this.#isStopping || this.#finished) return;
    this.#silentLooks++;
    if (this.#silentLooks * watchIntervalMs > this.#patience.silenceMs) {
      this.#failWith(`${this.name} has not been heard of for ${this.#patience.silenceMs / 1000} s and was ended.`);
    }
  }

  #receive(chunk: Uint8Array): void {
    this.#silentLooks = 0;
    if (this.#fault) return;
    try {
      for (const frame of this.#splitter.push(chunk)) this.#take(frame);
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof LabError)) throw error;
      this.#failWith(`${this.name} sent something that is not a frame: ${error.message}`);
    }
  }

  #take(frame: Frame): void {
    const { kind, payload } = frame;
    if (kind !== frameKinds.reply) this.emit('frame', frame);
    switch (kind) {
      case frameKinds.counters:
        this.lastCounters = decodeCounters(payload);
        this.emit('counters', this.lastCounters);
        break;
      case frameKinds.latency:
        this.emit('latency', decodeLatency(payload));
        break;
      case frameKinds.threadStarted:
        this.emit('threadStarted', decodeThreadStarted(payload));
        break;
      case frameKinds.threads:
        this.emit('threads', decodeThreads(payload));
        break;
      case frameKinds.ready: {
        const ready = checked(readySchema, payload, 'ready');
        this.#isReady = true;
        this.#resolveReady(ready);
        break;
      }
      case frameKinds.notice:
        this.emit('notice', checked(noticeSchema, payload, 'notice'));
        break;
      case frameKinds.mark:
        this.emit('mark', checked(markSchema, payload, 'mark'));
        break;
      case frameKinds.model:
        this.emit('model', checked(modelFrameSchema, payload, 'model'));
        break;
      case frameKinds.finished:
        this.#finished = checked(finishedSchema, payload, 'finished');
        break;
      case frameKinds.reply:
        this.#replies.take(checked(replySchema, payload, 'reply'));
        break;
      default:
      // A heartbeat, or a kind that a newer engine has: that it came is all.
    }
  }

  /** A fault of the engine that it cannot tell itself: it is ended, and `ended` carries the sentence. */
  #failWith(sentence: string): void {
    this.#fault ??= new LabError('failed', this.#stderr.appendedTo(sentence));
    this.#rejectReady(this.#fault);
    this.#child.kill('SIGKILL');
  }

  #close(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#end) return;
    live.delete(this);
    const end = { code, signal, finished: this.#finished, fault: this.#fault ?? this.#faultOf(code, signal) };
    this.#end = end;
    const how = signal ?? `exit code ${code ?? 'unknown'}`;
    tellOfEngine({ what: 'ended', name: this.name, pid: this.pid, detail: end.finished?.reason ?? how });
    const gone = end.fault ?? new LabError('failed', `${this.name} ended before it was ready.`);
    this.#rejectReady(gone);
    this.#replies.rejectAll(gone);
    this.emit('end', end);
  }

  #faultOf(code: number | null, signal: NodeJS.Signals | null): LabError | undefined {
    const said = this.#finished?.error ?? this.#stderr.lastLine;
    if (!this.#isReady && code === 2) return new LabError('bad-input', said || `${this.name} refused its settings.`);
    if (code === 3) return new LabError('unavailable', said || `${this.name} is not available here.`);
    if (this.#isStopping || (code === 0 && this.#finished?.error === undefined)) return undefined;
    const how = signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`;
    return new LabError('failed', this.#stderr.appendedTo(`${this.name} ended ${how}.`));
  }
}

function checked<T>(schema: z.ZodType<T>, payload: Uint8Array, what: string): T {
  const parsed = schema.safeParse(decodeJson(payload));
  if (parsed.success) return parsed.data;
  throw new FrameError(`A ${what} frame does not have its fields: ${sentenceOf(parsed.error.issues[0]?.message)}.`);
}
