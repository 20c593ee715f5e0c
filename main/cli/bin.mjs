#!/usr/bin/env node
// The launcher: brings what a checkout still lacks, then runs the bundled command line.
import { ensureEverything, exitWithSentence } from '../dev/setup.mjs';

await ensureEverything({ page: process.argv[2] === 'web' }).catch(exitWithSentence);
const { runCli } = await import('../../out/cli.mjs');
process.exitCode = await runCli(process.argv.slice(2));
