/** Ports between the shell and its page: real ones of Node, with Electron's main-process manners. */
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

export class MessagePortDouble extends EventEmitter {
  readonly raw: MessagePort;

  constructor(raw: MessagePort) {
    super();
    this.raw = raw;
    raw.on('close', () => this.emit('close'));
  }
  postMessage(message: unknown, transfer: readonly unknown[] = []): void {
    if (transfer.some((each) => !(each instanceof MessagePortDouble))) {
      throw new TypeError('Invalid value for transfer: Electron transfers ports only');
    }
    if (message instanceof Uint8Array && message.byteLength !== message.buffer.byteLength) {
      throw new Error('A view was posted: a copy carries all that it is a view of');
    }
    this.raw.postMessage(message);
  }
  /** Nothing comes before this. */
  start(): void {
    this.raw.on('message', (data: unknown) => this.emit('message', { data, ports: [] }));
  }
  close(): void {
    this.raw.close();
  }
}

export class MessageChannelDouble {
  readonly port1: MessagePortDouble;
  readonly port2: MessagePortDouble;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MessagePortDouble(port1);
    this.port2 = new MessagePortDouble(port2);
  }
}
