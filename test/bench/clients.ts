/** Clients that drive a server for a bounded time: wrk, and our own load engine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { engine } from '../support/engines.ts';
import { isInstalled } from '../support/tools.ts';
import { processUsage, type ProcessUsage } from './processes.ts';

export interface ClientResult {
  readonly requests: number;
  readonly seconds: number;
  /** CPU of the client itself, over its whole life. */
  readonly cpuSeconds: number;
}

export type Client = (port: number, seconds: number) => Promise<ClientResult>;

export interface ClientSettings {
  readonly connections: number;
  readonly cpu: string;
}

export const hasWrk = (): boolean => isInstalled('wrk');

const live = new Set<ChildProcess>();
/** For a bench that is interrupted. */
export const endClients = (): void => live.forEach((child) => child.kill('SIGKILL'));

/** Runs to the end; the last look at /proc before it ended gives its CPU, at most 20 ms of which are missed. */
async function finish(child: ChildProcess): Promise<{ output: string; usage: ProcessUsage; code: number | null }> {
  live.add(child);
  let output = '';
  let usage: ProcessUsage = { cpuSeconds: 0, voluntarySwitches: 0, involuntarySwitches: 0 };
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const timer = setInterval(() => {
    const now = processUsage(child.pid ?? 0);
    if (now.cpuSeconds >= usage.cpuSeconds) usage = now;
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(timer);
  live.delete(child);
  return { output, usage, code };
}

export const wrkClient =
  ({ connections, cpu }: ClientSettings): Client =>
  async (port, seconds) => {
    const url = `http://127.0.0.1:${port}/`;
    // Its time is in whole seconds.
    const whole = Math.max(1, Math.round(seconds));
    const args = ['-c', cpu, 'wrk', '-t1', `-c${connections}`, `-d${whole}s`, url];
    const { output, usage } = await finish(spawn('taskset', args, { stdio: ['ignore', 'pipe', 'ignore'] }));
    const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? NaN);
    if (!(requests > 0)) throw new Error(`wrk reported no requests:\n${output}`);
    return { requests, seconds: whole, cpuSeconds: usage.cpuSeconds };
  };

/** What the load engine prints on its closing line, as far as it is read here. */
interface LoadTotals {
  readonly requests: number;
}

/** Checks that replies are whole, as wrk does, and not every byte. */
export const loadClient =
  (protocol: 'http' | 'resp', { connections, cpu }: ClientSettings): Client =>
  async (port, seconds) => {
    const config = {
      ...{ protocol, target: `127.0.0.1:${port}`, durationMs: seconds * 1000, warmupMs: 0, check: 'framing' },
      clients: [{ profile: 'closed', connections }],
    };
    const args = ['-c', cpu, engine, 'load', '--config', JSON.stringify(config)];
    const { output, usage, code } = await finish(spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    if (code !== 0) throw new Error(`the load engine ended with code ${code}`);
    const totals = JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadTotals;
    return { requests: totals.requests, seconds, cpuSeconds: usage.cpuSeconds };
  };
