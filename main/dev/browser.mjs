/**
 * A browser for the tests that need one: an installed Chrome or Chromium first, then Debian's package where it may be
 * installed, then Playwright's own download.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from './on-path.mjs';
import { root } from './setup.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

const findByName = (name) => onPath(name, { more: ['/usr/bin', '/snap/bin'] });

/** Absolute path of a browser, or undefined. FDSCOPE_BROWSER or CHROMIUM_PATH names one. */
export function findBrowser() {
  const { FDSCOPE_BROWSER, CHROMIUM_PATH } = process.env;
  const given = [FDSCOPE_BROWSER, CHROMIUM_PATH].find((file) => file && existsSync(file));
  return given ?? names.map(findByName).find((file) => file !== undefined) ?? playwrightBrowser();
}

/** The one that Playwright keeps for itself, where it is there. */
function playwrightBrowser() {
  const script = "import('playwright-core').then((p) => console.log(p.chromium.executablePath()))";
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  const file = (stdout ?? '').trim();
  return file !== '' && existsSync(file) ? file : undefined;
}

const minutes = (count) => count * 60_000;

/** Brings a browser where there is none. Returns {browser} or {reason}: why there is none. */
export function ensureBrowser() {
  const found = findBrowser();
  if (found) return { browser: found };
  const isRoot = process.getuid?.() === 0;
  if (isRoot && onPath('apt-get')) {
    console.error('installing chromium ...');
    const apt = (...args) =>
      // Another checkout may be installing something just now.
      spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
        stdio: 'ignore',
        timeout: minutes(10),
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    apt('update');
    apt('install', '--yes', '--no-install-recommends', 'chromium');
    const installed = findBrowser();
    if (installed) return { browser: installed };
  }
  console.error("fetching Playwright's Chromium ...");
  const cli = join(root, 'node_modules/playwright-core/cli.js');
  spawnSync(process.execPath, [cli, 'install', 'chromium-headless-shell'], { stdio: 'ignore', timeout: minutes(5) });
  const fetched = findBrowser();
  if (fetched) return { browser: fetched };
  return { reason: 'no Chrome or Chromium was found and none could be installed: apt-get install chromium' };
}
