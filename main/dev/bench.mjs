// `npm run bench`: what the models, the load engine and the telemetry cost, against servers and clients that others wrote.
// `npm run bench -- drawing`: what the tracks cost a browser.
// `npm run bench -- sessions`: what recording costs, how tightly it packs, and how soon a long session opens.
// `npm run bench -- exports`: what exporting a large session costs, and whether its memory stays flat.
// `npm run bench -- sockets`: how soon a step of the Sockets screen is painted, and what an idle bench costs.
// `npm run bench -- startup`: from the start of the desktop app to a Scope that can be used, beside another build.
// `--only sessions` is the same as `sessions`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findBrowser } from './browser.mjs';
import { desktopForTests } from './electron.mjs';
import {
  ensureBuild,
  ensureEngine,
  ensurePackages,
  ensureRenderer,
  exitWithSentence,
  root,
  SetupError,
} from './setup.mjs';
import { ensureShell } from './shell.mjs';

/** What a bench is driven in. Throws SetupError where it cannot be had. */
async function environmentOf(bench) {
  if (bench === 'drawing' || bench === 'sockets') return { FDSCOPE_BROWSER: findBrowser() ?? '' };
  if (bench !== 'startup') return {};
  const { binary, reason } = desktopForTests();
  if (binary === undefined) throw new SetupError(`The start of the desktop app cannot be measured: ${reason}.`);
  await ensureShell();
  await ensureRenderer();
  return { FDSCOPE_ELECTRON: binary };
}

try {
  await ensurePackages();
  const args = process.argv.slice(2);
  // Those that are programs of their own are named alone or, as parts of the others are, by --only.
  const name = args[0] === '--only' ? args[1] : args[0];
  const alone = ['drawing', 'sessions', 'exports', 'sockets', 'startup'].find((known) => known === name);
  if (alone !== undefined) args.splice(0, args[0] === '--only' ? 2 : 1);
  // One for each bench: they start themselves anew for what they measure, also while another bench is built.
  const outfile = `out/test/bench-${alone ?? 'servers'}.mjs`;
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: [`test/bench/${alone ?? 'index'}.ts`],
    // As deep below the top as the sources are, so that what they find from their own place is found from there.
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const run = (env) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(root, outfile), ...args], {
        cwd: root,
        stdio: 'inherit',
        env: { ...process.env, ...env },
      });
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 1));
    });
  // What is asked for is looked at before minutes are spent on engines; `--help` needs none.
  const refused = await run({ FDSCOPE_BENCH_OPTIONS_ONLY: '1' });
  if (refused !== 0 || args.includes('--help') || args.includes('-h')) process.exit(refused);
  // Sessions are recorded from an engine; the drawing and the exports need none.
  if (alone !== 'drawing' && alone !== 'exports') {
    await ensureEngine('release');
    if (alone === undefined) await ensureEngine('bare');
    await ensureBuild();
  }
  process.exitCode = await run(await environmentOf(alone));
} catch (error) {
  exitWithSentence(error);
}
