/** HTTP/1.1 as a small origin server speaks it: keep-alive, pipelining, HTTP/1.0, bodies with a length or chunked. */
import {
  failed,
  interim,
  maxBodyBytes,
  maxHeaderBytes,
  more,
  parseDecimal,
  parseHex,
  patternBytes,
  ready,
  trimmed,
  type ErrorReply,
  type HandlerConfig,
  type Parsed,
  type Parser,
  type Reply,
  type Request,
} from './protocol.ts';

const lineFeed = 10;
const carriageReturn = 13;
// As is_token() in handlers/http.cpp: visible ASCII without separators.
const token = /^[!#$%&'*+\-.0-9A-Z^_`a-z|~]+$/;

/** Where the empty line that ends a head stops, or 0. A bare LF is accepted as a line end. */
function endOfHead(input: Buffer, from: number): number {
  for (let at = input.indexOf(lineFeed, from); at !== -1; at = input.indexOf(lineFeed, at + 1)) {
    if (input[at + 1] === lineFeed) return at + 2;
    if (input[at + 1] === carriageReturn && input[at + 2] === lineFeed) return at + 3;
  }
  return 0;
}

interface Head {
  readonly target: Buffer;
  readonly isHead: boolean;
  readonly bytes: number;
  keepAlive: boolean;
  contentBytes: number | undefined;
  chunked: boolean;
  expectsContinue: boolean;
}

/** A head in whole, or why it is refused. */
function parseHead(input: Buffer, bytes: number): Head | ErrorReply {
  const text = input.toString('latin1', 0, bytes);
  const lineEnd = text.indexOf('\n');
  const line = trimmed(text.slice(0, lineEnd));
  const first = line.indexOf(' ');
  const second = line.lastIndexOf(' ');
  if (first === -1 || first === second) return 'badRequest';
  const version = line.slice(second + 1);
  const target = line.slice(first + 1, second);
  if (!token.test(line.slice(0, first)) || target === '' || target.includes(' ')) return 'badRequest';
  if (!version.startsWith('HTTP/') || version.length !== 8) return 'badRequest';
  if (!version.startsWith('HTTP/1.')) return 'version';
  const isHttp10 = version === 'HTTP/1.0';
  // A line may begin with blanks, which trimmed() took away.
  const targetAt = text.indexOf(target, text.indexOf(line) + first + 1);
  const head: Head = {
    target: input.subarray(targetAt, targetAt + target.length),
    isHead: line.slice(0, first) === 'HEAD',
    bytes,
    keepAlive: !isHttp10,
    contentBytes: undefined,
    chunked: false,
    expectsContinue: false,
  };
  let hasHost = false;
  for (let at = lineEnd + 1; at < text.length;) {
    const end = text.indexOf('\n', at);
    const field = text.slice(at, end);
    at = end + 1;
    if (field === '' || field === '\r') break;
    const colon = field.indexOf(':');
    // A line that begins with a space would continue the one before (obs-fold): refused, as RFC 9112 5.2 allows.
    if (colon === -1 || !token.test(field.slice(0, colon))) return 'badRequest';
    const value = trimmed(field.slice(colon + 1));
    switch (field.slice(0, colon).toLowerCase()) {
      case 'content-length': {
        const length = parseDecimal(value);
        if (length === undefined || (head.contentBytes ?? length) !== length) return 'badRequest';
        if (length > maxBodyBytes) return 'bodyTooLarge';
        head.contentBytes = length;
        break;
      }
      case 'transfer-encoding':
        if (value.toLowerCase() !== 'chunked') return 'notImplemented';
        head.chunked = true;
        break;
      case 'connection':
        for (const part of value.toLowerCase().split(',').map(trimmed)) {
          if (part === 'close') head.keepAlive = false;
          if (part === 'keep-alive' && isHttp10) head.keepAlive = true;
        }
        break;
      case 'expect':
        head.expectsContinue = value.toLowerCase() === '100-continue';
        break;
      case 'host':
        if (hasHost) return 'badRequest';
        hasHost = true;
        break;
    }
  }
  // Both at once is how requests are smuggled past proxies (RFC 9112 6.3).
  if (head.chunked && head.contentBytes !== undefined) return 'badRequest';
  if (!hasHost && !isHttp10) return 'badRequest';
  return head;
}

export class HttpParser implements Parser {
  /** No end of the head before here. */
  private scanned = 0;
  private head: Head | undefined;
  /** Where the next chunk's size line begins. */
  private chunkAt = 0;
  private decodedBytes = 0;
  private decoded: Buffer[] = [];

  reset(): void {
    this.scanned = this.chunkAt = this.decodedBytes = 0;
    this.head = undefined;
    this.decoded = [];
  }

  parse(input: Buffer): Parsed {
    if (!this.head) {
      // Some clients send an empty line after a body; it belongs to no request.
      let start = 0;
      while (input[start] === carriageReturn || input[start] === lineFeed) ++start;
      if (start > 0) return { state: 'nothing', bytes: start };
      // The end may straddle what was scanned before, by up to two bytes.
      const end = endOfHead(input, Math.max(0, this.scanned - 2));
      if (end === 0 || end > maxHeaderBytes) {
        if (input.length > maxHeaderBytes) return failed('headersTooLarge');
        this.scanned = input.length;
        return more;
      }
      const head = parseHead(input, end);
      if (typeof head === 'string') return failed(head);
      this.head = head;
      this.chunkAt = end;
      const hasBody = head.chunked || (head.contentBytes ?? 0) > 0;
      if (head.expectsContinue && hasBody && input.length === end) return interim;
    }
    const head = this.head;
    if (head.chunked) return this.parseChunks(input, head);
    const bytes = head.bytes + (head.contentBytes ?? 0);
    if (input.length < bytes) return more;
    return this.request(head, { bytes, body: input.subarray(head.bytes, bytes) });
  }

  private request(head: Head, rest: Pick<Request, 'bytes' | 'body'> & { decoded?: boolean }): Parsed {
    return ready({ target: head.target, keepAlive: head.keepAlive, head: head.isHead, ...rest });
  }

  private parseChunks(input: Buffer, head: Head): Parsed {
    while (true) {
      const end = input.indexOf(lineFeed, this.chunkAt);
      if (end === -1) return input.length - this.chunkAt > 1024 ? failed('badRequest') : more;
      const line = input.toString('latin1', this.chunkAt, end);
      const size = parseHex(trimmed(line.split(';', 1)[0] ?? ''));
      if (size === undefined) return failed('badRequest');
      if (this.decodedBytes + size > maxBodyBytes) return failed('bodyTooLarge');
      if (size === 0) {
        // Trailers are read past; the empty line may follow at once.
        const stop = endOfHead(input, end);
        if (stop === 0) return input.length - end > maxHeaderBytes ? failed('headersTooLarge') : more;
        return this.request(head, { bytes: stop, body: Buffer.concat(this.decoded), decoded: true });
      }
      const data = end + 1;
      if (input.length < data + size + 1) return more;
      const breakBytes = input[data + size] === carriageReturn ? 2 : 1;
      if (input.length < data + size + breakBytes) return more;
      if (input[data + size + breakBytes - 1] !== lineFeed) return failed('badRequest');
      // Copied, so that input buffers that were outgrown meanwhile can be freed.
      this.decoded.push(Buffer.from(input.subarray(data, data + size)));
      this.decodedBytes += size;
      this.chunkAt = data + size + breakBytes;
    }
  }
}

function headText(status: string, bodyBytes: number, keepAlive: boolean): Buffer {
  const connection = keepAlive ? 'keep-alive' : 'close';
  return Buffer.from(
    `HTTP/1.1 ${status}\r\nServer: fdscope\r\nContent-Type: text/plain\r\nContent-Length: ${bodyBytes}\r\n` +
      `Connection: ${connection}\r\n\r\n`,
    'latin1',
  );
}

export function httpReply(config: HandlerConfig, request: Request): Reply {
  const echoed = request.body.length === 0 && !request.decoded ? request.target : request.body;
  const body = config.kind === 'respond' ? patternBytes(config.responseBytes) : echoed;
  const head = headText('200 OK', body.length, request.keepAlive);
  return { pieces: request.head ? [head] : [head, body], keep: request.keepAlive };
}

const statuses: Record<ErrorReply, string> = {
  badRequest: '400 Bad Request',
  protocolError: '400 Bad Request',
  bodyTooLarge: '413 Content Too Large',
  headersTooLarge: '431 Request Header Fields Too Large',
  notImplemented: '501 Not Implemented',
  badGateway: '502 Bad Gateway',
  version: '505 HTTP Version Not Supported',
};

export function httpError(error: ErrorReply): Buffer {
  const status = statuses[error];
  return Buffer.concat([headText(status, status.length + 1, false), Buffer.from(`${status}\n`)]);
}

export const httpContinue = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');
