/** The renderer's end of the contract, over any wire. Checks what it receives, and gives credit for frames it has taken. */
import { frameSources, maxBatchBytes, messageSchema, type FrameSource, type Message } from './channels.ts';
import {
  events,
  requests,
  type EventName,
  type EventPayload,
  type Params,
  type Result,
  type Verb,
} from './contract.ts';
import type { Wire } from './wire.ts';

/** Frames that may be under way to here: a second of a busy run. */
const windowBytes = 8 * maxBatchBytes;

interface Waiting {
  readonly verb: Verb;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** What the lab refused, in its own sentence. */
export class LabFault extends Error {
  override readonly name = 'LabFault';
}

export class LabClient {
  readonly #wire: Wire;
  readonly #waiting = new Map<number, Waiting>();
  readonly #events = new Map<string, (payload: unknown) => void>();
  #takeFrames: ((source: FrameSource, frames: Uint8Array) => void) | undefined;
  #tellClosed: ((reason: string) => void) | undefined;
  #closedBecause: string | undefined;
  #nextId = 1;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.onMessage((message) => {
      if (typeof message === 'string') this.#takeText(message);
      else this.#takeBatch(message);
    });
    wire.onClosed((reason) => this.#end(reason));
  }

  /** Rejects with a LabFault whose message is the lab's sentence. */
  request<V extends Verb>(verb: V, ...params: Params<V> extends undefined ? [] : [Params<V>]): Promise<Result<V>> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#closedBecause !== undefined) {
        reject(new LabFault(this.#closedBecause));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { verb, resolve, reject });
      this.#send({ type: 'request', id, verb, params: params[0] });
    }) as Promise<Result<V>>;
  }

  onEvent<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): void {
    this.#events.set(name, (payload) => listener(payload as EventPayload<N>));
  }

  /** Whole frames of one process, one or more, with their headers. From here on frames come. */
  onFrames(listener: (source: FrameSource, frames: Uint8Array) => void): void {
    const isFirst = this.#takeFrames === undefined;
    this.#takeFrames = listener;
    if (isFirst) this.#send({ type: 'credit', bytes: windowBytes });
  }

  /** Called once, when nothing will come any more. */
  onClosed(listener: (reason: string) => void): void {
    this.#tellClosed = listener;
    if (this.#closedBecause !== undefined) listener(this.#closedBecause);
  }

  close(): void {
    this.#wire.close('');
    this.#end('The connection to the lab was closed.');
  }

  #send(message: Message): void {
    this.#wire.send(JSON.stringify(message));
  }

  #takeBatch(batch: Uint8Array): void {
    const source = frameSources[batch[0] ?? -1];
    if (source === undefined) {
      this.#break('a batch of frames names no source');
      return;
    }
    try {
      this.#takeFrames?.(source, batch.subarray(1));
    } finally {
      this.#send({ type: 'credit', bytes: batch.length });
    }
  }

  #takeText(text: string): void {
    const message = parseMessage(text);
    switch (message?.type) {
      case 'result':
        this.#settle(message.id, message.result);
        break;
      case 'fault':
        this.#waiting.get(message.id)?.reject(new LabFault(message.fault.sentence));
        this.#waiting.delete(message.id);
        break;
      case 'event':
        this.#takeEvent(message.name, message.payload);
        break;
      default:
        this.#break('a message is not one of the contract');
    }
  }

  #settle(id: number, value: unknown): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    const checked = requests[waiting.verb].result.safeParse(value);
    if (checked.success) waiting.resolve(checked.data);
    else waiting.reject(new LabFault(`The lab's answer to ${waiting.verb} is not as agreed: ${checked.error.message}`));
  }

  #takeEvent(name: string, payload: unknown): void {
    if (!Object.hasOwn(events, name)) return; // of a newer lab
    const checked = events[name as EventName].safeParse(payload);
    if (checked.success) this.#events.get(name)?.(checked.data);
    else this.#break(`an event ${name} is not as agreed`);
  }

  #break(why: string): void {
    const reason = `What the lab sent cannot be read: ${why}. Reload the window.`;
    this.#wire.close(reason);
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = reason === '' ? 'The lab has ended.' : reason;
    for (const { reject } of this.#waiting.values()) reject(new LabFault(this.#closedBecause));
    this.#waiting.clear();
    this.#tellClosed?.(this.#closedBecause);
  }
}

/** Undefined where the text is no message. */
export function parseMessage(text: string): Message | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
