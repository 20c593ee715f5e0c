// `npm start`: prepares the checkout and runs the app: as a desktop app where that can be, else in a browser.
// `npm start -- --web` takes the browser in any case; `--port N` and `--no-open` are those of `fdscope web`.
// `npm start -- FILE` opens a session or a scenario in the desktop app.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { desktopApp } from './electron.mjs';
import { ensureEverything, exitWithSentence, root, SetupError } from './setup.mjs';
import { ensureShell } from './shell.mjs';

const args = process.argv.slice(2);
const isWeb = args.some((arg) => arg.startsWith('-'));
const web = {
  command: process.execPath,
  args: [join(root, 'main/cli/bin.mjs'), 'web', ...args.filter((arg) => arg !== '--web')],
};

/** A desktop app that ends with a fault this soon never had a window. */
const earlyMs = 10_000;

const inBrowser = (reason) => {
  if (args.length > 0)
    throw new SetupError(`Files are opened by the desktop app, which cannot run here, as ${reason}.`);
  console.error(`The desktop app cannot run here, as ${reason}; the app runs in a browser instead.`);
  return web;
};

/** What is to be started, with a word about why it is not the desktop app. */
async function choose() {
  if (isWeb) return web;
  const { command, args: shellArgs, reason } = desktopApp();
  if (command === undefined) return inBrowser(reason);
  await ensureShell();
  return { command, args: [...shellArgs, ...args], isDesktop: true };
}

/** Runs it to its end; resolves to its exit code. */
function run({ command, args: appArgs, isDesktop }) {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const app = spawn(command, appArgs, { stdio: 'inherit' });
    const terminate = () => app.kill('SIGTERM');
    process.on('SIGTERM', terminate);
    app.on('error', reject);
    app.on('close', (code, signal) => {
      process.off('SIGTERM', terminate);
      const isStillborn = isDesktop && code !== 0 && performance.now() - startedMs < earlyMs;
      if (!isStillborn || signal === 'SIGINT' || signal === 'SIGTERM') resolve(code ?? 1);
      else resolve(Promise.resolve().then(() => run(inBrowser(`it ended at once (${signal ?? `exit code ${code}`})`))));
    });
  });
}

// Ctrl-C reaches the app by itself, as it does everything in the foreground; it decides how it ends.
process.on('SIGINT', () => {});
await ensureEverything({ variant: 'release', page: true })
  .then(() => choose())
  .then(run)
  .then((code) => process.exit(code))
  .catch(exitWithSentence);
