/** The lab in a browser: the built renderer and one WebSocket, on 127.0.0.1, for who was let in. Nothing else. */
import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { serveContract, type ServedLab } from '../lab/contract-server/contract-server.ts';
import type { Verbs } from '../../shared/contract/contract.ts';
import { LabError, sentenceOf } from '../lab/errors.ts';
import { codeSeconds, Gate, type GateOptions } from './gate.ts';
import { maxMessageBytes } from '../../shared/contract/wire.ts';
import { Newcomers } from './newcomers.ts';
import { pageHeaders } from './page-policy.ts';
import { socketWire } from './socket-wire.ts';
import { findFiles, readStatic, type StaticFile } from './static-files.ts';

export const socketPath = '/lab';

/** Nobody who means well takes longer to say what they ask for. */
const headersTimeoutMs = 10_000;

export interface WebHost {
  readonly port: number;
  /** To be opened in one browser, within seconds: it lets in. */
  newAddress(): string;
  /** Resolves when nobody is connected and every engine is gone. */
  close(): Promise<void>;
}

export interface WebHostOptions extends Omit<GateOptions, 'port'> {
  /** 0: any free one. */
  readonly port: number;
  /** Holds the built renderer. It may be built anew meanwhile. */
  readonly folder: string;
  /** Told what failed in a request of somebody; it is the only one that ends. */
  readonly complain: (sentence: string) => void;
}

/** What the host does with a lab: serves it, and ends it. */
export type HostedLab = ServedLab & { close(): Promise<void> };

/** Listens on 127.0.0.1. Throws LabError. */
export async function startWebHost(lab: HostedLab, verbs: Verbs, options: WebHostOptions): Promise<WebHost> {
  const { complain } = options;
  let files = findFiles(options.folder);
  const server = createServer({ headersTimeout: headersTimeoutMs, connectionsCheckingInterval: headersTimeoutMs / 2 });
  const { port } = await listen(server, options.port);
  const gate = new Gate({ ...options, port });
  const newcomers = new Newcomers(server);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false });
  server.on('error', (error) => complain(`A connection could not be taken: ${sentenceOf(error)}`));

  function take(request: IncomingMessage, response: ServerResponse): void {
    const address = addressOf(request);
    const refused = gate.refusal(request.headers);
    if (!address || refused !== undefined) {
      refuse(response, 403, refused ?? 'This address cannot be read.');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'This lab is asked by GET.');
    } else if (address.searchParams.has('code')) {
      exchange(request, response, address.searchParams.get('code') ?? '');
    } else if (!gate.hasCookie(request.headers)) {
      refuse(response, 403, `Open the address that fdscope printed: it lets one browser in, within ${codeSeconds} s.`);
    } else {
      const stranger = gate.stranger(request.socket);
      if (stranger !== undefined) {
        refuse(response, 403, stranger);
        return;
      }
      newcomers.admit(request.socket);
      // A renderer that was built anew has other names.
      if (address.pathname === '/') files = findFiles(options.folder);
      respond(request, response, files.get(address.pathname));
    }
  }

  /** A stranger's try costs the user nothing: the code stays good. */
  function exchange(request: IncomingMessage, response: ServerResponse, code: string): void {
    const stranger = gate.stranger(request.socket);
    if (stranger !== undefined) refuse(response, 403, stranger);
    else if (!gate.take(code)) {
      refuse(
        response,
        403,
        `This address was opened before, or is older than ${codeSeconds} s, or is that of another lab. ` +
          'Press Enter where fdscope runs: it prints a new one.',
      );
    } else {
      // The code leaves the address bar, the history and whatever copies them.
      response.writeHead(303, { ...pageHeaders, Location: '/', 'Set-Cookie': gate.cookie }).end();
    }
  }

  // Whatever a request is, it ends nothing but itself.
  server.on('request', (request, response) => {
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      take(request, response);
    } catch (error) {
      const isBuilding = error instanceof LabError;
      if (!isBuilding) complain(`A request failed: ${sentenceOf(error)}`);
      if (response.headersSent) response.destroy();
      else if (isBuilding) refuse(response, 503, 'The page is being built: reload in a moment.');
      else refuse(response, 500, 'This request failed; others go on.');
    }
  });

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Browsers always name the Origin of a WebSocket.
    const isAllowed =
      addressOf(request)?.pathname === socketPath &&
      request.headers.origin !== undefined &&
      gate.refusal(request.headers) === undefined &&
      gate.hasCookie(request.headers) &&
      gate.stranger(request.socket) === undefined;
    if (!isAllowed) {
      refuseUpgrade(socket);
      return;
    }
    newcomers.admit(request.socket);
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('error', () => {}); // `close` follows, and ends what is served
      serveContract(socketWire(accepted), verbs, lab);
    });
  }

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    try {
      upgrade(request, socket, head);
    } catch (error) {
      complain(`A window could not be connected: ${sentenceOf(error)}`);
      socket.destroy();
    }
  });

  return {
    port,
    newAddress: () => gate.newAddress(),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Before the connections: windows see it stop.
      await lab.close();
      for (const socket of sockets.clients) socket.close(1001, 'The lab has ended.');
      const impatient = setTimeout(() => {
        sockets.clients.forEach((socket) => socket.terminate());
        server.closeAllConnections();
      }, 500);
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

/** Undefined where the request's target is not a path of this host, or none at all: the parser refuses some. */
function addressOf({ url = '' }: IncomingMessage): URL | undefined {
  const base = 'http://127.0.0.1';
  return url.startsWith('/') && !url.startsWith('//') && URL.canParse(url, base) ? new URL(url, base) : undefined;
}

function respond(request: IncomingMessage, response: ServerResponse, file: StaticFile | undefined): void {
  const content = file && readStatic(file);
  if (!content) {
    refuse(response, 404, 'There is no such page; where the page was built anew, reload it.');
    return;
  }
  response.writeHead(200, { ...pageHeaders, 'Content-Type': file.type, 'Content-Length': content.length });
  response.end(request.method === 'HEAD' ? undefined : content);
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { ...pageHeaders, 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}

function refuseUpgrade(socket: Duplex): void {
  socket.end(`HTTP/1.1 403 ${STATUS_CODES[403] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
