/** Whether the desktop app can run here, and how. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const shell = () => join(root, 'out/electron/main.mjs');

/** Absolute path of Electron's program, or undefined. npm's package writes its place into path.txt once it is fetched. */
function electronBinary() {
  const folder = join(root, 'node_modules/electron');
  const record = join(folder, 'path.txt');
  if (!existsSync(record)) return undefined;
  const path = join(folder, 'dist', readFileSync(record, 'utf8').trim());
  return existsSync(path) ? path : undefined;
}

/** {command, args} of the desktop app, or the {reason} why it cannot run here. */
export function desktopApp(env = process.env) {
  if (!existsSync(shell())) return { reason: 'its Electron shell is not part of this version' };
  const command = electronBinary();
  if (command === undefined) return { reason: "Electron's program is not installed" };
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY)
    return { reason: 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)' };
  return { command, args: [shell()] };
}
