// `npm run format`: writes the format that `npm run check` checks, and mends what ESLint can mend by itself.
import { runChecks } from './checks.mjs';
import { ensurePackages, exitWithSentence, refuseArguments } from './setup.mjs';

refuseArguments('format');

await ensurePackages().catch(exitWithSentence);
const checks = await runChecks({ fix: true, only: ['eslint', 'prettier', 'clang-format'] });
process.exitCode = checks.some((check) => check.state === 'failed') ? 1 : 0;
