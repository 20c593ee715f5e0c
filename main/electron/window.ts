/** The window: hardened, and where it was the last time. */
import { pageAddress } from './addresses.ts';
import type { BrowserWindow, ElectronApi } from './api.ts';
import type { Complain } from './ipc.ts';
import { placeWindow, readWindowState, smallest, writeWindowState } from './window-state.ts';

type WindowApi = Pick<ElectronApi, 'app' | 'BrowserWindow' | 'nativeTheme' | 'screen'>;

export interface WindowPlan {
  /** Absolute path of the bundled preload. */
  readonly preload: string;
  readonly icon: string;
  /** Where the window's place is kept. */
  readonly stateFile: string;
  readonly complain: Complain;
}

/** Long enough that a drag writes once. */
const settleMs = 500;

/** As the page's own tokens have it, so that nothing flashes before the page is there. */
const backgrounds = { dark: '#0b0e12', light: '#f1f3f6' } as const;

export function openWindow(api: WindowApi, plan: WindowPlan): BrowserWindow {
  const saved = readWindowState(plan.stateFile);
  const primary = api.screen.getPrimaryDisplay();
  const others = api.screen.getAllDisplays().filter(({ id }) => id !== primary.id);
  const workAreas = [primary, ...others].map(({ workArea }) => workArea);
  const window = new api.BrowserWindow({
    ...placeWindow(saved?.bounds, workAreas),
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'fdscope',
    icon: plan.icon,
    backgroundColor: api.nativeTheme.shouldUseDarkColors ? backgrounds.dark : backgrounds.light,
    webPreferences: {
      preload: plan.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      // Compiled scripts are kept from the first start on: a site would have to be visited again first.
      v8CacheOptions: 'bypassHeatCheck',
      // Chromium would fetch dictionaries for it.
      spellcheck: false,
      devTools: !api.app.isPackaged,
    },
  });
  if (saved?.isMaximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  keepPlace(window, plan);
  void window.loadURL(pageAddress).catch((error: unknown) => plan.complain(`The page did not load: ${String(error)}`));
  return window;
}

function keepPlace(window: BrowserWindow, { stateFile, complain }: WindowPlan): void {
  let timer: NodeJS.Timeout | undefined;
  const keep = (): void => {
    clearTimeout(timer);
    const state = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() };
    writeWindowState(stateFile, state, complain);
  };
  const keepSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(keep, settleMs);
  };
  window.on('resize', keepSoon);
  window.on('move', keepSoon);
  window.on('maximize', keepSoon);
  window.on('unmaximize', keepSoon);
  window.on('close', keep);
  window.on('closed', () => clearTimeout(timer));
}
