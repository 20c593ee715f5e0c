// `npm run conformance:asan` and `conformance:tsan`: the conformance table against a sanitized engine.
import { ensureBuild, ensurePackages, exitWithSentence } from './setup.mjs';
import { runSuite } from './suites.mjs';

const [variant, ...filters] = process.argv.slice(2);
try {
  await ensurePackages();
  await ensureBuild();
  const result = await runSuite(variant, filters);
  if (result.fault) console.error(result.fault);
  for (const reason of new Set(result.reasons)) console.log(`skipped: ${reason}`);
  process.exitCode = result.failed === 0 ? 0 : 1;
} catch (error) {
  exitWithSentence(error);
}
