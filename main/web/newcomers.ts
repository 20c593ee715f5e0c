/** Connections that have not shown the cookie yet. Any user of the machine can open them: they may not take all fds. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** More than the browsers of one user open at once. */
const mostNewcomers = 64;

export class Newcomers {
  /** In the order in which they came. */
  readonly #sockets = new Set<Socket>();

  /** From here on the oldest goes when one too many comes. */
  constructor(server: Pick<Server, 'on'>) {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if (this.#sockets.size <= mostNewcomers) return;
      const [oldest] = this.#sockets;
      oldest?.destroy();
    });
  }

  /** It is known, and stays for as long as it likes. */
  admit(socket: Socket): void {
    this.#sockets.delete(socket);
  }
}
