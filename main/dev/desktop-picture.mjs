/** Pictures of the desktop window as it stands on a screen, with its frame and menu: an X server of its own, photographed. */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asOrdinaryUser, desktopForTests, ordinaryUser } from './electron.mjs';
import { onPath } from './on-path.mjs';
import { root, SetupError } from './setup.mjs';

const screen = { width: 1280, height: 800 };
const patienceMs = 300_000;

/** Resolves to its name, such as ":5", and how to end it. */
async function startScreen() {
  const args = ['-displayfd', '3', '-ac', '-nolisten', 'tcp', '-screen', '0', `${screen.width}x${screen.height}x24`];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const name = await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new SetupError('Xvfb did not start.')));
    server.stdio[3].once('data', (chunk) => resolve(`:${chunk.toString().trim()}`));
  });
  // It ends with its display.
  spawn('openbox', [], { stdio: 'ignore', env: { ...process.env, DISPLAY: name } });
  return { name, end: () => server.kill('SIGTERM') };
}

/** Electron's program as root may not start it, by a starter that becomes another user first. */
function starterIn(home, binary) {
  if (asOrdinaryUser.length === 0) return binary;
  const path = join(home, 'start');
  writeFileSync(path, `#!/bin/sh\nexec ${asOrdinaryUser.join(' ')} '${binary}' "$@"\n`);
  chmodSync(path, 0o755);
  chownSync(home, ordinaryUser, ordinaryUser);
  return path;
}

/** Runs a function in the main process, once more where the collector came before its answer: Playwright has no hold of that. */
async function inMain(app, run, argument) {
  for (const deadline = Date.now() + patienceMs; ; await sleep(200)) {
    try {
      return await app.evaluate(run, argument);
    } catch (error) {
      if (!/garbage collected/.test(String(error)) || Date.now() > deadline) throw error;
    }
  }
}

/** The whole screen, as its own program sees it. */
const photograph = async (app) =>
  Buffer.from(
    await inMain(
      app,
      async ({ desktopCapturer }, thumbnailSize) => {
        const [source] = await desktopCapturer.getSources({ types: ['screen'], thumbnailSize });
        return source.thumbnail.toPNG().toString('base64');
      },
      screen,
    ),
    'base64',
  );

/**
 * Runs `work` on the app's page and hands it `shoot(theme)`, which resolves to a PNG of the screen, in the theme "dark" or
 * "light". Throws SetupError where the app cannot be shown.
 */
export async function onScreen(work) {
  const { binary, reason } = desktopForTests();
  if (binary === undefined) throw new SetupError(`The desktop window cannot be photographed: ${reason}.`);
  for (const tool of ['Xvfb', 'openbox']) {
    if (onPath(tool) === undefined) throw new SetupError(`${tool} is missing, on which the desktop window is shown.`);
  }
  const { _electron } = await import('@playwright/test');
  const home = mkdtempSync(join(tmpdir(), 'fdscope-picture-'));
  const display = await startScreen();
  try {
    const app = await _electron.launch({
      executablePath: starterIn(home, binary),
      args: [`--user-data-dir=${join(home, 'profile')}`, root],
      env: { PATH: process.env.PATH, HOME: home, DISPLAY: display.name, GSETTINGS_BACKEND: 'memory' },
      cwd: home,
      chromiumSandbox: true,
      colorScheme: null,
      timeout: patienceMs,
    });
    try {
      const page = await app.firstWindow({ timeout: patienceMs });
      page.setDefaultTimeout(patienceMs);
      await page.locator('footer').getByText('Ready', { exact: true }).waitFor();
      await inMain(app, ({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].maximize());
      await work(page, async (theme) => {
        await inMain(app, ({ nativeTheme }, to) => (nativeTheme.themeSource = to), theme);
        await sleep(1500);
        return photograph(app);
      });
    } finally {
      await app.close();
    }
  } finally {
    display.end();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}
