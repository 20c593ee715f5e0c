/** The command line of an installed app, whose program is asked to be Node for it. */
import { runCli } from './index.ts';

// Of this start alone: whatever it starts is to be what it is.
delete process.env.ELECTRON_RUN_AS_NODE;
process.exitCode = await runCli(process.argv.slice(2));
