/** The bundles that Electron runs, as they are in a packaged app: whole, as a package holds no node_modules. */
import { ensureBundles, sessionReader, wholeBundle } from './setup.mjs';

// Names stay, for whoever reads a stack; V8 has a third less to read at each start.
const small = { minifyWhitespace: true, minifySyntax: true };
const whole = { ...wholeBundle, ...small, outdir: 'out/electron', external: ['electron'] };

/** Main process, command line, preload and the server of the model `node`, into out/electron, where a source changed. */
export const ensureShell = () =>
  ensureBundles(
    'shell',
    [
      // What both are made of, and what is loaded when it is needed, are files beside them.
      { ...whole, splitting: true, entryPoints: { main: 'main/electron/main.ts', cli: 'main/cli/packaged.ts' } },
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
