/** `fdscope web` as a browser meets it: a process, its address, and a window that speaks the contract. */
import { request } from 'node:http';
import { WebSocket } from 'ws';
import { LabClient } from '../../shared/contract/client.ts';
import { socketWire } from '../../main/web/socket-wire.ts';
import { socketPath } from '../../main/web/web-host.ts';
import { startCli, type Started } from '../cli/command-line.ts';

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface WebLab {
  readonly process: Started;
  readonly port: number;
  /** What stands for a browser that was let in. */
  readonly cookie: string;
}

export async function startWebLab(
  env: NodeJS.ProcessEnv = {},
  by: readonly string[] = [],
  args: readonly string[] = ['web', '--no-open'],
): Promise<WebLab> {
  const process = startCli(args, env, by);
  const [, port = '', code = ''] = await process.until('stdout', printedAddress);
  return { process, port: Number(port), cookie: cookieIn(await get(Number(port), `/?code=${code}`)) };
}

/** Its groups are the port and the code. */
export const printedAddress = /http:\/\/127\.0\.0\.1:(\d+)\/\?code=(\S+)/;

/** Name and value of the cookie that an answer gives. */
export const cookieIn = ({ headers }: Answer): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';

export function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Resolves to the socket, or to the status of the refusal. */
export function knock(port: number, headers: Record<string, string>, path = socketPath): Promise<WebSocket | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, perMessageDeflate: false });
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
    });
    socket.on('error', reject);
  });
}

/** A window of the app. */
export async function openWindow(lab: WebLab): Promise<LabClient> {
  const headers = { origin: `http://127.0.0.1:${lab.port}`, cookie: lab.cookie };
  const socket = await knock(lab.port, headers);
  if (typeof socket === 'number') throw new Error(`The window was refused with ${socket}.`);
  return new LabClient(socketWire(socket));
}
