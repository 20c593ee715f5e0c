// `npm run check`: lint, format and types in one command.
import { runChecks } from './checks.mjs';
import { ensurePackages, exitWithSentence, refuseArguments } from './setup.mjs';

refuseArguments('check');

await ensurePackages().catch(exitWithSentence);
process.exitCode = (await runChecks()).some((check) => check.state === 'failed') ? 1 : 0;
