/** Electron's program: where it is, whether it can be fetched, and whether the desktop app can run here. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onPath } from './on-path.mjs';
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
  const helper = sandboxHelper(binary);
  if (!restricted || isSetuidRoot(helper)) return undefined;
  return (
    'this system keeps user namespaces from programs, so that its sandbox needs a helper owned by root: ' +
    `sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'`
  );
}

/** What makes the sandbox where it belongs to root and says so in its mode. */
const sandboxHelper = (binary) => join(dirname(binary), 'chrome-sandbox');

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

const isRoot = () => process.getuid?.() === 0;
/** `nobody`, in whose name the tests start the app where they are run as root. */
const otherUser = 65_534;

/** What the tests put before a command, so that it runs as an ordinary user; nothing for everybody but root. */
export const asOrdinaryUser = isRoot()
  ? [
      ...['setpriv', `--reuid=${otherUser}`, `--regid=${otherUser}`, '--clear-groups'],
      ...['--inh-caps=-all', '--bounding-set=-all'],
    ]
  : [];
export const ordinaryUser = isRoot() ? otherUser : process.getuid?.();

/** Undefined where the command ends with 0 as an ordinary user, or else the first line of what it said. */
function faultOf(command, env = {}) {
  const [file, ...args] = [...asOrdinaryUser, ...command];
  const { status, stderr, error } = spawnSync(file, args, {
    encoding: 'utf8',
    cwd: '/',
    timeout: 120_000,
    env: { ...process.env, ...env },
  });
  if (status === 0) return undefined;
  const said = (error?.message ?? stderr ?? '').trim().split('\n')[0];
  return said || 'it gives no reason';
}

/**
 * For the tests of the desktop app: {binary} of Electron, or the {reason} why it cannot run here. They bring a display of
 * their own where there is Xvfb, and become another user where they are run as root.
 */
export function desktopForTests(env = process.env) {
  if (onPath('Xvfb', { env }) === undefined && displayRefusal(env) !== undefined) {
    return { reason: 'there is no display, nor Xvfb to make one: apt-get install xvfb' };
  }
  const noUser = faultOf(['true']);
  if (noUser !== undefined) return { reason: `the app does not run as root, nor can another user be had: ${noUser}` };
  const { binary, reason } = fetchElectron(env);
  if (binary === undefined) return { reason };
  for (const path of [binary, join(root, 'package.json')]) {
    if (faultOf(['test', '-r', path]) === undefined) continue;
    return { reason: `the app does not run as root, and other users may not read ${path}` };
  }
  // As Node it needs no display; it does need the libraries that it was linked with.
  const fault = faultOf([binary, '--version'], { ELECTRON_RUN_AS_NODE: '1' });
  if (fault !== undefined) return { reason: `Electron does not start here: ${fault}` };
  const noSandbox = sandboxRefusal(binary, readSystemSetting, ordinaryUser);
  if (noSandbox !== undefined) return { reason: noSandbox };
  // Containers keep namespaces from their programs without any setting that would tell.
  const noNamespaces = faultOf(['unshare', '--user', '--net', 'true']);
  if (noNamespaces !== undefined && !isSetuidRoot(sandboxHelper(binary))) {
    return { reason: `Chromium's sandbox needs user namespaces, which cannot be had: ${noNamespaces}` };
  }
  return { binary };
}
