/** The packaged app, as its users start it; its fuses keep every debugger but that of the page away. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from '@playwright/test';
import { root } from '../engines.ts';
import { displayName, electronProgram } from './app.ts';
import type { UserHome } from './user.ts';

const limitMs = 300_000;

export interface Package {
  /** Absolute path of the program. */
  readonly program: string;
  /** Absolute path of its archive. */
  readonly archive: string;
  remove(): void;
}

/** The folder that `npm run dist -- --dir` makes, in a place of its own that every user may read. */
export async function makePackage(): Promise<Package> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-packaged-'));
  chmodSync(folder, 0o755);
  const args = ['main/dev/dist.mjs', '--dir', '--output', folder];
  const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: dirname(electronProgram) };
  await promisify(execFile)(process.execPath, args, { cwd: root, env, maxBuffer: 16 << 20 });
  const packaged = join(folder, 'linux-unpacked');
  return {
    program: join(packaged, 'fdscope'),
    archive: join(packaged, 'resources/app.asar'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export class PackagedApp {
  readonly page: Page;
  readonly #app: ChildProcess;
  readonly #browser: Browser;
  readonly #output: () => string;

  private constructor(app: ChildProcess, browser: Browser, page: Page, output: () => string) {
    this.#app = app;
    this.#browser = browser;
    this.page = page;
    this.#output = output;
  }

  /** Resolves when its page is there. Rejects where it ends before, or shows none. */
  static async start(
    program: string,
    home: UserHome,
    { args = [], env = {} }: { args?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): Promise<PackagedApp> {
    const profile = home.path('profile');
    const portFile = join(profile, 'DevToolsActivePort');
    rmSync(portFile, { force: true });
    const app = spawn(home.starterOf(program), ['--remote-debugging-port=0', `--user-data-dir=${profile}`, ...args], {
      cwd: home.folder,
      env: home.environment(displayName(), env),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    app.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const deadline = performance.now() + limitMs;
    for (;;) {
      await pause(100);
      if (app.exitCode !== null) throw new Error(`The packaged app ended with code ${app.exitCode}: ${text}`);
      if (performance.now() > deadline) {
        app.kill('SIGKILL');
        throw new Error(`The packaged app shows no page after ${limitMs / 1000} s: ${text}`);
      }
      const [port = ''] = existsSync(portFile) ? readFileSync(portFile, 'utf8').split('\n') : [];
      if (port === '') continue;
      const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { timeout: limitMs });
      const context = browser.contexts()[0];
      const page = context?.pages()[0] ?? (await context?.waitForEvent('page', { timeout: limitMs }));
      if (!page) throw new Error('The packaged app has no page.');
      page.setDefaultTimeout(150_000);
      return new PackagedApp(app, browser, page, () => text);
    }
  }

  /** All that it said on its terminal. */
  get output(): string {
    return this.#output();
  }

  get pid(): number {
    return this.#app.pid ?? 0;
  }

  async isReady(words = 'Ready'): Promise<void> {
    await this.page.locator('footer').getByText(words, { exact: true }).waitFor();
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#app.once('close', resolve));
    this.#app.kill('SIGTERM');
    await ended;
    await this.#browser.close();
  }
}
