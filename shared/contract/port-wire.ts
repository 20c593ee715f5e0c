/** A MessagePort as a wire of the contract. Electron's main process and pages have ports of two kinds: each brings its own. */
import type { Wire } from './wire.ts';

/** Text and bytes are the contract's; `closed` is the last thing that is said, as ports carry no reasons. */
export type PortMessage = string | Uint8Array | { readonly closed: string };

export interface Port {
  post(message: PortMessage): void;
  /** Nothing comes before `start`. */
  onMessage(listener: (data: unknown) => void): void;
  /** When the other end is gone. */
  onClosed(listener: () => void): void;
  start(): void;
  close(): void;
}

/** Starts the port when it is listened to. */
export function portWire(port: Port): Wire {
  let hasEnded = false;
  let tellClosed: ((reason: string) => void) | undefined;

  function end(reason: string): void {
    if (hasEnded) return;
    hasEnded = true;
    port.close();
    // As with a socket, whoever closes goes on before it hears of the end.
    queueMicrotask(() => tellClosed?.(reason));
  }
  function close(reason: string): void {
    if (hasEnded) return;
    port.post({ closed: reason });
    end(reason);
  }

  port.onClosed(() => end(''));
  return {
    // A port says nothing of what was taken: once posted, a message is the browser's.
    send: (message, flushed) => {
      if (!hasEnded) port.post(message);
      // As with a socket, whoever sends goes on before it hears of it.
      if (flushed) queueMicrotask(flushed);
    },
    onMessage: (listener) => {
      port.onMessage((data) => {
        if (hasEnded) return;
        if (typeof data === 'string' || data instanceof Uint8Array) listener(data);
        else if (isFarewell(data)) end(data.closed);
        else close('A message was neither text nor bytes.');
      });
      port.start();
    },
    onClosed: (listener) => (tellClosed = listener),
    close,
  };
}

const isFarewell = (data: unknown): data is { readonly closed: string } =>
  typeof data === 'object' && data !== null && 'closed' in data && typeof data.closed === 'string';
