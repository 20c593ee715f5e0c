/**
 * Who may come in. The lab starts programs and opens sockets, so that neither other users of this machine nor pages of
 * other sites in the same browser may reach it: the first lack the token, the second have another Origin, and a name
 * that was bent to point here (DNS rebinding) has another Host.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Of 256 bits nobody guesses one. */
const tokenBytes = 32;

const isSame = (given: string, token: string): boolean => {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
};

export class Gate {
  readonly token = randomBytes(tokenBytes).toString('base64url');
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** Where the page is asked for the first time; then the cookie stands for the token. */
  get address(): string {
    return `http://127.0.0.1:${this.#port}/?token=${this.token}`;
  }

  /** Cookies do not tell ports apart, so that the name must: several labs may run. */
  get #cookieName(): string {
    return `fdscope-${this.#port}`;
  }
  get cookie(): string {
    return `${this.#cookieName}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  hasToken(address: URL): boolean {
    return isSame(address.searchParams.get('token') ?? '', this.token);
  }

  /** Why these headers are refused, or undefined. Does not look for the token. */
  refusal({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): string | undefined {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(host ?? '')) return `This lab answers to ${hosts.join(' and ')} only.`;
    if (origin !== undefined && origin !== `http://${host ?? ''}`) return 'Other sites may not use this lab.';
    if (site === 'cross-site' && origin !== undefined) return 'Other sites may not use this lab.';
    return undefined;
  }

  hasCookie({ cookie = '' }: IncomingHttpHeaders): boolean {
    const prefix = `${this.#cookieName}=`;
    return cookie
      .split(/;\s*/)
      .some((pair) => pair.startsWith(prefix) && isSame(pair.slice(prefix.length), this.token));
  }
}
