/** Debian's nginx as somebody's own server, with what it logged: the independent count of what it was asked. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolEnvironment } from './tools.ts';

export interface Nginx {
  readonly port: number;
  readonly folder: string;
  /** Lines of the access log; whole once the server has ended. */
  readonly log: () => string[];
  /** Ends it in good order, which writes its log to the end. */
  readonly stop: () => Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const client = connect(port, '127.0.0.1', () => {
      client.destroy();
      resolve(true);
    });
    client.on('error', () => resolve(false));
  });

/** `server` is the inside of its server block but for the port; `listen` what stands behind the port: "ssl http2". */
export async function startNginx(server: string, listen = ''): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-nginx-'));
  const port = await freePort();
  const conf = `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 2048; }
http {
  log_format asked '$status $request_method $request_uri $server_protocol $host';
  access_log ${folder}/access.log asked;
  keepalive_requests 1000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port} ${listen}; ${server.replaceAll('FOLDER', folder)} }
}
`;
  writeFileSync(join(folder, 'nginx.conf'), conf);
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: toolEnvironment,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  for (let waited = 0; waited < 60_000 && child.exitCode === null && !(await answers(port)); waited += 50) {
    await sleep(50);
  }
  if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}: ${said}`);
  const log = (): string[] => {
    const path = join(folder, 'access.log');
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGQUIT');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  };
  return { port, folder, log, stop };
}

export const removeNginx = ({ folder }: Nginx): void => rmSync(folder, { recursive: true, force: true });
