#!/usr/bin/env node
// The launcher: brings what a checkout still lacks, then runs the bundled command line.
import '../dev/node-version.mjs';

import('../dev/setup.mjs')
  .then(function (setup) {
    return setup.ensureEverything({ page: process.argv[2] === 'web' }).catch(setup.exitWithSentence);
  })
  .then(function () {
    return import('../../out/cli.mjs');
  })
  .then(function (cli) {
    return cli.runCli(process.argv.slice(2));
  })
  .then(function (code) {
    process.exitCode = code;
  })
  .catch(function (error) {
    console.error(error);
    process.exit(1);
  });
