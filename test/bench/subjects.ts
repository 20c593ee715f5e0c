/** Servers under measurement: ours, and the well-known ones they are held against. Each listens on 127.0.0.1. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { counterOf } from '../../shared/telemetry/codec.ts';
import type { DetailLevel } from '../../shared/telemetry/wire.ts';
import { allModels, root, serveCommand } from '../support/engines.ts';
import { ServerUnderTest, type ServeSettings } from '../support/server-under-test.ts';
import { isInstalled, toolEnvironment } from '../support/tools.ts';

export type Protocol = 'http' | 'resp';

export interface Running {
  readonly pid: number;
  readonly port: number;
  /** System calls so far; undefined where the server does not count them. */
  syscalls(): Promise<number | undefined>;
  /** Context switches so far, of threads that have ended, too; undefined where only /proc has them, of those that live. */
  switches(): Promise<number | undefined>;
  /** Ends it by its pid. May be called again. */
  stop(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  /** Why it cannot be measured here, or undefined. */
  missing(): string | undefined;
  start(cpu: string): Promise<Running>;
}

const live = new Set<Running>();
/** Ends whatever still runs; for a bench that is interrupted. */
export async function endServers(): Promise<void> {
  await Promise.all([...live].map((server) => server.stop()));
}

function tracked(server: Running): Running {
  live.add(server);
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilListening(name: string, port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`${name} ended with code ${child.exitCode} before it listened`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await sleep(25);
  }
  throw new Error(`${name} did not listen within 5 s`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await closed;
  clearTimeout(killer);
}

/** Starts somebody else's server and waits until it listens. taskset executes the command in its own process. */
async function startForeign(
  cpu: string,
  [command = '', ...args]: readonly string[],
  port: number,
  cleanUp = () => {},
): Promise<Running> {
  const child = spawn('taskset', ['-c', cpu, command, ...args], { stdio: 'ignore', env: toolEnvironment });
  const server: Running = {
    pid: child.pid ?? 0,
    port,
    syscalls: () => Promise.resolve(undefined),
    switches: () => Promise.resolve(undefined),
    stop: async () => {
      await end(child);
      live.delete(server);
      cleanUp();
    },
  };
  tracked(server);
  try {
    await untilListening(command, port, child);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export interface EngineVariant {
  readonly name?: string;
  /** Another build of the engine. */
  readonly binary?: string;
  readonly options?: ServeSettings['options'];
  /** How much is recorded. */
  readonly inside?: { readonly level: DetailLevel; readonly switches: boolean };
}

/** Our engine as the lab runs it, with its frames every 50 ms. */
export function engineSubject(model: string, protocol: Protocol, variant: EngineVariant = {}): Subject {
  const { name = model, binary, options = {}, inside } = variant;
  const facts = allModels().find(({ id }) => id === model);
  return {
    name,
    missing() {
      if (binary !== undefined && !existsSync(binary)) return `${binary} is not built`;
      return facts?.available ? undefined : (facts?.reason ?? 'the engine does not have this model');
    },
    async start(cpu) {
      const handler = protocol === 'resp' ? 'echo' : 'respond';
      const [file, ...args] = serveCommand(model);
      const command = [binary ?? file, ...args];
      const settings = { protocol, handler, responseBytes: 128, options, ...inside };
      const engine = await ServerUnderTest.start(model, settings, ['taskset', '-c', cpu], command);
      const server: Running = {
        pid: engine.pid,
        port: engine.port,
        syscalls: async () => {
          const calls = (await engine.snapshot()).syscalls.reduce((sum, count) => sum + count, 0);
          // The model node and the build without counters count none.
          return calls > 0 ? calls : undefined;
        },
        switches: async () => {
          const counters = await engine.snapshot();
          return counterOf(counters, 'voluntarySwitches') + counterOf(counters, 'involuntarySwitches');
        },
        stop: async () => {
          if (engine.isRunning) await engine.stop();
          live.delete(server);
        },
      };
      return tracked(server);
    },
  };
}

export const nginxSubject: Subject = {
  name: 'nginx',
  missing: () => (isInstalled('nginx') ? undefined : 'nginx is not installed'),
  async start(cpu) {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'fdscope-nginx-'));
    const body = 'x'.repeat(128);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${body}"; } }
}
`,
    );
    const command = ['nginx', '-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')];
    return startForeign(cpu, command, port, () => rmSync(folder, { recursive: true, force: true }));
  },
};

export const redisSubject: Subject = {
  name: 'redis-server',
  missing: () => (isInstalled('redis-server') ? undefined : 'redis-server is not installed'),
  async start(cpu) {
    const port = await freePort();
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    return startForeign(cpu, ['redis-server', ...settings], port);
  },
};

/** A minimal responder on libuv, compiled from libuv-responder.c where libuv's headers are installed. */
export function libuvSubject(): Subject {
  const binary = join(root, 'build/bench/libuv-responder');
  const source = join(root, 'test/bench/libuv-responder.c');
  return {
    name: 'libuv responder',
    missing() {
      mkdirSync(join(root, 'build/bench'), { recursive: true });
      const compiled = spawnSync('cc', ['-O2', '-o', binary, source, '-luv'], { encoding: 'utf8' });
      return compiled.status === 0 ? undefined : 'libuv is not installed with its headers (libuv1-dev)';
    },
    async start(cpu) {
      const port = await freePort();
      return startForeign(cpu, [binary, String(port)], port);
    },
  };
}

/** The whole of `calls` in the summary of `strace -c`. */
export const tracedCalls = (summary: string): number =>
  Number(/^\s*[\d.]+\s+[\d.]+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total\s*$/m.exec(summary)?.[1] ?? NaN);

/**
 * System calls a request of a server that does not count them itself, by `strace -c -f` attached while `drive` runs.
 * Undefined where strace is not installed or may not trace.
 */
export async function traceSyscalls(
  pid: number,
  drive: () => Promise<{ requests: number }>,
): Promise<number | undefined> {
  if (!isInstalled('strace')) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-strace-'));
  const file = join(folder, 'summary');
  const tracer = spawn('strace', ['-c', '-f', '-o', file, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = new Promise((resolve) => tracer.once('close', resolve));
  try {
    const isAttached = new Promise<boolean>((resolve) => {
      tracer.stderr.on('data', (chunk: Buffer) => chunk.toString().includes('attached') && resolve(true));
      tracer.once('close', () => resolve(false));
    });
    if (!(await isAttached)) return undefined;
    const { requests } = await drive();
    tracer.kill('SIGINT');
    await closed;
    return tracedCalls(readFileSync(file, 'utf8')) / requests;
  } finally {
    tracer.kill('SIGKILL');
    await closed;
    rmSync(folder, { recursive: true, force: true });
  }
}
