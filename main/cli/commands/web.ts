/** `fdscope web`: the app in a browser on this machine, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { limits } from '../../../shared/schemas/settings.ts';
import { verbsOf } from '../../lab/contract-server/verbs.ts';
import { findRoot } from '../../lab/engine-location.ts';
import { codeSeconds } from '../../web/gate.ts';
import { startWebHost } from '../../web/web-host.ts';
import type { Register } from '../command.ts';
import { whenAsked } from '../fresh-address.ts';
import { parseSettings } from '../input.ts';
import { addNumber } from '../options.ts';
import { quantityOption } from '../spellings.ts';
import { print, tell } from '../terminal.ts';

interface WebFlags {
  readonly port?: number;
  readonly open: boolean;
  readonly allowUser: readonly number[];
}

const [lowestPort, highestPort] = limits.port;
/** A user id is 32 bits, and the last one means none. */
const highestUser = 2 ** 32 - 2;
const webSchema = z.object({
  port: z.number().int().min(lowestPort).max(highestPort).default(0),
  allowUser: z.array(z.number().int().min(0).max(highestUser)),
});

/** Where there is a desktop. That no browser opens is no fault: the address is printed. */
function openBrowser(address: string, env: NodeJS.ProcessEnv): void {
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return;
  // Every user of the machine sees this command line; the code in it is good once, for seconds and for this user.
  const opener = spawn('xdg-open', [address], { stdio: 'ignore', detached: true });
  opener.on('error', () => {});
  opener.unref();
}

const say = (address: string): void => {
  void print(
    `fdscope runs at ${address}\nIt lets one browser in, within ${codeSeconds} s; Enter (or SIGUSR2) makes another.\n`,
  );
};

export const registerWeb: Register = (program, { lab, signal }) => {
  const command = program.command('web').description('the app in a browser, on this machine only, until Ctrl-C');
  addNumber(command, '-p, --port', 'port on 127.0.0.1; 0, the default, is any free one');
  command.option('--no-open', 'print the address and open no browser');
  command.option<number[]>(
    '--allow-user <uid>',
    'let another user of this machine in too, who gets the address from you; may be given several times',
    (text, before) => [...before, quantityOption('--allow-user', 'number')(text)],
    [],
  );
  command.action(async (flags: WebFlags) => {
    const { port, allowUser } = parseSettings(webSchema, { port: flags.port, allowUser: flags.allowUser });
    const folder = join(findRoot(), 'out/renderer');
    const host = await startWebHost(lab, verbsOf(lab, 'web'), {
      ...{ port, folder, users: allowUser },
      complain: (sentence) => tell(`${sentence}\n`),
    });
    say(host.newAddress());
    if (flags.open) openBrowser(host.newAddress(), process.env);
    const listened = whenAsked(process.stdin, () => say(host.newAddress()));
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    listened();
    await host.close();
  });
};
