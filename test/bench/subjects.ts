/** Servers under measurement: ours, and the well-known ones they are held against. Each listens on 127.0.0.1. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Running {
  readonly pid: number;
  readonly port: number;
  /** Ends it by pid; resolves to the engine's own totals where it is ours. */
  stop(): Promise<EngineTotals | undefined>;
}

export interface Subject {
  readonly name: string;
  readonly protocol: 'http' | 'resp';
  /** Why it cannot be measured here, or undefined. */
  missing(): string | undefined;
  start(cpu: string): Promise<Running>;
}

/** The part of the engine's closing line that the bench reads. */
export interface EngineTotals {
  readonly requests: number;
  readonly syscalls: Record<string, number>;
}

const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode} before it listened`);
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
  throw new Error('the server did not listen within 5 s');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await closed;
  clearTimeout(killer);
}

const live = new Set<ChildProcess>();
/** Ends whatever is still running; for a bench that is interrupted. */
export async function endAll(): Promise<void> {
  await Promise.all([...live].map(end));
}

function launch(cpu: string, command: string[]): ChildProcess {
  const child = spawn('taskset', ['-c', cpu, ...command], { stdio: ['ignore', 'pipe', 'ignore'] });
  live.add(child);
  child.once('close', () => live.delete(child));
  return child;
}

/** Starts a third party's server and waits until it listens. taskset executes the command in its own process. */
async function startForeign(
  cpu: string,
  command: string,
  args: string[],
  port: number,
  cleanUp = () => {},
): Promise<Running> {
  const child = launch(cpu, [command, ...args]);
  child.stdout?.resume();
  await untilListening(port, child);
  return {
    pid: child.pid ?? 0,
    port,
    stop: async () => {
      await end(child);
      cleanUp();
      return undefined;
    },
  };
}

export function engineSubject(binary: string, model: string, protocol: 'http' | 'resp', name = model): Subject {
  // The model `node` is a Node process that takes the same command line.
  const nodeServer = 'out/node-server.mjs';
  const program = model === 'node' ? [process.execPath, nodeServer] : [binary];
  const file = model === 'node' ? nodeServer : binary;
  return {
    name,
    protocol,
    missing: () => (existsSync(file) ? undefined : `${file} is not built`),
    async start(cpu) {
      const handler = protocol === 'resp' ? 'echo' : 'respond';
      const config = JSON.stringify({ model, protocol, handler, responseBytes: 128 });
      const child = launch(cpu, [...program, 'serve', '--config', config]);
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const closed = new Promise((resolve) => child.once('close', resolve));
      for (let i = 0; i < 400 && !text.includes('\n') && child.exitCode === null; i++) await sleep(10);
      const first: unknown = JSON.parse(text.split('\n')[0] ?? '');
      const { ready } = first as { ready: { port: number } };
      return {
        pid: child.pid ?? 0,
        port: ready.port,
        stop: async () => {
          await end(child);
          await closed;
          const last = text.trim().split('\n').at(-1) ?? '';
          return JSON.parse(last) as EngineTotals;
        },
      };
    },
  };
}

export const nginxSubject: Subject = {
  name: 'nginx',
  protocol: 'http',
  missing: () => (has('nginx') || existsSync('/usr/sbin/nginx') ? undefined : 'nginx is not installed'),
  async start(cpu) {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'fdscope-nginx-'));
    const body = 'x'.repeat(128);
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 1000000000; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${body}"; } } }
`,
    );
    const command = has('nginx') ? 'nginx' : '/usr/sbin/nginx';
    const cleanUp = () => rmSync(folder, { recursive: true, force: true });
    return startForeign(cpu, command, ['-c', join(folder, 'nginx.conf'), '-p', folder], port, cleanUp);
  },
};

export const redisSubject: Subject = {
  name: 'redis-server',
  protocol: 'resp',
  missing: () => (has('redis-server') ? undefined : 'redis-server is not installed'),
  async start(cpu) {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    return startForeign(cpu, 'redis-server', args, port);
  },
};

/** A minimal responder on libuv, compiled from libuv-responder.c where libuv's headers are installed. */
export function libuvSubject(source: string, outFolder: string): Subject {
  const binary = join(outFolder, 'libuv-responder');
  const compile = () => spawnSync('cc', ['-O2', '-o', binary, source, '-luv'], { encoding: 'utf8' });
  return {
    name: 'libuv responder',
    protocol: 'http',
    missing: () => (compile().status === 0 ? undefined : 'libuv is not installed with its headers (libuv1-dev)'),
    async start(cpu) {
      const port = await freePort();
      return startForeign(cpu, binary, [String(port)], port);
    },
  };
}
