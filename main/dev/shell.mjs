/** The bundles that Electron runs, as they are in a packaged app: whole, as a package holds no node_modules. */
import { ensureBundles, nodeBundle } from './setup.mjs';

// Packages of the older kind ask for Node's modules by `require`, which a module has to make for itself.
const banner = {
  js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
};

const whole = {
  ...nodeBundle,
  banner,
  outdir: 'out/electron',
  outExtension: { '.js': '.mjs' },
  external: ['electron'],
};

/** Main process, preload and the server of the model `node`, into out/electron, where a source changed. */
export const ensureShell = () =>
  ensureBundles(
    'shell',
    [
      { ...whole, entryPoints: { main: 'main/electron/main.ts' } },
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
