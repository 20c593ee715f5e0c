/** The page's end of a port, which in Node is a port of Node. */
import type { MessagePort } from 'node:worker_threads';
import type { Port } from '../../../shared/contract/port-wire.ts';

export const nodePort = (port: MessagePort): Port => ({
  post: (message) => port.postMessage(message),
  onMessage: (listener) => {
    port.on('message', listener);
  },
  onClosed: (listener) => {
    port.on('close', listener);
  },
  start: () => port.start(),
  close: () => port.close(),
});
