/** Servers that answer as real ones sometimes do, with an account of their own to hold the clients' against. */
import { createServer, type Server, type Socket } from 'node:net';

export interface OddCounts {
  connections: number;
  requests: number;
  /** Requests that came on a connection behind the reply that was said to be its last. */
  afterLast: number;
}

export interface OddServer {
  readonly target: string;
  readonly counts: OddCounts;
  close(): void;
}

/** What a server does with the n-th request (from 1) of a connection: bytes, and whether the connection ends behind them. */
export type Answer = (
  n: number,
  total: number,
) => { readonly bytes?: string; readonly ends?: boolean; readonly afterMs?: number };

const listen = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 1024, () => {
      const address = server.address();
      resolve(`127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`);
    });
  });

/** A server of requests that end with an empty line (or, `endOf`, with something else) and have no body. */
export async function oddServer(answer: Answer, endOf = '\r\n\r\n'): Promise<OddServer> {
  const counts: OddCounts = { connections: 0, requests: 0, afterLast: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    counts.connections++;
    sockets.add(socket);
    let text = '';
    let n = 0;
    let isOver = false;
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let at = text.indexOf(endOf); at >= 0; at = text.indexOf(endOf)) {
        text = text.slice(at + endOf.length);
        counts.requests++;
        if (isOver) {
          counts.afterLast++;
          continue;
        }
        const { bytes, ends = false, afterMs = 0 } = answer(++n, counts.requests);
        isOver = ends;
        const send = (): void => {
          if (bytes !== undefined) socket.write(bytes, 'latin1');
          if (ends) setTimeout(() => socket.end(), 20);
        };
        if (afterMs > 0) setTimeout(send, afterMs);
        else send();
      }
    });
  });
  const target = await listen(server);
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { target, counts, close };
}

export const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
