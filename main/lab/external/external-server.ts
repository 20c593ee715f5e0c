/** The user's own server: started by a command or attached to by its pid, found by its port, watched from outside. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunServer } from '../../../shared/schemas/settings.ts';
import { addressText, isLoopback, reachableHost, type Address } from '../addresses.ts';
import { parseCpuList } from '../cores.ts';
import { LabError, orInterrupted } from '../errors.ts';
import type { Notices } from '../notices.ts';
import { StderrTail } from '../stderr-tail.ts';
import { OutsideWatch } from './outside-watch.ts';
import { listenersOn, processTree, readStat, socketInodes } from './proc.ts';

/** From the start of the command to its listening, and how often the lab looks. */
const listenMs = 15_000;
const pollMs = 50;
/** From SIGTERM to SIGKILL. */
const graceMs = 3000;

/**
 * $1 is the command, $2 the CPUs. The command becomes this very process. Beside it one shell waits at descriptor 3, which
 * the lab holds open: when the lab is gone, however it went, the whole process group is ended.
 */
const launcher = `
( ( while read -r _; do :; done; trap '' TERM; kill -TERM 0; sleep ${graceMs / 1000}; kill -KILL 0 ) \
  <&3 >/dev/null 2>&1 3<&- & )
exec 3<&-
if [ -n "$2" ] && command -v taskset >/dev/null; then exec taskset -c "$2" sh -c "$1"; fi
exec sh -c "$1"`;

export interface ExternalContext {
  /** CPU list for a server that the lab starts; empty: wherever the kernel likes. */
  readonly cpus: string;
  readonly notices: Notices;
  readonly signal: AbortSignal | undefined;
}

/** Throws LabError where the settings do not say which server is meant. */
function checkSettings({ command, pid, port, handler }: RunServer): void {
  const refuse = (sentence: string): never => {
    throw new LabError('bad-input', sentence);
  };
  if (port === 0) refuse('An external server needs its port: the lab cannot know where it listens.');
  if ((command === undefined) === (pid === undefined)) {
    refuse('An external server needs either the command that starts it or the pid of a running one.');
  }
  if (handler === 'forward') refuse('What an external server does is its own affair: its handler is echo or respond.');
}

const samePids = (a: string, b: string): boolean => parseCpuList(a).join() === parseCpuList(b).join();

function pinnedTo(pid: number): string {
  return /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '';
}

export class ExternalServer {
  readonly pid: number;
  readonly watch: OutsideWatch;
  readonly address: Address;
  readonly #child: StartedCommand | undefined;
  #isWatched = true;

  private constructor(pid: number, address: Address, child: StartedCommand | undefined) {
    this.pid = pid;
    this.address = address;
    this.watch = new OutsideWatch(pid);
    this.#child = child;
  }

  /** Resolves when it listens on its port. Throws LabError; then nothing that the lab started is left running. */
  static async start(settings: RunServer, { cpus, notices, signal }: ExternalContext): Promise<ExternalServer> {
    checkSettings(settings);
    const { command, port } = settings;
    if (settings.pid !== undefined) {
      const { pid } = settings;
      if (!readStat(pid)) throw new LabError('bad-input', `There is no process ${pid}.`);
      const address = addressOf(pid, port);
      if (!address) {
        const what = listenersOn(port).length > 0 ? 'another process does' : 'nobody does';
        throw new LabError('bad-input', `Process ${pid} does not listen on port ${port}: ${what}.`);
      }
      if (cpus !== '' && !samePids(pinnedTo(pid), cpus)) {
        notices.add('lab', {
          ...{ level: 'info', code: 'notPinned' },
          text: `Process ${pid} was left on its own CPUs; \`taskset -cp ${cpus} ${pid}\` would pin it as the lab's servers are.`,
        });
      }
      return new ExternalServer(pid, address, undefined);
    }
    if (listenersOn(port).length > 0) {
      throw new LabError(
        'bad-input',
        `Somebody listens on port ${port} already, before the command was started: end that server, or attach to it by its pid.`,
      );
    }
    const child = new StartedCommand(command ?? '', cpus);
    try {
      const address = await orInterrupted(child.listening(port), signal);
      if (cpus !== '' && !samePids(pinnedTo(child.pid), cpus)) {
        notices.warn('notPinned', `The external server is not pinned to CPU ${cpus} as the lab's servers are.`);
      }
      return new ExternalServer(child.pid, address, child);
    } catch (error) {
      await child.stop();
      throw error;
    }
  }

  /** Where clients on this machine reach it, as HOST:PORT. */
  get target(): string {
    return addressText({ host: reachableHost(this.address.host), port: this.address.port });
  }

  /** Rejects with LabError where the server ends while `work` is awaited. */
  async during<T>(work: Promise<T>): Promise<T> {
    const early = this.#child ? this.#child.ended : this.#gone();
    return Promise.race([work, early.then((sentence): never => this.#failWith(sentence))]);
  }

  async #gone(): Promise<string> {
    while (this.#isWatched) {
      const stat = readStat(this.pid);
      if (!stat || stat.state === 'Z') return `Process ${this.pid} has ended.`;
      await sleep(pollMs);
    }
    return '';
  }

  #failWith(sentence: string): never {
    throw new LabError('failed', sentence);
  }

  /** Ends what the lab started, and nothing else. May be called again. */
  async stop(): Promise<void> {
    this.#isWatched = false;
    this.watch.stop();
    await this.#child?.stop();
  }
}

/** Where a process, or one that came of it, listens on the port. Throws LabError where it may not be watched. */
function addressOf(root: number, port: number): Address | undefined {
  const listeners = listenersOn(port);
  if (listeners.length === 0) return undefined;
  const inodes = new Set<string>();
  for (const pid of processTree(root)) {
    try {
      for (const inode of socketInodes(pid)) inodes.add(inode);
    } catch {
      throw new LabError('unavailable', `Process ${pid} belongs to another user, so that it cannot be watched.`);
    }
  }
  const own = listeners.find(({ inode }) => inodes.has(inode));
  if (!own) return undefined;
  if (!isLoopback(reachableHost(own.host))) {
    throw new LabError(
      'bad-input',
      `The server listens on ${own.host}; the lab's clients stay on this machine: let it listen on 127.0.0.1.`,
    );
  }
  return { host: own.host, port };
}

/** A command of the user's in a process group of its own. */
class StartedCommand {
  readonly pid: number;
  /** Resolves to the sentence that tells how it ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #stderr = new StderrTail();
  #hasEnded = false;
  #hasEndedWell = false;

  constructor(command: string, cpus: string) {
    this.#child = spawn('/bin/sh', ['-c', launcher, 'sh', command, cpus], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.pid = this.#child.pid ?? 0;
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#hasEnded = true;
        resolve(this.#stderr.appendedTo(`The external server ended ${how}.`));
      };
      this.#child.on('error', (error) => end(`before it began: ${error.message}`));
      this.#child.on('exit', (code, signal) => {
        this.#hasEndedWell = code === 0;
        end(signal === null ? `with exit code ${code ?? 'unknown'}` : `by ${signal}`);
      });
    });
  }

  /** Resolves to where it listens. Rejects with LabError where it ends before, or takes too long. */
  async listening(port: number): Promise<Address> {
    for (let waitedMs = 0; waitedMs < listenMs; waitedMs += pollMs) {
      if (this.#hasEnded) {
        const how = await this.ended;
        // One that ends well has most likely gone on in the background; one that fails has said why.
        const advice = ` It must stay in the foreground, as \`nginx -g 'daemon off;'\` does.`;
        throw new LabError('failed', this.#hasEndedWell ? how + advice : how);
      }
      const address = addressOf(this.pid, port);
      if (address) return address;
      await sleep(pollMs);
    }
    const text = `The external server did not listen on port ${port} within ${listenMs / 1000} s.`;
    throw new LabError('failed', this.#stderr.appendedTo(text));
  }

  async stop(): Promise<void> {
    this.#signal('SIGTERM');
    const kill = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    try {
      await this.ended;
    } finally {
      clearTimeout(kill);
    }
    // Of the group, whoever did not end with its first process.
    this.#signal('SIGKILL');
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.pid === 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch {
      // ESRCH: the group is gone, which is what was wanted.
    }
  }
}
