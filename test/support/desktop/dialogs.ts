/** Answers of a person to native dialogs, which Chromium draws by GTK, outside of every page: typed, by xdotool. */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { toolEnvironment } from '../tools.ts';
import type { Desktop } from './app.ts';

async function xdotool(display: string, ...args: string[]): Promise<string> {
  const env = { ...toolEnvironment, DISPLAY: display };
  return (await promisify(execFile)('xdotool', args, { env, timeout: 30_000 })).stdout;
}

const limitMs = 150_000;

/**
 * Waits for the dialog of this title (a regular expression) and gives it the focus. xdotool itself fails where a window
 * goes while it looks, and finds none where there is none yet: it is asked again.
 */
async function focusDialog(display: string, title: string): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      const [dialog = ''] = (await xdotool(display, 'search', '--onlyvisible', '--name', title)).trim().split('\n');
      await xdotool(display, 'windowactivate', '--sync', dialog);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(100);
    }
  }
}

/** Types an absolute path into the save dialog, and takes it. */
export async function answerSaveDialog({ display }: Desktop, path: string): Promise<void> {
  await focusDialog(display, '^Save ');
  await xdotool(display, 'key', 'ctrl+a');
  await xdotool(display, 'type', '--delay', '20', path);
  await xdotool(display, 'key', 'Return');
}

/** Closes a box that only tells something, or takes the answer that stands first. */
export async function dismissDialog(display: string, title: string): Promise<void> {
  await focusDialog(display, title);
  await xdotool(display, 'key', 'Return');
}

/** Takes the answer that stands second. */
export async function takeSecondAnswer(display: string, title: string): Promise<void> {
  await focusDialog(display, title);
  await xdotool(display, 'key', 'Tab', 'Return');
}

/** Whether a box of this title is shown. */
export async function hasDialog(display: string, title: string): Promise<boolean> {
  try {
    return (await xdotool(display, 'search', '--onlyvisible', '--name', title)).trim() !== '';
  } catch {
    return false; // xdotool fails where there is none
  }
}

/** A key that somebody presses at the window that has the focus. */
export async function pressKey(display: string, key: string): Promise<void> {
  await xdotool(display, 'key', key);
}
