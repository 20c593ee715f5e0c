/** A WebSocket as a wire of the contract. */
import type { WebSocket } from 'ws';
import { maxReasonBytes, type Wire } from '../../shared/contract/wire.ts';

/** Closed on purpose; and closed as the other side did not keep to the contract. */
const closeCodes = { normal: 1000, policy: 1008 } as const;

export function socketWire(socket: WebSocket): Wire {
  return {
    // After the end ws drops what is sent, and calls back with the fault.
    send: (message, flushed = () => {}) => socket.send(message, () => flushed()),
    onMessage: (listener) => {
      socket.on('message', (data: Buffer, isBinary: boolean) => listener(isBinary ? data : data.toString('utf8')));
    },
    onClosed: (listener) => {
      socket.once('close', (_code, reason) => listener(reason.toString('utf8')));
    },
    close: (reason) => {
      const bytes = Buffer.from(reason).subarray(0, maxReasonBytes);
      socket.close(reason === '' ? closeCodes.normal : closeCodes.policy, bytes);
    },
  };
}
