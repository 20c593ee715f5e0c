/** The bundles that Electron runs, as they are in a packaged app: whole, as a package holds no node_modules. */
import { ensureBundles, sessionReader, wholeBundle } from './setup.mjs';

const whole = { ...wholeBundle, outdir: 'out/electron', external: ['electron'] };

/** Main process, preload and the server of the model `node`, into out/electron, where a source changed. */
export const ensureShell = () =>
  ensureBundles(
    'shell',
    [
      { ...whole, entryPoints: { main: 'main/electron/main.ts' } },
      sessionReader('out/electron/session-reader.cjs'),
      { ...whole, entryPoints: { 'node-server': 'main/engine/node/server.ts' } },
      {
        entryPoints: ['main/electron/page/preload.ts'],
        // A sandboxed preload is a script: it has no modules.
        ...{ platform: 'browser', format: 'cjs', target: 'es2022', external: ['electron'] },
        outfile: 'out/electron/preload.cjs',
      },
    ],
    ['main/dev/shell.mjs'],
  );
