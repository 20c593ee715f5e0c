/** The three protocols as bytes: requests, the replies that must come back, and what must be refused. Written by hand. */

export type Protocol = 'http' | 'echo' | 'resp';
export const protocols = ['http', 'echo', 'resp'] as const;

/** 26 lines of the alphabet, each beginning a letter later than the one before: what the body repeats. */
const round = Buffer.from(Uint8Array.from({ length: 26 * 26 }, (_, i) => 97 + ((i + Math.floor(i / 26)) % 26)));

/** The first bytes of the body that the handler `respond` sends. */
export const pattern = (bytes: number): Buffer<ArrayBuffer> => Buffer.alloc(bytes, round);

export const httpHead = (status: string, bytes: number, connection = 'keep-alive'): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\nServer: fdscope\r\nContent-Type: text/plain\r\nContent-Length: ${bytes}\r\n` +
      `Connection: ${connection}\r\n\r\n`,
  );

export const httpError = (status: string): Buffer =>
  Buffer.concat([httpHead(status, status.length + 1, 'close'), Buffer.from(`${status}\n`)]);

export function prefixed(body: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32BE(body.length);
  return Buffer.concat([prefix, body]);
}

const bulk = (body: Buffer): Buffer => Buffer.concat([Buffer.from(`$${body.length}\r\n`), body, Buffer.from('\r\n')]);

export interface Malformed {
  readonly what: string;
  readonly bytes: Buffer;
  /** The error message before the connection is closed. */
  readonly answer: Buffer;
}

export interface Dialect {
  /** A request that carries a body. */
  readonly request: (body: Buffer) => Buffer;
  /** The reply of any handler whose body is this. */
  readonly reply: (body: Buffer) => Buffer;
  /** What a forward server answers when its upstream is dead. */
  readonly badGateway: Buffer;
  readonly malformed: readonly Malformed[];
}

const get = (fields: string): Buffer => Buffer.from(`GET / HTTP/1.1\r\nHost: test\r\n${fields}\r\n`);
const badRequest = httpError('400 Bad Request');
const protocolError = Buffer.from('-ERR Protocol error\r\n');
const nothing = Buffer.alloc(0);

const http: Dialect = {
  request: (body) =>
    Buffer.concat([Buffer.from(`POST /t HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
  reply: (body) => Buffer.concat([httpHead('200 OK', body.length), body]),
  badGateway: httpError('502 Bad Gateway'),
  malformed: [
    { what: 'a request line without a version', bytes: Buffer.from('GET /\r\n\r\n'), answer: badRequest },
    { what: 'a request line of noise', bytes: Buffer.from('\u0001\u0002 \u0003 x\r\n\r\n'), answer: badRequest },
    { what: 'two blanks in the target', bytes: Buffer.from('GET /a /b HTTP/1.1\r\n\r\n'), answer: badRequest },
    { what: 'no Host', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n'), answer: badRequest },
    { what: 'two Hosts', bytes: get('Host: other\r\n'), answer: badRequest },
    { what: 'a header without a colon', bytes: get('nonsense\r\n'), answer: badRequest },
    { what: 'a folded header', bytes: get('A: b\r\n c\r\n'), answer: badRequest },
    { what: 'a blank before the colon', bytes: get('A : b\r\n'), answer: badRequest },
    { what: 'a length that is no number', bytes: get('Content-Length: 1x\r\n'), answer: badRequest },
    { what: 'a negative length', bytes: get('Content-Length: -1\r\n'), answer: badRequest },
    { what: 'two lengths that differ', bytes: get('Content-Length: 1\r\nContent-Length: 2\r\n'), answer: badRequest },
    {
      what: 'a length beside chunks',
      bytes: get('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'),
      answer: badRequest,
    },
    {
      what: 'a chunk size that is no number',
      bytes: Buffer.concat([get('Transfer-Encoding: chunked\r\n'), Buffer.from('zz\r\n')]),
      answer: badRequest,
    },
    {
      what: 'more than 16 MiB',
      bytes: get('Content-Length: 16777217\r\n'),
      answer: httpError('413 Content Too Large'),
    },
    {
      what: 'headers of 9 KiB',
      bytes: get(`A: ${'a'.repeat(9216)}\r\n`),
      answer: httpError('431 Request Header Fields Too Large'),
    },
    {
      what: 'headers that never end',
      bytes: Buffer.from(`GET / HTTP/1.1\r\nA: ${'a'.repeat(20_000)}`),
      answer: httpError('431 Request Header Fields Too Large'),
    },
    {
      what: 'an unknown transfer coding',
      bytes: get('Transfer-Encoding: gzip\r\n'),
      answer: httpError('501 Not Implemented'),
    },
    {
      what: 'HTTP/2.0',
      bytes: Buffer.from('GET / HTTP/2.0\r\nHost: test\r\n\r\n'),
      answer: httpError('505 HTTP Version Not Supported'),
    },
  ],
};

const echo: Dialect = {
  request: prefixed,
  reply: prefixed,
  badGateway: nothing,
  malformed: [
    { what: 'one byte more than 16 MiB', bytes: Buffer.from([1, 0, 0, 1]), answer: nothing },
    { what: 'a length of 4 GiB', bytes: Buffer.from([255, 255, 255, 255, 1, 2, 3]), answer: nothing },
  ],
};

const resp: Dialect = {
  request: (body) => Buffer.concat([Buffer.from('*2\r\n$4\r\nECHO\r\n'), bulk(body)]),
  reply: bulk,
  badGateway: Buffer.from('-ERR upstream failed\r\n'),
  malformed: [
    { what: 'a type that is no bulk string', bytes: Buffer.from('*1\r\n:4\r\n'), answer: protocolError },
    { what: 'a count that is no number', bytes: Buffer.from('*x\r\n'), answer: protocolError },
    { what: 'too many elements', bytes: Buffer.from('*1025\r\n'), answer: protocolError },
    { what: 'a negative length', bytes: Buffer.from('*1\r\n$-1\r\n'), answer: protocolError },
    { what: 'a bulk string above 16 MiB', bytes: Buffer.from('*1\r\n$16777217\r\n'), answer: protocolError },
    { what: 'a bulk string without its line end', bytes: Buffer.from('*1\r\n$4\r\nPINGxx'), answer: protocolError },
    { what: 'a number that never ends', bytes: Buffer.from(`*${'1'.repeat(40)}`), answer: protocolError },
    { what: 'an inline line of 65 KiB', bytes: Buffer.alloc(66_000, 'a'), answer: protocolError },
  ],
};

export const dialects: Record<Protocol, Dialect> = { http, echo, resp };
