/** What keeps the app from starting, in a sentence: Chromium itself would end by a signal, or start its helpers without end. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { privateModes } from '../lab/private-files.ts';
import { sentenceOf } from '../lab/errors.ts';

/** Where the app is to start. */
export interface Place {
  readonly uid: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a switch of Chromium is given, such as "ozone-platform". */
  readonly hasSwitch: (name: string) => boolean;
  /** Where the app keeps its settings and what Chromium has. */
  readonly profile: string;
}

/** Before anything is shown: these are told on the terminal alone, as there may be nothing to show them on. */
export function displayObstacle({ uid, env, hasSwitch }: Omit<Place, 'profile'>): string | undefined {
  if (uid === 0) return 'fdscope does not run as root, whom its sandbox does not hold: start it as another user.';
  const named = ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => (env[name] ?? '') !== '');
  if (named || hasSwitch('display') || hasSwitch('ozone-platform')) return undefined;
  return 'There is no display (DISPLAY and WAYLAND_DISPLAY are not set): start fdscope within a desktop.';
}

/** Makes the folder where there is none. */
export function profileObstacle({ profile }: Pick<Place, 'profile'>): string | undefined {
  try {
    mkdirSync(profile, { recursive: true, mode: privateModes.folder });
    if (!statSync(profile).isDirectory()) throw new Error('it is no folder');
    accessSync(profile, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const remedy = 'Make it one that you may write to, or name another with --user-data-dir=FOLDER.';
    return `fdscope keeps its settings in ${profile}, which it may not write to (${sentenceOf(error)}). ${remedy}`;
  }
}
