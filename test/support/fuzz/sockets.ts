/** A window's WebSocket in raw hands. */
import { knock } from '../web-lab.ts';
import type { RawWire } from './messages.ts';
import type { Door } from './requests.ts';

export interface RawSocket extends RawWire {
  isOpen(): boolean;
  /** Stops reading: what the lab sends stays in its buffers. */
  pause(): void;
}

export async function rawSocket({ port, cookie }: Door): Promise<RawSocket> {
  const socket = await knock(port, { cookie, origin: `http://127.0.0.1:${port}` });
  if (typeof socket === 'number') throw new Error(`The window was refused with ${socket}.`);
  socket.on('error', () => {});
  return {
    send: (text) => socket.send(text, () => {}),
    onMessage: (listener) => {
      socket.on('message', (data: Buffer, isBinary: boolean) => listener(isBinary ? data : data.toString('utf8')));
    },
    onClosed: (listener) => {
      socket.once('close', listener);
    },
    close: () => socket.terminate(),
    isOpen: () => socket.readyState === socket.OPEN,
    pause: () => socket.pause(),
  };
}
