/** The lab in a browser: the built renderer and one WebSocket, on 127.0.0.1, for who has the token. Nothing else. */
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { serveContract } from '../lab/contract-server/contract-server.ts';
import { verbsOf } from '../lab/contract-server/verbs.ts';
import { LabError, sentenceOf } from '../lab/errors.ts';
import type { LabService } from '../lab/lab-service.ts';
import { Gate } from './gate.ts';
import { pageHeaders } from './page-policy.ts';
import { socketWire } from './socket-wire.ts';
import { findFiles, readStatic, type StaticFile } from './static-files.ts';

export const socketPath = '/lab';

/** A request of the contract is a page of JSON. */
const maxMessageBytes = 1 << 20;

export interface WebHost {
  /** To be opened in a browser; holds the token. */
  readonly address: string;
  readonly port: number;
  /** Resolves when nobody is connected and every engine is gone. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; port 0: any free one. `folder` holds the built renderer. Throws LabError. */
export async function startWebHost(lab: LabService, options: { port: number; folder: string }): Promise<WebHost> {
  let files = findFiles(options.folder);
  const server = createServer();
  const { port } = await listen(server, options.port);
  const gate = new Gate(port);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  const verbs = verbsOf(lab, 'web');

  server.on('request', (request, response) => {
    const address = addressOf(request);
    const refused = gate.refusal(request.headers);
    if (!address || refused !== undefined) {
      refuse(response, 403, refused ?? 'This address cannot be read.');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'This lab is asked by GET.');
    } else if (address.searchParams.has('token')) {
      if (!gate.hasToken(address)) {
        refuse(response, 403, 'The token is not that of this lab: open the address that it printed.');
        return;
      }
      // The token leaves the address bar, the history and whatever copies them.
      response.writeHead(303, { ...pageHeaders, Location: '/', 'Set-Cookie': gate.cookie }).end();
    } else if (!gate.hasCookie(request.headers)) {
      refuse(response, 403, 'Open the address that fdscope printed: it holds the token that lets you in.');
    } else {
      // A renderer that was built anew has other names.
      if (address.pathname === '/') files = findFiles(options.folder);
      respond(request, response, files.get(address.pathname));
    }
  });

  server.on('upgrade', (request, socket, head) => {
    const address = addressOf(request);
    // Browsers always name the Origin of a WebSocket.
    const isAllowed =
      address?.pathname === socketPath &&
      request.headers.origin !== undefined &&
      gate.refusal(request.headers) === undefined &&
      gate.hasCookie(request.headers);
    if (!isAllowed) {
      refuseUpgrade(socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('error', () => {}); // `close` follows, and ends what is served
      serveContract(socketWire(accepted), verbs, lab);
    });
  });

  return {
    ...{ address: gate.address, port },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Before the connections: windows see it stop.
      await lab.close();
      for (const socket of sockets.clients) socket.close(1001, 'The lab has ended.');
      const impatient = setTimeout(() => sockets.clients.forEach((socket) => socket.terminate()), 500);
      server.closeIdleConnections();
      await closed;
      clearTimeout(impatient);
    },
  };
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is already in use' : `cannot be used (${sentenceOf(error)})`;
      reject(new LabError('bad-input', `Port ${port} ${why}; choose another with --port, or 0 for any free one.`));
    });
    server.listen({ host: '127.0.0.1', port }, () => resolve(server.address() as AddressInfo));
  });
}

/** Undefined where the request's target is not a path of this host. */
function addressOf({ url = '' }: IncomingMessage): URL | undefined {
  return url.startsWith('/') && !url.startsWith('//') ? new URL(url, 'http://127.0.0.1') : undefined;
}

function respond(request: IncomingMessage, response: ServerResponse, file: StaticFile | undefined): void {
  if (!file) {
    refuse(response, 404, 'There is no such page.');
    return;
  }
  const content = readStatic(file);
  response.writeHead(200, { ...pageHeaders, 'Content-Type': file.type, 'Content-Length': content.length });
  response.end(request.method === 'HEAD' ? undefined : content);
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { ...pageHeaders, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

function refuseUpgrade(socket: Duplex): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 403 ${STATUS_CODES[403] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
