/** Who starts the desktop app: this user, or for root, whom Chromium's sandbox does not hold, another one. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeFirstPage } from '../first-page.ts';
import { asOrdinaryUser, ordinaryUser } from '../../../main/dev/electron.mjs';

const isRoot = process.getuid?.() === 0;

/** GTK would keep what its dialogs remember with a service of the desktop's. */
const noDesktop = { GSETTINGS_BACKEND: 'memory' };

/** Gives a file or folder to the user who starts the app. */
export function giveToUser(path: string): void {
  if (isRoot) chownSync(path, ordinaryUser ?? 0, ordinaryUser ?? 0);
}

/** The home of that user, with a program in it that starts the app as them. */
export class UserHome {
  readonly folder = mkdtempSync(join(tmpdir(), 'fdscope-desktop-'));

  /** `isNew`: the first page was never seen there. */
  constructor({ isNew = false } = {}) {
    giveToUser(this.folder);
    if (isNew) return;
    const config = this.makeFolder('.config');
    const { folder, file } = seeFirstPage(config);
    giveToUser(folder);
    giveToUser(file);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  makeFolder(name: string): string {
    const path = this.path(name);
    mkdirSync(path, { mode: 0o700 });
    giveToUser(path);
    return path;
  }

  write(name: string, content: string | Uint8Array): string {
    const path = this.path(name);
    writeFileSync(path, content);
    giveToUser(path);
    return path;
  }

  /** A program that becomes the user and then `program`, for what starts a program by its path alone. */
  starterOf(program: string): string {
    if (!isRoot) return program;
    const path = this.write(
      `start-${Buffer.from(program).toString('hex').slice(-12)}`,
      `#!/bin/sh\nexec ${asOrdinaryUser.join(' ')} '${program}' "$@"\n`,
    );
    chmodSync(path, 0o755);
    return path;
  }

  /** What the app finds in its environment: this home, this display, no desktop around it. */
  environment(display: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const inherited = ['PATH', 'LANG', 'FDSCOPE_ENGINE_VARIANT', 'TMPDIR'].flatMap((name): [string, string][] => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    });
    return { ...Object.fromEntries(inherited), HOME: this.folder, DISPLAY: display, ...noDesktop, ...more };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 30 });
  }
}
