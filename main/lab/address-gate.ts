/**
 * The one gate of every address that the lab listens on or connects to. Loopback is always allowed; another address needs
 * the user's word for this very use, given now: no file and no window can give it for them.
 */
import type { Allowance } from '../../shared/contract/allowance.ts';
import type { ServerSettings } from '../../shared/schemas/settings.ts';
import { isLoopback, parseAddress } from './addresses.ts';
import { LabError } from './errors.ts';

/** Uses of an address that can leave the machine, with the word that allows each. */
export const addressUses = {
  listen: {
    word: '--expose-to-network',
    named: 'A server on',
    refusal: 'can be reached by other machines',
    when: 'if they shall reach it',
  },
  target: {
    word: '--allow-remote-target',
    named: 'The target',
    refusal: 'is not on this machine',
    when: 'where its owner agrees to the load',
  },
  upstream: {
    word: '--allow-remote-upstream',
    named: 'The upstream',
    refusal: 'is not on this machine',
    when: 'where its owner agrees to the load',
  },
} as const;
export type AddressUse = keyof typeof addressUses;

/** `text` is the address as the user wrote it, behind the option `option` where there was one. Throws LabError. */
export function checkAddress(use: AddressUse, host: string, isAllowed: boolean, text = host, option?: string): void {
  if (isLoopback(host) || isAllowed) return;
  const { word, named, refusal, when } = addressUses[use];
  throw new LabError('bad-input', `${option ?? named} ${text} ${refusal}; add ${word} ${when}.`);
}

type AddressedServer = Pick<ServerSettings, 'host' | 'exposeToNetwork' | 'upstream' | 'allowRemoteUpstream'>;

/** Of a server that is about to start. Throws LabError. */
export function checkServerAddresses({ host, exposeToNetwork, upstream, allowRemoteUpstream }: AddressedServer): void {
  checkAddress('listen', host, exposeToNetwork);
  if (upstream === undefined) return;
  checkAddress('upstream', parseAddress('The upstream', upstream).host, allowRemoteUpstream, upstream);
}

/** What the user has said on this command line, or may say in this window. */
export interface Words {
  readonly exposeToNetwork?: boolean | undefined;
  readonly allowRemoteUpstream?: boolean | undefined;
}

/**
 * Of settings that come from elsewhere: a file, a message of a window. Words in them count for nothing: those of the user
 * do. Throws LabError.
 */
export function checkGivenAddresses(server: AddressedServer, words: Words = {}): void {
  const { exposeToNetwork = false, allowRemoteUpstream = false } = words;
  checkServerAddresses({ ...server, exposeToNetwork, allowRemoteUpstream });
}

/** What a window may ask for. Throws LabError. */
export function checkWindowAddresses(server: AddressedServer, { network }: Allowance): void {
  try {
    checkGivenAddresses(server, { exposeToNetwork: network, allowRemoteUpstream: network });
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    throw new LabError(
      'unavailable',
      `${error.message.replace(/; add .*$/, '')}, and a window may not allow that: run it in a terminal, with fdscope run.`,
    );
  }
}
