/** The browser's WebSocket as a wire of the contract. */
import { maxReasonBytes, type Wire } from '../../shared/contract/wire.ts';

/** Closed by the page: by wish, or as what came could not be read. Browsers keep 3000 to 4999 for programs. */
const closeCodes = { normal: 1000, unreadable: 3000 } as const;

/** Resolves when it is open. Rejects with a sentence where the lab does not answer. */
export function openSocketWire(address: string): Promise<Wire> {
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  const wire: Wire = {
    send: (message, flushed) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(typeof message === 'string' ? message : message.slice());
      flushed?.(); // a browser does not tell when
    },
    onMessage: (listener) => {
      socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) =>
        listener(typeof data === 'string' ? data : new Uint8Array(data)),
      );
    },
    onClosed: (listener) => {
      socket.addEventListener('close', ({ reason }) => listener(reason), { once: true });
    },
    close: (reason) => {
      const code = reason === '' ? closeCodes.normal : closeCodes.unreadable;
      // The limit counts bytes; a character that is cut through becomes another one.
      const bytes = new TextEncoder().encode(reason).subarray(0, maxReasonBytes);
      socket.close(code, new TextDecoder().decode(bytes));
    },
  };
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(wire), { once: true });
    socket.addEventListener(
      'error',
      () => reject(new Error('The lab does not answer. Start fdscope again and open the address that it prints.')),
      { once: true },
    );
  });
}

/** Where the web host listens, for the page that it served. */
export function webHostSocket(page: Location): string {
  const address = new URL('lab', page.href);
  address.protocol = 'ws:';
  address.search = '';
  return address.href;
}
