/** A connection between a renderer and the lab, whatever carries it. Messages come whole and in order. */
export interface Wire {
  /**
   * Text is a Message as JSON, bytes are a batch of frames. What is sent after the end is lost without a fault.
   * `flushed` is called once, when the message has left this process, or is lost.
   */
  send(message: string | Uint8Array, flushed?: () => void): void;
  /** Called once, before any message comes. */
  onMessage(listener: (message: string | Uint8Array) => void): void;
  /** Called once, when nothing will come any more; with the other side's reason, where it gave one. */
  onClosed(listener: (reason: string) => void): void;
  close(reason: string): void;
}

/** Reasons are for people, and a WebSocket carries 123 bytes of them. */
export const maxReasonBytes = 120;

/** The longest message that the lab takes from a page in a browser; a larger one ends the connection. */
export const maxMessageBytes = 1 << 20;
