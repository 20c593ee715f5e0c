/** Addresses as people write them, and whether they stay on this machine. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { LabError } from './errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** "127.0.0.1:8080", "[::1]:8080" or "localhost:8080". Throws LabError('bad-input'); `what` names the setting. */
export function parseAddress(what: string, text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? 0);
  const numeric = host === 'localhost' ? '127.0.0.1' : host;
  if (isIP(numeric) === 0 || port < 1 || port > 65_535 || (match?.[1] !== undefined && !isIPv6(host))) {
    throw new LabError(
      'bad-input',
      `${what} must be a numeric address with a port, such as 127.0.0.1:8080 or [::1]:8080, not "${text}".`,
    );
  }
  return { host: numeric, port };
}

export const addressText = ({ host, port }: Address): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

export const isLoopback = (host: string): boolean => (isIPv4(host) && host.startsWith('127.')) || host === '::1';

/** Where clients on this machine reach a server that listens on `host`. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
