/** A server in its own process, as the lab runs it: frames on stdout, commands on stdin. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeCounters,
  decodeJson,
  decodeThreadStarted,
  type Counters,
  type ThreadStarted,
} from '../../shared/telemetry/codec.ts';
import { FrameSplitter, type Frame } from '../../shared/telemetry/frame-splitter.ts';
import { frameKinds, type DetailLevel } from '../../shared/telemetry/wire.ts';
import { serveCommand, slowdown } from './engines.ts';

export interface ServeSettings {
  readonly protocol?: string;
  readonly handler?: string;
  readonly responseBytes?: number;
  readonly chunks?: number;
  readonly upstream?: string;
  readonly workUs?: number;
  readonly waitMs?: number;
  readonly forgetsToClose?: boolean;
  readonly noDelay?: boolean;
  readonly sendBufferBytes?: number;
  readonly receiveBufferBytes?: number;
  readonly deferAcceptSeconds?: number;
  readonly level?: DetailLevel;
  readonly switches?: boolean;
  readonly options?: Readonly<Record<string, number | boolean | string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tookMs: number;
  readonly reason: unknown;
}

// Against hanging: a machine that does other things as well takes its time.
const readyLimitMs = 120_000;
const stopLimitMs = 120_000;
const replyLimitMs = 120_000;

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Waits until `value()` is what is wanted; resolves to the last value either way, for an assertion to judge. */
export async function settled<T>(
  value: () => T | Promise<T>,
  isWanted: (value: T) => boolean,
  limitMs = 45_000,
): Promise<T> {
  const endMs = performance.now() + limitMs * slowdown;
  // What is returned is what was judged: the next look may catch a descriptor that the engine's telemetry has open.
  for (;;) {
    const now = await value();
    if (isWanted(now) || performance.now() >= endMs) return now;
    await sleep(10);
  }
}

/** Waits until `value()` has not changed for a quarter of a second, and resolves to it; to the last one after 30 s. */
export async function steady(value: () => number | Promise<number>): Promise<number> {
  let last = await value();
  let sinceMs = performance.now();
  const endMs = sinceMs + 30_000 * slowdown;
  while (performance.now() - sinceMs < 250 * slowdown && performance.now() < endMs) {
    await sleep(10);
    const now = await value();
    if (now !== last) sinceMs = performance.now();
    last = now;
  }
  return last;
}

export class ServerUnderTest {
  port = 0;
  readonly pid: number;
  stderr = '';
  /** Names of the threads that the engine announced, by their tid. */
  readonly threadNames = new Map<number, string>();
  /** The same by the number that other frames name them by. */
  readonly threadsStarted = new Map<number, ThreadStarted>();
  /** Called for each frame, once it has been looked at here. */
  onFrame: (frame: Frame) => void = () => {};
  /** For tests of the tests: what a wrong engine would send in place of its counters. */
  static planted: (counters: Counters) => Counters = (counters) => counters;
  /** The newest counters; after `stop` the last that the engine sent, which hold everything. */
  lastCounters: Counters | undefined;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly exit: Promise<[number | null, NodeJS.Signals | null]>;
  private readonly splitter = new FrameSplitter();
  private readonly replies = new Map<number, (error: string | undefined) => void>();
  private readonly snapshots = new Map<number, (counters: Counters) => void>();
  private ready: () => void = () => {};
  private finished: unknown;
  private nextId = 1;
  private hasExited = false;

  private constructor(settings: ServeSettings, command: readonly string[]) {
    const [file = '', ...args] = command;
    const config = JSON.stringify(settings);
    this.child = spawn(file, [...args, '--config', config, '--frames', '1'], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.pid = this.child.pid ?? 0;
    this.exit = once(this.child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    void this.exit.then(() => (this.hasExited = true));
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.child.stdout.on('data', (chunk: Buffer) => this.received(chunk));
    // A server that has gone is told by its exit, not by the pipe to it.
    this.child.stdin.on('error', () => {});
  }

  /**
   * Starts a server and waits for its ready frame. `wrapper` is a command that runs it, such as strace; `command` another
   * program than the engine under test.
   */
  static async start(
    model: string,
    settings: ServeSettings,
    wrapper: readonly string[] = [],
    command: readonly string[] = serveCommand(model),
  ): Promise<ServerUnderTest> {
    const server = new ServerUnderTest(settings, [...wrapper, ...command]);
    const isReady = new Promise<true>((resolve) => (server.ready = () => resolve(true)));
    const first = await Promise.race([isReady, server.exit, sleep(readyLimitMs * slowdown, 'late' as const)]);
    if (first === true) return server;
    server.child.kill('SIGKILL');
    throw new Error(`The server ${model} was not ready: ${JSON.stringify(first)} ${server.stderr}`);
  }

  private received(chunk: Buffer): void {
    for (const frame of this.splitter.push(chunk)) {
      if (frame.kind === frameKinds.ready) {
        this.port = (decodeJson(frame.payload) as { port: number }).port;
        this.ready();
      } else if (frame.kind === frameKinds.counters) {
        const counters = ServerUnderTest.planted(decodeCounters(frame.payload));
        this.lastCounters = counters;
        this.snapshots.get(counters.snapshotId)?.(counters);
        this.snapshots.delete(counters.snapshotId);
      } else if (frame.kind === frameKinds.threadStarted) {
        const thread = decodeThreadStarted(frame.payload);
        this.threadNames.set(thread.tid, thread.name);
        this.threadsStarted.set(thread.threadId, thread);
      } else if (frame.kind === frameKinds.reply) {
        const { id, error } = decodeJson(frame.payload) as { id: number; error?: string };
        this.replies.get(id)?.(error);
      } else if (frame.kind === frameKinds.finished) {
        this.finished = (decodeJson(frame.payload) as { reason: string }).reason;
      }
      this.onFrame(frame);
    }
  }

  /** Sends a command; resolves to the sentence that refuses it, or undefined. */
  command(cmd: string, fields: Readonly<Record<string, unknown>> = {}): Promise<string | undefined> {
    const id = this.nextId++;
    const answer = new Promise<string | undefined>((resolve) => this.replies.set(id, resolve));
    this.child.stdin.write(`${JSON.stringify({ id, cmd, ...fields })}\n`);
    const late = sleep(replyLimitMs * slowdown, undefined, { ref: false }).then(() => {
      throw new Error(`The server did not answer the command ${cmd}.`);
    });
    return Promise.race([answer, late]);
  }

  /** Reads no more frames, so that the engine's pipe fills, until resumeReading. */
  pauseReading(): void {
    this.child.stdout.pause();
  }
  resumeReading(): void {
    this.child.stdout.resume();
  }

  /** Counters of this moment. */
  snapshot(): Promise<Counters> {
    const id = this.nextId++;
    const answer = new Promise<Counters>((resolve) => this.snapshots.set(id, resolve));
    this.child.stdin.write(`${JSON.stringify({ id, cmd: 'snapshot' })}\n`);
    const late = sleep(replyLimitMs * slowdown, undefined, { ref: false }).then(() => {
      throw new Error('The server did not answer the snapshot command.');
    });
    return Promise.race([answer, late]);
  }

  /** Asks the server to stop by a command (the default), a signal or the end of its stdin, and waits for its end. */
  async stop(how: 'command' | 'eof' | NodeJS.Signals = 'command'): Promise<Ended> {
    const startMs = performance.now();
    if (how === 'command') this.child.stdin.write('{"id":0,"cmd":"stop"}\n');
    else if (how === 'eof') this.child.stdin.end();
    else this.child.kill(how);
    const killer = setTimeout(() => this.child.kill('SIGKILL'), stopLimitMs * slowdown);
    const [code, signal] = await this.exit;
    clearTimeout(killer);
    return { code, signal, tookMs: performance.now() - startMs, reason: this.finished };
  }

  /** For afterAll: nothing is left behind, whatever the tests did. */
  kill(): void {
    if (!this.hasExited) this.child.kill('SIGKILL');
  }

  get isRunning(): boolean {
    return !this.hasExited;
  }

  openFds(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  threads(): number {
    return readdirSync(`/proc/${this.pid}/task`).length;
  }

  childPids(): number[] {
    const pids = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim();
    return pids === '' ? [] : pids.split(' ').map(Number);
  }

  /** What a sanitizer wrote, or ''. */
  get findings(): string {
    return /Sanitizer|runtime error:/.test(this.stderr) ? this.stderr : '';
  }
}
