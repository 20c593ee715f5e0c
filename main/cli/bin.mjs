#!/usr/bin/env node
// The launcher: brings what a checkout still lacks, then runs the bundled command line.
import { ensureEverything, ensureRenderer, exitWithSentence } from '../dev/setup.mjs';

await ensureEverything().catch(exitWithSentence);
if (process.argv[2] === 'web') await ensureRenderer().catch(exitWithSentence);
const { runCli } = await import('../../out/cli.mjs');
process.exitCode = await runCli(process.argv.slice(2));
