/** What the renderer needs of a connection to the lab, whatever carries it. */
import type { FrameSource } from '../../shared/contract/channels.ts';
import type { EventName, EventPayload, Params, Result, Verb } from '../../shared/contract/contract.ts';

export interface LabLink {
  /** Rejects with an Error whose message is the lab's sentence. */
  request<V extends Verb>(verb: V, ...params: Params<V> extends undefined ? [] : [Params<V>]): Promise<Result<V>>;
  onEvent<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): void;
  /** Whole frames of one process, one or more, with their headers. */
  onFrames(listener: (source: FrameSource, frames: Uint8Array) => void): void;
  /** Called once, when nothing will come any more. */
  onClosed(listener: (reason: string) => void): void;
  close(): void;
}
