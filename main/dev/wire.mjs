// `npm run wire`: writes the C++ header of the wire constants.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePackages, exitWithSentence, refuseArguments, root } from './setup.mjs';

refuseArguments('wire');

try {
  await ensurePackages();
  const { build } = await import('esbuild');
  // Node 20 cannot load TypeScript by itself, so the generator is bundled in memory and imported from there.
  const bundle = await build({
    entryPoints: [join(root, 'main/dev/generate-wire-header.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  });
  const source = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
  const { wireHeader } = await import(`data:text/javascript;base64,${source}`);
  const path = join(root, 'main/engine/telemetry/wire.gen.hpp');
  writeFileSync(path, wireHeader());
  console.log('wrote main/engine/telemetry/wire.gen.hpp');
} catch (error) {
  exitWithSentence(error);
}
