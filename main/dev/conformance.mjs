// `npm run conformance:asan` and `conformance:tsan`: the conformance table against a sanitized engine.
import { BadInput, ensureBuild, ensurePackages, exitWithSentence } from './setup.mjs';
import { runSuites } from './suites.mjs';
import { summarize } from './summary.mjs';

const [variant, ...filters] = process.argv.slice(2);
const word = filters.find((filter) => !filter.startsWith('-'));

try {
  if (variant !== 'asan' && variant !== 'tsan')
    throw new BadInput(`There is no sanitizer "${variant}": choose asan or tsan.`);
  if (word !== undefined && filters.indexOf(word) === 0)
    throw new BadInput(`\`npm run conformance:${variant}\` takes vitest's options, and was given "${word}".`);
  await ensurePackages();
  await ensureBuild();
  summarize(await runSuites([variant], filters));
} catch (error) {
  exitWithSentence(error);
}
