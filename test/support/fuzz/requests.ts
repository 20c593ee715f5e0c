/** Requests and upgrades as nobody should send them, on connections of their own, against a host on 127.0.0.1. */
import { connect } from 'node:net';
import { oddMessage } from './messages.ts';
import type { Random } from './random.ts';

export interface Door {
  readonly port: number;
  /** Of a browser that was let in. */
  readonly cookie: string;
}

/** A whole request has its answer; for one that was changed the host may wait for more, and nobody has to wait with it. */
const patienceMs = { whole: 20_000, changed: 200 };
/** Connections at a time: fewer than those of one browser. */
const atOnce = 48;
/** Loopback addresses to connect from, so that ports do not run out. */
const sources = 200;

const targets = [
  '/',
  '/lab',
  '/assets/index.js',
  '/\\\\:x',
  '/\\',
  '/%',
  '/%00',
  '//',
  '//evil.example/',
  '/../../etc/hostname',
  '/?code=abc',
  '/?code=%E0%A4%A',
  '/?code',
  '/?token=1&code=2&code=3',
  '/[',
  '/x:99999/',
  '*',
  'http://[::',
  'http://127.0.0.1/',
  `/${'a'.repeat(9000)}`,
  '/assets/\u00e9',
];
const methods = ['GET', 'HEAD', 'POST', 'OPTIONS', 'CONNECT', 'TRACE', 'PRI', 'get', 'DELETE'];

function request(random: Random, { port, cookie }: Door): { bytes: Buffer; isWhole: boolean } {
  const withCookie = !random.isOnce(3);
  const own = `127.0.0.1:${port}`;
  const host = random.isOnce(4) ? random.pick([`localhost:${port}`, 'evil.example', '', '[::1]']) : own;
  const headers: string[] = [`Host: ${host}`];
  if (withCookie) headers.push(`Cookie: ${random.isOnce(4) ? `x=1;;${cookie};${cookie}` : cookie}`);
  if (random.isOnce(8)) headers.push(`Cookie: fdscope-${port}=${'A'.repeat(random.below(100))}`);
  const isUpgrade = random.isOnce(2);
  if (isUpgrade || random.isOnce(4)) {
    headers.push(
      `Origin: ${random.isOnce(4) ? random.pick(['null', 'http://evil.example', '\u00ff']) : `http://${own}`}`,
    );
  }
  if (isUpgrade) {
    headers.push(`Upgrade: ${random.pick(['websocket', 'websocket', 'h2c', ''])}`, 'Connection: Upgrade');
    headers.push(`Sec-WebSocket-Key: ${random.pick(['dGhlIHNhbXBsZSBub25jZQ==', 'x', ''])}`);
    headers.push(`Sec-WebSocket-Version: ${random.pick(['13', '8', '99'])}`);
    if (random.isOnce(4)) headers.push('Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99');
    if (random.isOnce(4)) headers.push(`Sec-WebSocket-Protocol: ${random.pick(['a,a', ',', 'x y'])}`);
  } else headers.push('Connection: close');
  if (random.isOnce(6)) headers.push(`Content-Length: ${random.pick(['5', '-1', '99999999999999999999', 'x'])}`);
  if (random.isOnce(6)) headers.push(`Transfer-Encoding: ${random.pick(['chunked', 'chunked, identity', 'x'])}`);
  if (random.isOnce(12)) headers.push('Expect: 100-continue');
  if (random.isOnce(12)) headers.push(`X-Long: ${'x'.repeat(random.below(20_000))}`);
  const target = isUpgrade && !random.isOnce(4) ? '/lab' : random.isOnce(3) ? '/' : random.pick(targets);
  const method = random.isOnce(4) ? random.pick(methods) : 'GET';
  const text = `${method} ${target} HTTP/${random.pick(['1.1', '1.1', '1.0', '2.0', '9'])}\r\n${headers.join('\r\n')}\r\n\r\n`;
  const body = random.isOnce(3) ? random.bytes(random.below(64)) : Buffer.alloc(0);
  const bytes = Buffer.concat([Buffer.from(text, 'latin1'), body]);
  const isWhole = random.isOnce(2);
  return { bytes: isWhole ? bytes : random.mutated(bytes), isWhole };
}

type Manner = 'waits' | 'ends' | 'goes';
const manners: readonly Manner[] = ['waits', 'waits', 'waits', 'ends', 'goes'];

/** The status that came, 0 where none did. */
function send(
  port: number,
  from: string,
  { bytes, isWhole }: ReturnType<typeof request>,
  manner: Manner,
): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    let answer = '';
    const end = (): void => {
      clearTimeout(impatient);
      socket.destroy();
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0));
    };
    const impatient = setTimeout(end, isWhole ? patienceMs.whole : patienceMs.changed);
    socket.on('error', end).on('close', end);
    socket.on('data', (piece: Buffer) => {
      answer += piece.toString('latin1');
      if (answer.includes('\r\n\r\n')) end();
    });
    socket.write(bytes);
    // Some go before they have their answer, and some say that nothing follows.
    if (manner === 'goes') socket.once('connect', () => setImmediate(end));
    else if (manner === 'ends') socket.end();
  });
}

/** Sends so many; resolves to how often each status came. */
export async function sendRequests(random: Random, door: Door, count: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let left = count;
  const one = async (line: number): Promise<void> => {
    while (left > 0) {
      const from = `127.0.${1 + (left % sources)}.${1 + line}`;
      left--;
      const status = await send(door.port, from, request(random, door), random.pick(manners));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, line) => one(line)));
  return statuses;
}

/** A text as a window's WebSocket frames it: RFC 6455, masked with zeros. */
function frameOf(text: string): Buffer {
  const body = Buffer.from(text);
  const length =
    body.length < 126 ? Buffer.of(0x80 | body.length) : Buffer.of(0xfe, body.length >> 8, body.length & 255);
  return Buffer.concat([Buffer.of(0x81), length, Buffer.alloc(4), body]);
}

/** Messages for each upgrade that has no right to any. */
const uninvitedAtOnce = 50;

/** Upgrades without the cookie, or with another's, and messages right behind them; how often each status came. */
export async function sendMessagesUninvited(random: Random, door: Door, count: number): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let left = count;
  const one = async (line: number): Promise<void> => {
    while (left > 0) {
      const some = Math.min(left, uninvitedAtOnce);
      left -= some;
      const own = `127.0.0.1:${door.port}`;
      const cookie = random.isOnce(2)
        ? ''
        : `Cookie: fdscope-${door.port}=${'A'.repeat(random.pick([0, 42, 43, 44]))}\r\n`;
      const origin = random.isOnce(4) ? 'http://evil.example' : `http://${own}`;
      const head =
        `GET /lab HTTP/1.1\r\nHost: ${own}\r\nOrigin: ${origin}\r\n${cookie}Upgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
      const frames = Array.from({ length: some }, (_, i) => frameOf(oddMessage(random, i).text));
      const bytes = Buffer.concat([Buffer.from(head), ...frames]);
      const status = await send(
        door.port,
        `127.0.${1 + (left % sources)}.${1 + line}`,
        { bytes, isWhole: true },
        'waits',
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, line) => one(line)));
  return statuses;
}
