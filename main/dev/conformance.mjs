// `npm run conformance:asan` and `conformance:tsan`: the conformance table against a sanitized engine.
import { ensureBuild, ensurePackages, exitWithSentence } from './setup.mjs';
import { runSuites } from './suites.mjs';
import { summarize } from './summary.mjs';

const [variant, ...filters] = process.argv.slice(2);
try {
  await ensurePackages();
  await ensureBuild();
  summarize(await runSuites([variant], filters));
} catch (error) {
  exitWithSentence(error);
}
