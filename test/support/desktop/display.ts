/** A display of the tests' own, so that no window comes up on somebody's screen. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { onPath } from '../../../main/dev/on-path.mjs';

export interface Display {
  /** As DISPLAY has it. */
  readonly name: string;
  stop(): Promise<void>;
}

const startLimitMs = 120_000;

/** Without one, windows have no focus and are neither maximized nor restored. */
const windowManager = 'openbox';

/**
 * Starts an X server of this size on the first number that is free. `-ac` lets every user in: as root the app is started
 * as another one. A window manager comes with it where one is installed. Rejects where there is no Xvfb, or where it ends before
 * it is ready.
 */
export async function startDisplay(size = '1600x1000'): Promise<Display> {
  const args = ['-displayfd', '3', '-ac', '-nolisten', 'tcp', '-screen', '0', `${size}x24`];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const number = await new Promise<string>((resolve, reject) => {
    const limit = setTimeout(() => {
      server.kill('SIGKILL');
      reject(new Error(`Xvfb was not ready after ${startLimitMs / 1000} s.`));
    }, startLimitMs);
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`Xvfb ended with code ${code} before it was ready.`)));
    let text = '';
    (server.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith('\n')) return;
      clearTimeout(limit);
      resolve(text.trim());
    });
  });
  const name = `:${number}`;
  if (onPath(windowManager) !== undefined) {
    // It ends with its display.
    spawn(windowManager, [], { stdio: 'ignore', env: { ...process.env, DISPLAY: name } });
  }
  return {
    name,
    stop: async () => {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

export const hasOwnDisplay = (): boolean => onPath('Xvfb') !== undefined;
