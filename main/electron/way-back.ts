/** The way back to the page: after a crash, when it hangs, from where nothing is, and by the menu. The lab runs on meanwhile. */
import { crashAddress, crashPath, isAppPage, pageAddress, pathIn } from './addresses.ts';
import type { BrowserWindow, ElectronApi } from './api.ts';
import type { Complain } from './ipc.ts';

export interface WayBack {
  /** Loads the page anew, whatever it is at. */
  reload(): void;
  /** A command of the menu went to the page, which says so when it has it. */
  asked(): void;
  answered(): void;
}

/**
 * How long a page may leave a command of the menu unanswered before its user is asked. Chromium waits as long for a key or click; it
 * hears of nothing else, so that a page that hangs while nobody touches it is not noticed, and need not be.
 */
const answerMs = 15_000;
/** How long a page that is to be loaded anew may go on with what it is at. Chromium itself would wait for it for 30 s, and then ask. */
const leaveMs = 5_000;

export function keepWayBack(
  { dialog }: Pick<ElectronApi, 'dialog'>,
  window: BrowserWindow,
  complain: Complain,
): WayBack {
  const contents = window.webContents;
  let isReloading = false;
  let leaving: NodeJS.Timeout | undefined;
  let answering: NodeJS.Timeout | undefined;
  let asking: AbortController | undefined;

  const load = (address: string): void => {
    if (!window.isDestroyed()) void window.loadURL(address).catch((error: unknown) => complain(String(error)));
  };
  /** A page that hangs does not unload; when its process has gone, it is loaded anew. */
  function endPage(): void {
    isReloading = true;
    contents.forcefullyCrashRenderer();
  }
  function reload(): void {
    clearTimeout(leaving);
    leaving = setTimeout(endPage, leaveMs);
    // What is cut off by the end of the page is loaded after it.
    if (!window.isDestroyed()) void window.loadURL(pageAddress).catch(() => undefined);
  }
  function answered(): void {
    clearTimeout(answering);
    answering = undefined;
    asking?.abort();
  }
  function asked(): void {
    if (isAppPage(contents.getURL())) answering ??= setTimeout(askWhat, answerMs);
  }
  function askWhat(): void {
    if (asking || window.isDestroyed()) return;
    asking = new AbortController();
    const { signal } = asking;
    void askWhetherToWait(dialog, window, signal).then((answer) => {
      asking = undefined;
      answering = undefined;
      if (answer === 'reload' && !window.isDestroyed()) endPage();
    });
  }

  contents.on('render-process-gone', (_event, { reason, exitCode }) => {
    clearTimeout(leaving);
    answered();
    if (reason === 'clean-exit') return;
    complain(`The window's page has gone: ${reason}, exit code ${exitCode}.`);
    if (isReloading) {
      isReloading = false;
      load(pageAddress);
    } else if (pathIn(contents.getURL()) === crashPath) {
      // Not even a page without script can be shown: nothing in this window will.
      dialog.showErrorBox('fdscope cannot show its window', `Its page ended twice (${reason}). Start fdscope again.`);
      window.destroy();
    } else {
      load(crashAddress(reason, exitCode));
      window.show();
    }
  });
  contents.on('did-navigate', (_event, address) => {
    clearTimeout(leaving);
    answered();
    const path = pathIn(address);
    if (path === '/' || path === crashPath) return;
    // An empty page needs no request, so that Chromium asks nobody before it shows one (Electron 33.2.1: no will-navigate).
    complain(`The window's page went to ${address}, where nothing is; it is loaded again.`);
    load(pageAddress);
  });
  window.on('unresponsive', askWhat);
  window.on('responsive', answered);
  window.once('closed', () => {
    clearTimeout(leaving);
    clearTimeout(answering);
  });
  return { reload, asked, answered };
}

async function askWhetherToWait(
  dialog: ElectronApi['dialog'],
  window: BrowserWindow,
  signal: AbortSignal,
): Promise<'wait' | 'reload'> {
  const answers = ['wait', 'reload'] as const;
  const { response } = await dialog.showMessageBox(window, {
    type: 'warning',
    title: 'fdscope does not answer',
    message: 'The window does not answer.',
    detail: 'Wait for it, or load its page again. The lab is another process: what runs in it goes on either way.',
    buttons: ['Wait', 'Load again'],
    ...{ defaultId: 0, cancelId: 0, noLink: true, signal },
  });
  return answers[response] ?? 'wait';
}
