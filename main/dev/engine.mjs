// `npm run engine[:variant]`: builds an engine variant; with `symbols`, says which glibc it needs.
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { BadInput, enginePath, ensureEngine, exitWithSentence, root } from './setup.mjs';

const [variant = 'release', goal, surplus] = process.argv.slice(2);
const unknown = goal === 'symbols' || goal === undefined ? surplus : goal;
if (unknown !== undefined)
  exitWithSentence(new BadInput(`\`npm run engine\` takes no arguments, and was given "${unknown}".`));
await ensureEngine(variant).catch(exitWithSentence);
if (goal === 'symbols') {
  const args = ['-s', '-C', join(root, 'main/engine'), `VARIANT=${variant}`, 'symbols'];
  process.exit(spawnSync('make', args, { stdio: 'inherit' }).status ?? 1);
}
console.log(relative(process.cwd(), enginePath(variant)));
