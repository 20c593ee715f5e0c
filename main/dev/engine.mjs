// `npm run engine[:variant]`: builds an engine variant; with `symbols`, says which glibc it needs.
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { enginePath, ensureEngine, exitWithSentence, root } from './setup.mjs';

const [variant = 'release', goal] = process.argv.slice(2);
await ensureEngine(variant).catch(exitWithSentence);
if (goal === 'symbols') {
  const args = ['-s', '-C', join(root, 'main/engine'), `VARIANT=${variant}`, 'symbols'];
  process.exit(spawnSync('make', args, { stdio: 'inherit' }).status ?? 1);
}
console.log(relative(process.cwd(), enginePath(variant)));
