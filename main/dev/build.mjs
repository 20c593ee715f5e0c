// `npm run build`: bundles the TypeScript programs into out/, and builds the app's page and its Electron shell.
import { ensureBuild, ensurePackages, ensureRenderer, exitWithSentence, refuseArguments } from './setup.mjs';
import { ensureShell } from './shell.mjs';

refuseArguments('build');

await ensurePackages()
  .then(() => ensureBuild())
  .then(() => ensureShell())
  .then(() => ensureRenderer())
  .catch(exitWithSentence);
