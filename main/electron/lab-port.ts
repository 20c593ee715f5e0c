/** The lab's contract over a MessagePort: one wire a window. */
import type { Wire } from '../../shared/contract/wire.ts';
import { portWire, type Port } from '../../shared/contract/port-wire.ts';
import { shellChannels } from '../../shared/contract/shell-channels.ts';
import { nothing } from '../../shared/contract/channels.ts';
import { serveContract } from '../lab/contract-server/contract-server.ts';
import { verbsOf } from '../lab/contract-server/verbs.ts';
import type { LabService } from '../lab/lab-service.ts';
import type { ElectronApi, MessagePortMain } from './api.ts';
import type { Mailbox } from './ipc.ts';

/** Copies, never transfers: Electron's main process cannot transfer bytes, and copying a view copies what it is a view of. */
const own = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

export function mainPort(port: MessagePortMain): Port {
  return {
    post: (message) => port.postMessage(message instanceof Uint8Array ? own(message) : message),
    onMessage: (listener) => {
      port.on('message', ({ data }: { data: unknown }) => listener(data));
    },
    onClosed: (listener) => {
      port.once('close', listener);
    },
    start: () => port.start(),
    close: () => port.close(),
  };
}

/** Serves whoever asks by `connect`; a window that asks again has left its earlier wire. */
export function serveLab(
  { MessageChannelMain }: Pick<ElectronApi, 'MessageChannelMain'>,
  mailbox: Mailbox,
  lab: LabService,
): void {
  const verbs = verbsOf(lab, 'electron');
  const wires = new Map<number, Wire>();
  mailbox.receive(shellChannels.connect, nothing, (_nothing, { frame, contents }) => {
    const { id } = contents;
    wires.get(id)?.close('The window has connected anew.');
    const { port1, port2 } = new MessageChannelMain();
    const wire = portWire(mainPort(port1));
    wires.set(id, wire);
    serveContract(
      endingWith(wire, () => wires.get(id) === wire && wires.delete(id)),
      verbs,
      lab,
    );
    frame.postMessage(shellChannels.port, null, [port2]);
  });
}

const endingWith = (wire: Wire, ended: () => void): Wire => ({
  ...wire,
  onClosed: (listener) =>
    wire.onClosed((reason) => {
      ended();
      listener(reason);
    }),
});
