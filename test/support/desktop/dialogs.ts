/** Answers of a person to native dialogs, which Chromium draws by GTK, outside of every page: typed, by xdotool. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { toolEnvironment } from '../tools.ts';
import type { Desktop } from './app.ts';

async function xdotool(display: string, ...args: string[]): Promise<string> {
  const env = { ...toolEnvironment, DISPLAY: display };
  return (await promisify(execFile)('xdotool', args, { env, timeout: 150_000 })).stdout;
}

/** Types an absolute path into the save dialog, and takes it. */
export async function answerSaveDialog({ display }: Desktop, path: string): Promise<void> {
  const found = await xdotool(display, 'search', '--sync', '--onlyvisible', '--name', '^Save ');
  const [dialog = ''] = found.trim().split('\n');
  await xdotool(display, 'windowactivate', '--sync', dialog);
  await xdotool(display, 'key', 'ctrl+a');
  await xdotool(display, 'type', '--delay', '20', path);
  await xdotool(display, 'key', 'Return');
}
