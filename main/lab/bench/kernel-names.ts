/** Numbers of the kernel by the names that C gives them. */
import { constants } from 'node:os';

const bits = (table: Readonly<Record<string, number>>, value: number): string[] =>
  Object.entries(table).flatMap(([name, bit]) => ((value & bit) === bit ? [name] : []));

const accessModes = ['O_RDONLY', 'O_WRONLY', 'O_RDWR'];
// As /proc/PID/fdinfo has them, in octal in the kernel's headers.
const openFlags = { O_APPEND: 0o2000, O_NONBLOCK: 0o4000, O_ASYNC: 0o20000, FD_CLOEXEC: 0o2000000 };

export const fileFlagNames = (flags: number): string[] => [
  accessModes[flags & 3] ?? 'O_RDWR',
  ...bits(openFlags, flags),
];

const pollBits = {
  IN: 1,
  PRI: 2,
  OUT: 4,
  ERR: 8,
  HUP: 16,
  NVAL: 32,
  RDHUP: 0x2000,
};
const epollBits = { EXCLUSIVE: 1 << 28, ONESHOT: 1 << 30, ET: 1 << 31 };

export const pollNames = (events: number): string[] => bits(pollBits, events).map((name) => `POLL${name}`);

/** ERR and HUP are watched in any case, and are not told of a set unless `reported`. */
export const epollNames = (events: number, reported: boolean): string[] =>
  [...bits(pollBits, events), ...bits(epollBits, events)]
    .filter((name) => reported || (name !== 'ERR' && name !== 'HUP' && name !== 'NVAL'))
    .map((name) => `EPOLL${name}`);

const errnoNames = new Map(
  // EWOULDBLOCK and EOPNOTSUPP have a second name; the one that is said more comes first.
  Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'ENOTSUP')
    .map(([name, number]) => [number, name]),
);
export const errnoName = (number: number): string => errnoNames.get(number) ?? `errno ${number}`;

/** The C library keeps the first two real-time signals for itself. */
const firstRealTime = 34;
export function signalName(number: number): string {
  if (number >= firstRealTime) return `SIGRTMIN+${number - firstRealTime}`;
  const names = Object.entries(constants.signals).filter(([, value]) => value === number);
  return names.find(([name]) => name === 'SIGIO')?.[0] ?? names[0]?.[0] ?? `signal ${number}`;
}

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex, 'hex');

/** Bytes as text; what cannot be shown as \n, \t or \xNN. */
export function shownBytes(hex: string): string {
  const bytes = bytesOf(hex);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.replaceAll(/\p{Cc}/gu, (letter) =>
      letter === '\n' || letter === '\t' ? letter : `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  } catch {
    return Array.from(bytes, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
    ).join('');
  }
}
