// `npm run build`: bundles the TypeScript programs into out/.
import { ensureBuild, ensurePackages, exitWithSentence } from './setup.mjs';

await ensurePackages()
  .then(() => ensureBuild())
  .catch(exitWithSentence);
