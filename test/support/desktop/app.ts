/** The desktop app in Electron itself, as Playwright drives it. main/dev/suites.mjs looked for its program. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import type * as electron from 'electron';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { root } from '../engines.ts';
import { followPage } from '../evidence.ts';
import { hasOwnDisplay, startDisplay, type Display } from './display.ts';
import { UserHome } from './user.ts';

export const electronProgram = process.env.FDSCOPE_ELECTRON ?? '';

/** Why the app cannot be started here; empty where it can. */
const refusal =
  electronProgram === ''
    ? (process.env.FDSCOPE_ELECTRON_REASON ?? 'npm test -- e2e looks for Electron')
    : inject('displayFault');

/** Of this file alone: a clipboard and the focus, which tests type into, are the display's. */
let own: Display | undefined;

/** As DISPLAY has it; that of whoever runs the tests where there is no Xvfb. */
export const displayName = (): string => own?.name ?? process.env.DISPLAY ?? '';

/** Tests that need Electron's program and a display; skipped with the reason where there is none. */
export function describeDesktop(name: string, tests: () => void): void {
  if (refusal !== '') {
    it.skip(`${name} — skipped: ${refusal}`);
    return;
  }
  describe(name, { timeout: 600_000 }, () => {
    beforeAll(async () => {
      if (hasOwnDisplay()) own = await startDisplay();
    });
    // What is registered first is run last.
    afterAll(async () => {
      await own?.stop();
      own = undefined;
    });
    tests();
  });
}

export interface DesktopPlan {
  /** Whose app it is; a new one, which ends with the app, where none is named. */
  readonly home?: UserHome;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly display?: string;
  readonly cwd?: string;
  /** Of a packaged app. */
  readonly program?: string;
}

type Electron = typeof electron;

interface Started extends Required<Pick<DesktopPlan, 'home' | 'display' | 'program'>> {
  readonly output: () => string;
  readonly removeHome: boolean;
}

const limitMs = 300_000;

export class Desktop {
  readonly app: ElectronApplication;
  readonly page: Page;
  readonly home: UserHome;
  readonly display: string;
  /** Absolute path of what it runs. */
  readonly program: string;
  /** What the page complained of so far. */
  readonly complaints: string[] = [];
  readonly #output: () => string;
  readonly #removeHome: boolean;

  private constructor(app: ElectronApplication, page: Page, by: Started) {
    this.app = app;
    this.page = page;
    this.home = by.home;
    this.display = by.display;
    this.program = by.program;
    this.#output = by.output;
    this.#removeHome = by.removeHome;
    page.setDefaultTimeout(150_000);
    followPage(page);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  static async start({ args = [], env = {}, cwd, ...plan }: DesktopPlan = {}): Promise<Desktop> {
    const home = plan.home ?? new UserHome();
    const display = plan.display ?? displayName();
    const program = plan.program ?? electronProgram;
    const app = await _electron.launch({
      executablePath: home.starterOf(program),
      // A packaged app has its folder in itself.
      args: [`--user-data-dir=${home.path('profile')}`, ...(plan.program === undefined ? [root] : []), ...args],
      env: home.environment(display, env),
      cwd: cwd ?? home.folder,
      // Without this word Playwright itself asks for no sandbox.
      chromiumSandbox: true,
      // Without this one every page is told of a light system.
      colorScheme: null,
      timeout: limitMs,
    });
    let text = '';
    for (const stream of [app.process().stdout, app.process().stderr])
      stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const page = await app.firstWindow({ timeout: limitMs });
    const removeHome = plan.home === undefined;
    return new Desktop(app, page, { home, display, program, output: () => text, removeHome });
  }

  get pid(): number {
    return this.app.process().pid ?? 0;
  }

  /** What the app itself said on its terminal, without Chromium's own lines and those of the debugger. */
  ownOutput(): string[] {
    const foreign = /^\[\d+:|^Debugger |^Waiting for the debugger |^For help, see|^DevTools listening/;
    return this.#output()
      .split('\n')
      .filter((line) => line !== '' && !foreign.test(line));
  }

  /** The page has its lab. */
  async isReady(words = 'Ready'): Promise<void> {
    await this.page.locator('footer').getByText(words, { exact: true }).waitFor();
  }

  /**
   * Runs a function in the main process, which may be run twice: where the collector comes before the answer, Playwright has
   * none ("Resulting promise was garbage collected").
   */
  async inMain<R>(run: (electron: Electron, arg: string) => R | Promise<R>, arg = ''): Promise<R> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.app.evaluate<R, string>(run, arg);
      } catch (error) {
        if (tries >= 50 || !String(error).includes('was garbage collected')) throw error;
        await sleep(100);
      }
    }
  }

  /**
   * Chooses an entry of the native menu, by its words or by its role (what Electron itself makes and answers). The page's
   * own entries come when it has told them, which is after the window shows: they are waited for.
   */
  async choose(menu: string, entry: string): Promise<void> {
    const once = `chosen-${randomUUID()}`;
    await expect
      .poll(() => this.#chooseNow([once, menu, entry].join('\n')), { timeout: 60_000, interval: 200 })
      .toBe('chosen');
  }

  #chooseNow(what: string): Promise<string> {
    return this.inMain(({ BrowserWindow, Menu }, arg) => {
      const [key = '', menuLabel, wanted] = arg.split('\n');
      if (Reflect.has(globalThis, key)) return 'chosen';
      const top = Menu.getApplicationMenu()?.items.find((item) => item.label.replace('&', '') === menuLabel);
      const item = top?.submenu?.items.find(({ label, role }) => label === wanted || role === wanted);
      if (!item) return `The menu ${menuLabel} has no ${wanted}.`;
      if (!item.enabled) return `${wanted} is greyed out.`;
      Reflect.set(globalThis, key, true);
      const [window] = BrowserWindow.getAllWindows();
      // Electron's types say no more of it than that it is a function.
      const click = item.click as (event: unknown, window: unknown, contents: unknown) => void;
      click(undefined, window, window?.webContents);
      return 'chosen';
    }, what);
  }

  async close(): Promise<void> {
    await this.app.close();
    if (this.#removeHome) this.home.remove();
  }
}
