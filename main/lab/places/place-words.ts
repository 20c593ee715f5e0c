/** What a launcher said when a place could not be reached, shortened, with what to do. */
import type { PlaceSettings } from '../../../shared/schemas/places.ts';
import { visibleLine } from '../../../shared/visible.ts';

interface Known {
  readonly pattern: RegExp;
  readonly sentence: (host: string) => string;
}

/** OpenSSH's own words, as OpenSSH 9.2 writes them. */
const sshWords: readonly Known[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    sentence: (host) =>
      `its host key is another than the one known here. Find out why, and only then remove the old one with \`ssh-keygen -R ${host}\``,
  },
  {
    pattern: /Host key verification failed/,
    sentence: (host) =>
      `its host key is not known here. Log in once by hand with \`ssh ${host}\`, compare the key, and accept it`,
  },
  {
    pattern: /Permission denied/,
    sentence: (host) =>
      `it takes none of your keys, and fdscope never asks for a password. Set up a key, for example with \`ssh-copy-id ${host}\`, until \`ssh -o BatchMode=yes ${host} true\` works`,
  },
  {
    pattern: /Could not resolve hostname/,
    sentence: () => 'its name leads to no address. Check "host" in places.yaml, and your ssh_config',
  },
  {
    pattern: /Connection refused/,
    sentence: () => 'nothing listens for ssh there (connection refused). Check that sshd runs, and its port',
  },
  {
    pattern: /timed out|No route to host|Network is unreachable/,
    sentence: () => 'it does not answer. Check that it is on, and that no firewall is between',
  },
];

/** A clause without a full stop. */
export function whyUnreachable(place: PlaceSettings, stderr: readonly string[], fallback: string): string {
  const all = stderr.join('\n');
  if (place.kind === 'ssh') {
    const host = place.host;
    const known = sshWords.find(({ pattern }) => pattern.test(all));
    if (known) return known.sentence(host);
  }
  const last = visibleLine(stderr.at(-1) ?? '').replace(/\.$/, '');
  return last === '' ? fallback : `"${last.slice(0, 200)}"`;
}
