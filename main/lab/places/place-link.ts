/** A channel to `fdscope-engine place`: what machine it is, what its clock says, whether it reaches an address. */
import { spawn, type ChildProcess } from 'node:child_process';
import { z } from 'zod';
import type { Command } from '../engine-location.ts';
import { LabError } from '../errors.ts';
import { StderrTail } from '../stderr-tail.ts';
import { labNowNs, type RoundTrip } from './clock.ts';

export const helloSchema = z.object({
  wireVersion: z.number(),
  machine: z.string(),
  kernel: z.string(),
  host: z.string(),
  cpus: z.number(),
  files: z.number(),
  timeNs: z.number(),
});
export type Hello = z.infer<typeof helloSchema>;

const clockSchema = z.object({ timeNs: z.number() });
const reachSchema = z.object({ reach: z.enum(['ok', 'refused', 'silent', 'failed']), why: z.string(), ns: z.number() });
export type Reach = z.infer<typeof reachSchema>;

const helloMs = 20_000;
const answerMs = 10_000;
const mostLine = 16_384;

export class PlaceLink {
  readonly #child: ChildProcess;
  readonly #stderr = new StderrTail();
  readonly #waiting: { resolve: (line: string) => void; reject: (error: LabError) => void }[] = [];
  #pending = '';
  #gone: LabError | undefined;
  readonly ended: Promise<void>;

  constructor(command: Command) {
    this.#child = spawn(command.file, command.args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: command.isApart === true,
    });
    this.#child.stdin?.on('error', () => {}); // EPIPE: it has gone, and `ended` says so
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.ended = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#fail(new LabError('failed', how));
        resolve();
      };
      this.#child.on('error', (error) => end(error.message));
      this.#child.on('close', (code, signal) => end(`it ended with ${signal ?? `exit code ${code ?? 'unknown'}`}`));
    });
  }

  /** What its launcher wrote to stderr, the last lines of it. */
  get said(): readonly string[] {
    return this.#stderr.lines;
  }

  /** The first line. */
  async hello(): Promise<Hello> {
    return this.#parsed(helloSchema, await this.#next(helloMs));
  }

  async clock(): Promise<RoundTrip> {
    const sentNs = labNowNs();
    const line = await this.#ask('clock', answerMs);
    const receivedNs = labNowNs();
    return { sentNs, placeNs: this.#parsed(clockSchema, line).timeNs, receivedNs };
  }

  /** Of "HOST:PORT"; "silent" where nobody answers within `limitMs`. */
  async reach(address: string, limitMs: number): Promise<Reach> {
    return this.#parsed(reachSchema, await this.#ask(`reach ${address} ${limitMs}`, limitMs + answerMs));
  }

  /** Ends it; resolves when its launcher is gone. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await this.ended;
    clearTimeout(late);
  }

  /** Answers come in the order of the questions. */
  #ask(line: string, limitMs: number): Promise<string> {
    const answer = this.#next(limitMs);
    this.#child.stdin?.write(`${line}\n`);
    return answer;
  }

  #next(limitMs: number): Promise<string> {
    if (this.#gone) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#fail(new LabError('failed', `it did not answer within ${limitMs / 1000} s`));
        this.#child.kill('SIGKILL');
      }, limitMs);
      this.#waiting.push({
        resolve: (line) => {
          clearTimeout(late);
          resolve(line);
        },
        reject: (error) => {
          clearTimeout(late);
          reject(error);
        },
      });
    });
  }

  #receive(chunk: Buffer): void {
    this.#pending += chunk.toString('utf8');
    for (let end; (end = this.#pending.indexOf('\n')) >= 0;) {
      const line = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(end + 1);
      this.#waiting.shift()?.resolve(line);
    }
    if (this.#pending.length > mostLine) this.#child.kill('SIGKILL');
  }

  #fail(error: LabError): void {
    this.#gone ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#gone);
  }

  #parsed<T>(schema: z.ZodType<T>, line: string): T {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new LabError('failed', `it said "${line.slice(0, 100)}", which is no answer of the engine`);
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new LabError('failed', `it said "${line.slice(0, 100)}", which is not what was asked`);
  }
}
