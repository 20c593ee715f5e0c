/** Clients that drive a subject for a bounded time: wrk, redis-benchmark, and our own load engine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { type ProcessUsage, processUsage } from './processes.ts';

export interface ClientResult {
  readonly requests: number;
  readonly seconds: number;
  /** CPU of the client itself, over its whole life. */
  readonly cpuSeconds: number;
}

export interface Drive {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly cpu: string;
}

export const hasWrk = (): boolean => spawnSync('sh', ['-c', 'command -v wrk']).status === 0;

/** Runs to the end; the last look at /proc before it ended gives its CPU, at most 20 ms of which are missed. */
async function finish(child: ChildProcess): Promise<{ output: string; usage: ProcessUsage; code: number | null }> {
  let output = '';
  let usage: ProcessUsage = { cpuSeconds: 0, voluntarySwitches: 0, involuntarySwitches: 0 };
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const timer = setInterval(() => {
    const now = processUsage(child.pid ?? 0);
    if (now.cpuSeconds >= usage.cpuSeconds) usage = now;
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearInterval(timer);
  return { output, usage, code };
}

export async function driveWithWrk({ port, connections, seconds, cpu }: Drive): Promise<ClientResult> {
  const url = `http://127.0.0.1:${port}/`;
  const args = ['-c', cpu, 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, url];
  const { output, usage } = await finish(spawn('taskset', args, { stdio: ['ignore', 'pipe', 'ignore'] }));
  const requests = Number(/(\d+) requests in/.exec(output)?.[1] ?? NaN);
  if (!(requests > 0)) throw new Error(`wrk reported no requests:\n${output}`);
  return { requests, seconds, cpuSeconds: usage.cpuSeconds };
}

/** What the load engine prints on its closing line, as far as it is read here. */
interface LoadTotals {
  readonly requests: number;
}

export async function driveWithLoadEngine(
  binary: string,
  protocol: 'http' | 'resp',
  { port, connections, seconds, cpu }: Drive,
): Promise<ClientResult> {
  const config = {
    protocol,
    target: `127.0.0.1:${port}`,
    durationMs: seconds * 1000,
    warmupMs: 0,
    check: 'framing',
    clients: [{ profile: 'closed', connections }],
  };
  const args = ['-c', cpu, binary, 'load', '--config', JSON.stringify(config)];
  const { output, usage, code } = await finish(spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] }));
  if (code !== 0) throw new Error(`the load engine ended with code ${code}`);
  const totals = JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadTotals;
  return { requests: totals.requests, seconds, cpuSeconds: usage.cpuSeconds };
}
