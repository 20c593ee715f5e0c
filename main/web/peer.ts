/**
 * Whose a connection is. The kernel lists every socket of this machine with the user that made it, so that a secret which
 * somebody else has read (in a command line, a terminal, a cookie sent to another port) opens nothing for them.
 * Source: proc_net_tcp of the kernel's documentation, fs/proc and net/ipv4/tcp_ipv4.c.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** What is left of a closed socket is listed as root's: root's own must be open in both directions. */
const established = '01';

/** Columns of a line of /proc/net/tcp that are read here. */
const column = { local: 1, remote: 2, state: 3, uid: 7 } as const;

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

/** As /proc/net/tcp writes it: the address as the machine's own integer. */
function place(address: string, port: number): string {
  const bytes = address.split('.').map(Number);
  const ordered = endianness() === 'LE' ? bytes.reverse() : bytes;
  return `${ordered.map((byte) => hex(byte, 2)).join('')}:${hex(port, 4)}`;
}

/** An IPv4 socket, or one of IPv6 that speaks to an IPv4 address: then the same digits are the end of more. */
const isPlace = (text: string | undefined, wanted: string): boolean =>
  text === wanted || (text?.length === wanted.length + 24 && text.endsWith(wanted));

/** The user in these lines of /proc/net/tcp or tcp6 whose socket leads from `from` to `to`; undefined where none does. */
export function uidIn(lines: string, from: string, to: string): number | undefined {
  for (const line of lines.split('\n')) {
    if (!line.includes(from)) continue;
    const fields = line.trim().split(/\s+/);
    if (!isPlace(fields[column.local], from) || !isPlace(fields[column.remote], to)) continue;
    const uid = Number(fields[column.uid]);
    return uid === 0 && fields[column.state] !== established ? undefined : uid;
  }
  return undefined;
}

/** 'unknown': the kernel lists no open socket like that; 'untold': this system lists none at all. */
export type Owner = number | 'unknown' | 'untold';

/** The user at the other end of a connection over 127.0.0.0/8. */
export function ownerOf(socket: Socket): Owner {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  const [from, to] = [place(remoteAddress, remotePort), place(localAddress, localPort)];
  let isTold = false;
  for (const table of ['/proc/self/net/tcp', '/proc/self/net/tcp6']) {
    let lines: string;
    try {
      lines = readFileSync(table, 'latin1');
    } catch {
      continue; // no /proc, or a kernel without IPv6
    }
    isTold = true;
    const uid = uidIn(lines, from, to);
    if (uid !== undefined) return uid;
  }
  return isTold ? 'unknown' : 'untold';
}

/** Who may come in: the user of the lab, root, and the one who became root to start it. */
export function expectedUsers(
  ownUid: number | undefined = process.getuid?.(),
  env: NodeJS.ProcessEnv = process.env,
): number[] {
  if (ownUid === undefined) return [];
  const before = ownUid === 0 ? [env.SUDO_UID, env.PKEXEC_UID] : [];
  return [ownUid, 0, ...before.flatMap((uid) => (uid !== undefined && /^\d+$/.test(uid) ? Number(uid) : []))];
}
