/**
 * What the three protocols share: a request that is wholly in the input, the verdicts of a parser, the limits.
 * Rules and limits are those of handlers/protocol.hpp, so that one client gets the same bytes from every model.
 */

export type Protocol = 'http' | 'echo' | 'resp';
export type HandlerKind = 'echo' | 'respond' | 'forward';

export const maxBodyBytes = 16 << 20;
export const maxHeaderBytes = 8192;

/** Settings of the handler, as in handlers/handler.hpp. */
export interface HandlerConfig {
  readonly protocol: Protocol;
  readonly kind: HandlerKind;
  readonly responseBytes: number;
  /** A reply is handed to the kernel in so many pieces. */
  readonly chunks: number;
  /** CPU work for each request, microseconds. */
  readonly workUs: number;
  /** A connection that its client has closed is never closed here. */
  readonly forgetsToClose: boolean;
  /** Pause for each request, as if something upstream were slow, milliseconds. */
  readonly waitMs: number;
  readonly upstream?: { readonly host: string; readonly port: number };
}

export type ErrorReply =
  'badRequest' | 'bodyTooLarge' | 'headersTooLarge' | 'notImplemented' | 'badGateway' | 'version' | 'protocolError';

export interface Request {
  /** All of it, to be consumed once it is answered. */
  readonly bytes: number;
  /** http: the request target; resp: the command's name. */
  readonly target: Buffer;
  /** http and echo: the body; resp: the first argument. */
  readonly body: Buffer;
  readonly keepAlive: boolean;
  /** http HEAD: headers only. */
  readonly head: boolean;
  /** resp: how many, with the command. */
  readonly arguments: number;
  /** http: the body came in chunks, so that an empty one is a body too. */
  readonly decoded: boolean;
}

/** `nothing`: so many bytes are to be dropped unanswered. `interim`: the client waits for "100 Continue". */
export type Parsed =
  | { readonly state: 'more' }
  | { readonly state: 'nothing'; readonly bytes: number }
  | { readonly state: 'interim' }
  | { readonly state: 'error'; readonly error: ErrorReply }
  | { readonly state: 'ready'; readonly request: Request };

export interface Parser {
  /** Finds the next request; keeps its position, so that one that comes byte by byte is not scanned anew each time. */
  parse(input: Buffer): Parsed;
  /** Before the next request. */
  reset(): void;
}

export const more: Parsed = { state: 'more' };
export const interim: Parsed = { state: 'interim' };
export const failed = (error: ErrorReply): Parsed => ({ state: 'error', error });
export const ready = (request: Partial<Request> & { readonly bytes: number }): Parsed => ({
  state: 'ready',
  request: { target: none, body: none, keepAlive: true, head: false, arguments: 0, decoded: false, ...request },
});

export const none = Buffer.alloc(0);

/** A reply: its pieces in order, and whether the connection stays open after it. */
export interface Reply {
  readonly pieces: readonly Buffer[];
  readonly keep: boolean;
}

let pattern: Buffer | undefined;

/** The first bytes of the body that `respond` sends: every byte is known from its position. Shared: never change it. */
export function patternBytes(bytes: number): Buffer {
  if (!pattern || pattern.length < bytes) {
    const made = Buffer.allocUnsafe(bytes);
    for (let i = 0; i < bytes; ++i) made[i] = 97 + ((i + Math.floor(i / 26)) % 26);
    pattern = made;
  }
  return pattern.subarray(0, bytes);
}

/** Digits only, at most 18 of them; undefined where the text is anything else. */
export function parseDecimal(text: string): number | undefined {
  return /^\d{1,18}$/.test(text) ? Number(text) : undefined;
}

export function parseHex(text: string): number | undefined {
  return /^[0-9a-f]{1,15}$/i.test(text) ? parseInt(text, 16) : undefined;
}

/** Without the spaces, tabs and the line's carriage return at its ends. */
export const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t\r]+$/g, '');
