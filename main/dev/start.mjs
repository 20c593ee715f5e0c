// `npm start`: prepares the checkout and runs the app: as a desktop app where that can be, else in a browser.
// `npm start -- --web` takes the browser in any case; `--port N` and `--no-open` are those of `fdscope web`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { desktopApp } from './electron.mjs';
import { ensureEverything, ensureRenderer, exitWithSentence, root } from './setup.mjs';

const args = process.argv.slice(2);
const webArgs = args.filter((arg) => arg !== '--web');

/** What is to be started, with a word about why it is not the desktop app. */
function choose() {
  const web = { command: process.execPath, args: [join(root, 'main/cli/bin.mjs'), 'web', ...webArgs] };
  if (args.length > 0) return web;
  const desktop = desktopApp();
  if (desktop.command !== undefined) return desktop;
  console.error(`The desktop app cannot run here, as ${desktop.reason}; the app runs in a browser instead.`);
  return web;
}

await ensureEverything('release')
  .then(() => ensureRenderer())
  .catch(exitWithSentence);
const { command, args: appArgs } = choose();
const app = spawn(command, appArgs, { stdio: 'inherit' });
app.on('error', exitWithSentence);
// Ctrl-C reaches the app by itself, as it does everything in the foreground; it decides how it ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => app.kill('SIGTERM'));
app.on('close', (code) => process.exit(code ?? 1));
