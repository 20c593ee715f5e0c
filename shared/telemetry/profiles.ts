/** What clients do, by the names that people write; in the order of their numbers on the wire. */
import { profileDefaults, profileNumbers, type ProfileDefaults } from './wire.ts';

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

type Kebab<Name extends string> = Name extends `${infer Head}W${infer Tail}`
  ? `${Head}-w${Tail}`
  : Name extends `${infer Head}R${infer Tail}`
    ? `${Head}-r${Tail}`
    : Name extends `${infer Head}C${infer Tail}`
      ? `${Head}-c${Tail}`
      : Name;

export type ClientProfile = Kebab<keyof typeof profileNumbers>;
export const clientProfiles = Object.keys(profileNumbers).map(kebab) as ClientProfile[];

const defaults = new Map(Object.entries(profileDefaults).map(([name, values]) => [kebab(name), values]));

/** What a client of this profile does where it is not told. */
export function defaultsOf(profile: ClientProfile): ProfileDefaults {
  const found = defaults.get(profile);
  if (found === undefined) throw new Error(`There is no profile ${profile}.`);
  return found;
}
