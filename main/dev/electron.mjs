/** Electron's program: where it is, whether it can be fetched, and whether the desktop app can run here. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './setup.mjs';

const electronFolder = () => join(root, 'node_modules/electron');

export const electronVersion = () => JSON.parse(readFileSync(join(electronFolder(), 'package.json'), 'utf8')).version;

/** The folder that Electron's program is, or would be, in. The variable is that of Electron's own package. */
export const electronDist = (env = process.env) => env.ELECTRON_OVERRIDE_DIST_PATH || join(electronFolder(), 'dist');

/** Absolute path of Electron's program, or undefined. */
export function electronBinary(env = process.env) {
  const path = join(electronDist(env), 'electron');
  return existsSync(path) ? path : undefined;
}

const fetchLimitMs = 5 * 60_000;

/** Fetches Electron's program with its own installer. Returns {binary} or the {reason} why there is none. */
export function fetchElectron(env = process.env) {
  const found = electronBinary(env);
  if (found) return { binary: found };
  const installer = join(electronFolder(), 'install.js');
  if (!existsSync(installer)) return { reason: 'the npm package electron is not installed' };
  console.error(`fetching Electron ${electronVersion()} ...`);
  const { stderr = '' } = spawnSync(process.execPath, [installer], { encoding: 'utf8', timeout: fetchLimitMs });
  const fetched = electronBinary(env);
  if (fetched) return { binary: fetched };
  // A stack begins with the fault itself.
  const why = (stderr ?? '').split('\n').find((line) => /Error|ERR_/.test(line)) ?? 'its installer gave no reason';
  return { reason: `Electron's program is not installed and could not be fetched (${why.trim()})` };
}

/** Why Chromium's sandbox, without which the app does not run, cannot start here; or undefined. */
export function sandboxRefusal(binary, readSetting = readSystemSetting, uid = process.getuid?.()) {
  if (uid === 0) return 'it does not run as root, whom no sandbox holds: start it as another user';
  const restricted =
    readSetting('/proc/sys/kernel/unprivileged_userns_clone') === '0' ||
    readSetting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1';
  const helper = join(dirname(binary), 'chrome-sandbox');
  if (!restricted || isSetuidRoot(helper)) return undefined;
  return (
    'this system keeps user namespaces from programs, so that its sandbox needs a helper owned by root: ' +
    `sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'`
  );
}

function readSystemSetting(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // this kernel does not know it
  }
}

function isSetuidRoot(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.uid === 0 && (stat.mode & 0o4000) !== 0;
}

/** What keeps a window from opening here, whatever is installed; or undefined. */
export function displayRefusal(env = process.env) {
  if (env.DISPLAY || env.WAYLAND_DISPLAY) return undefined;
  return 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)';
}

/** {command, args} of the desktop app, or the {reason} why it cannot run here. Fetches Electron where it is missing. */
export function desktopApp(env = process.env) {
  const noDisplay = displayRefusal(env);
  if (noDisplay !== undefined) return { reason: noDisplay };
  const { binary, reason } = fetchElectron(env);
  if (binary === undefined) return { reason };
  const noSandbox = sandboxRefusal(binary);
  return noSandbox === undefined ? { command: binary, args: [root] } : { reason: noSandbox };
}
