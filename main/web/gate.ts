/**
 * Who may come in. The lab starts programs and opens sockets, so that neither other users of this machine nor pages of
 * other sites in the same browser may reach it. Pages of other sites have another Origin, and a name that was bent to
 * point here (DNS rebinding) has another Host. A browser gets its cookie for a code, which is good once and for seconds;
 * and because both may be seen by others (a command line; a cookie goes to every port of this host), the kernel is asked
 * whose the connection is.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { expectedUsers, ownerOf, type Owner } from './peer.ts';

/** Of 256 bits nobody guesses one. */
const secretBytes = 32;
/** Time to copy an address into a browser, also one of another machine. */
export const codeSeconds = 60;
/** Addresses that wait to be opened; older ones are void. */
const mostCodes = 16;

/** One that was not used yet, and when it is void. */
interface Code {
  readonly code: string;
  readonly untilMs: number;
}

const newSecret = (): string => randomBytes(secretBytes).toString('base64url');

const isSame = (given: string, secret: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
};

export interface GateOptions {
  readonly port: number;
  /** User ids that are let in beside the user of the lab and root. */
  readonly users?: readonly number[];
  /** Tells whose a connection is. */
  readonly ownerOf?: (socket: Socket) => Owner;
  /** In ms, only ever growing. */
  readonly now?: () => number;
}

export class Gate {
  readonly #port: number;
  readonly #token = newSecret();
  readonly #users: ReadonlySet<number>;
  readonly #ownerOf: (socket: Socket) => Owner;
  readonly #now: () => number;
  #codes: readonly Code[] = [];
  /** A connection does not change hands. */
  readonly #owners = new WeakMap<Socket, Owner>();

  constructor({ port, users = [], ownerOf: find = ownerOf, now = () => performance.now() }: GateOptions) {
    this.#port = port;
    this.#users = new Set([...expectedUsers(), ...users]);
    this.#ownerOf = find;
    this.#now = now;
  }

  /** Where one browser is let in, once and within `codeSeconds`; then its cookie stands for it. */
  newAddress(): string {
    const code = newSecret();
    this.#codes = [...this.#waiting(), { code, untilMs: this.#now() + codeSeconds * 1000 }].slice(-mostCodes);
    return `http://127.0.0.1:${this.#port}/?code=${code}`;
  }

  /** Whether this code lets in; it does not do so again. */
  take(code: string): boolean {
    const waiting = this.#waiting();
    this.#codes = waiting.filter((each) => !isSame(code, each.code));
    return this.#codes.length < waiting.length;
  }

  #waiting(): readonly Code[] {
    return this.#codes.filter(({ untilMs }) => this.#now() < untilMs);
  }

  /** Cookies do not tell ports apart, so that the name must: several labs may run. */
  get #cookieName(): string {
    return `fdscope-${this.#port}`;
  }
  get cookie(): string {
    return `${this.#cookieName}=${this.#token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Why these headers are refused, or undefined. Does not look for the cookie. */
  refusal({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): string | undefined {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(host ?? '')) return `This lab answers to ${hosts.join(' and ')} only.`;
    if (origin !== undefined && origin !== `http://${host ?? ''}`) return 'Other sites may not use this lab.';
    if (site === 'cross-site' && origin !== undefined) return 'Other sites may not use this lab.';
    return undefined;
  }

  /** Why the other end of a connection is refused, or undefined. Reads tables of the kernel: after the secret is seen. */
  stranger(socket: Socket): string | undefined {
    let owner = this.#owners.get(socket);
    if (owner === undefined) this.#owners.set(socket, (owner = this.#ownerOf(socket)));
    if (owner === 'untold' || (owner !== 'unknown' && this.#users.has(owner))) return undefined;
    const who = owner === 'unknown' ? 'a connection whose user the kernel does not tell' : `user ${owner}`;
    return `This lab is for the user who started it, and this is ${who}. To let a user in: fdscope web --allow-user UID`;
  }

  hasCookie({ cookie = '' }: IncomingHttpHeaders): boolean {
    const prefix = `${this.#cookieName}=`;
    return cookie
      .split(/;\s*/)
      .some((pair) => pair.startsWith(prefix) && isSame(pair.slice(prefix.length), this.#token));
  }
}
