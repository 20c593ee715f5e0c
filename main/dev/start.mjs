// `npm start`: prepares the checkout and runs the quick tour; further arguments go to the CLI.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureEverything, exitWithSentence, root } from './setup.mjs';

await ensureEverything('release').catch(exitWithSentence);
const cli = spawn(process.execPath, [join(root, 'main/cli/bin.mjs'), 'run', 'quick-tour', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
cli.on('error', exitWithSentence);
// Ctrl-C reaches the CLI by itself, as it does everything in the foreground; it decides how the run ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => cli.kill('SIGTERM'));
cli.on('close', (code) => process.exit(code ?? 1));
