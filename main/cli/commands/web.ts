/** `fdscope web`: the app in a browser on this machine, until Ctrl-C. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { limits } from '../../../shared/schemas/settings.ts';
import { findRoot } from '../../lab/engine-location.ts';
import { startWebHost } from '../../web/web-host.ts';
import type { Register } from '../command.ts';
import { parseSettings } from '../input.ts';
import { addNumber } from '../options.ts';

interface WebFlags {
  readonly port?: number;
  readonly open: boolean;
}

const [lowestPort, highestPort] = limits.port;
const webSchema = z.object({ port: z.number().int().min(lowestPort).max(highestPort).default(0) });

/** Where there is a desktop. That no browser opens is no fault: the address is printed. */
function openBrowser(address: string, env: NodeJS.ProcessEnv): void {
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return;
  const opener = spawn('xdg-open', [address], { stdio: 'ignore', detached: true });
  opener.on('error', () => {});
  opener.unref();
}

export const registerWeb: Register = (program, { lab, signal }) => {
  const command = program.command('web').description('the app in a browser, on this machine only, until Ctrl-C');
  addNumber(command, '--port', 'port on 127.0.0.1; 0, the default, is any free one');
  command.option('--no-open', 'print the address and open no browser');
  command.action(async (flags: WebFlags) => {
    const { port } = parseSettings(webSchema, { port: flags.port });
    const host = await startWebHost(lab, { port, folder: join(findRoot(), 'out/renderer') });
    process.stdout.write(`fdscope runs at ${host.address}\n`);
    if (flags.open) openBrowser(host.address, process.env);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await host.close();
  });
};
