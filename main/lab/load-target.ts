/** Where clients connect, and what they say whom they ask: a target as people write it, and `connectTo`. */
import { isIPv6 } from 'node:net';
import type { LoadSettings } from '../../shared/schemas/settings.ts';
import { checkAddress } from './address-gate.ts';
import { addressText, parseAddress } from './addresses.ts';
import { LabError } from './errors.ts';

const socketScheme = 'unix:/';

export interface LoadTarget {
  /** HOST:PORT, numeric, or unix:/PATH: what the load engine connects to. */
  readonly address: string;
  /** What the field Host says. */
  readonly authority: string;
  /** The path of a URL that has one. */
  readonly path?: string;
  /** Of https: the name or the address, without brackets, that the certificate must be of. */
  readonly secureHost?: string;
}

type Asked = Pick<LoadSettings, 'target' | 'connectTo' | 'protocol' | 'allowRemoteTarget'>;

/** How the setting and the other one are called, for sentences. */
export interface TargetWords {
  readonly target: string;
  readonly connectTo: string;
}
const plainWords: TargetWords = { target: 'The target', connectTo: 'connectTo' };

interface Named {
  /** HOST:PORT, whose host may be a name. */
  readonly authority: string;
  readonly path?: string;
  readonly secureHost?: string;
}

/** "http://name:8080/path", or "name:8080". Throws LabError. */
function named({ target, protocol }: Asked, words: TargetWords): Named {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) return { authority: target };
  const refuse = (why: string): never => {
    throw new LabError('bad-input', `${words.target} ${target} ${why}`);
  };
  if (!URL.canParse(target)) return refuse('is no address: give one such as 127.0.0.1:8080 or http://127.0.0.1:8080/.');
  const url = new URL(target);
  const isSecure = url.protocol === 'https:';
  if (url.protocol !== 'http:' && !isSecure) return refuse('is of another protocol than http: give host and port.');
  if (protocol !== 'http') return refuse('is of the protocol http, and --protocol says another.');
  if (url.username !== '' || url.password !== '') return refuse('has a user in it: give a header Authorization.');
  const path = `${url.pathname}${url.search}`;
  return {
    authority: `${url.hostname}:${url.port === '' ? (isSecure ? '443' : '80') : url.port}`,
    ...(path === '/' ? {} : { path }),
    ...(isSecure ? { secureHost: url.hostname.replace(/^\[|\]$/g, '') } : {}),
  };
}

/** Throws LabError. */
function numeric(text: string, setting: string, { allowRemoteTarget }: Asked): string {
  const address = parseAddress(setting, text);
  checkAddress('target', address.host, allowRemoteTarget, text, setting.startsWith('--') ? setting : undefined);
  return addressText(address);
}

const nameAndPort = /^(?:\[([^\]]+)\]|[a-z0-9._-]+):\d{1,5}$/i;

/** As the load engine takes it. Throws LabError; names are not looked up. */
export function loadTarget(asked: Asked, words: TargetWords = plainWords): LoadTarget {
  const { target, connectTo } = asked;
  // A socket of the file system is on this machine; whether there is one, and whether it may be used, connect() tells.
  const isSocket = (text: string): boolean => text.startsWith(socketScheme);
  if (isSocket(target) && connectTo === undefined) return { address: target, authority: 'localhost' };
  const { authority, ...rest } = named(asked, words);
  if (connectTo === undefined) return { address: numeric(authority, words.target, asked), authority, ...rest };
  const [, bracketed] = nameAndPort.exec(authority) ?? [];
  if (!nameAndPort.test(authority) || (bracketed !== undefined && !isIPv6(bracketed))) {
    const example = 'a name or an address with a port, such as shop.example:8080';
    throw new LabError('bad-input', `${words.target} must be ${example}, not "${target}".`);
  }
  const address = isSocket(connectTo) ? connectTo : numeric(connectTo, words.connectTo, asked);
  return { address, authority, ...rest };
}
