/** A window's port in raw hands, served as the shell serves it. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { serveContract } from '../../../main/lab/contract-server/contract-server.ts';
import { portWire } from '../../../shared/contract/port-wire.ts';
import { nodePort } from '../electron/page-port.ts';
import type { GuardedLab } from './guarded-lab.ts';
import type { RawWire } from './messages.ts';

export function rawPort({ lab, verbs }: GuardedLab): RawWire & { readonly raw: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  serveContract(portWire(nodePort(port1)), verbs, lab);
  return {
    raw: port2,
    send: (text) => port2.postMessage(text),
    onMessage: (listener) => {
      port2.on('message', listener);
    },
    onClosed: (listener) => {
      port2.on('close', listener);
    },
    close: () => port2.close(),
  };
}
