/** What clients do, by the names that people write; in the order of their numbers on the wire. */
import { profileNumbers } from './wire.ts';

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
