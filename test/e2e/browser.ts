/** The app in a real browser: a web host of its own, Chromium, and what a test looks at. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Download, type Locator, type Page } from '@playwright/test';
import { expect, inject } from 'vitest';
import { root } from '../support/engines.ts';
import { followPage } from '../support/evidence.ts';
import { startWebLab, type WebLab } from '../support/web-lab.ts';
import { seeFirstPage } from '../support/first-page.ts';

/** The browser that all files share; closing it closes the windows of this file alone. */
export const connectBrowser = (): Promise<Browser> => chromium.connect(inject('browserAddress'));

export async function bytesOf(download: Promise<Download>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What is read when it has been the same three times, half a second apart: all that was under way has come. */
export async function settled<T>(page: Page, read: () => Promise<T>): Promise<T> {
  let same = 0;
  let last = await read();
  await expect
    .poll(
      async () => {
        await page.waitForTimeout(500);
        const now = await read();
        same = JSON.stringify(now) === JSON.stringify(last) ? same + 1 : 0;
        last = now;
        return same;
      },
      { timeout: 200_000 },
    )
    .toBeGreaterThanOrEqual(3);
  return last;
}

/** Points at something that may move away under the pointer, as a legend of a live picture does, until that shows. */
export async function pointAt(what: Locator, shows: Locator): Promise<void> {
  await expect
    .poll(
      async () => {
        await what.page().mouse.move(2, 2);
        await what.hover();
        const visible = shows.waitFor({ timeout: 5000 });
        return visible.then(() => true).catch(() => false);
      },
      { timeout: 200_000 },
    )
    .toBe(true);
}

export interface App {
  readonly page: Page;
  /** What the page complained of so far: errors and warnings on its console, exceptions, failed requests. */
  readonly complaints: string[];
  open(): Promise<void>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

/** From the page's first screen to a run of one's own on the Scope, whose figures have begun. */
export async function runOnScope(page: Page): Promise<void> {
  await page.getByRole('navigation').getByRole('button', { name: 'Scope', exact: true }).click();
  await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
  await page
    .locator('[data-track=throughput] .legend')
    .getByText(/\d.*\/s/)
    .first()
    .waitFor();
}

interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'dark' | 'light';
}

export class AppUnderTest {
  readonly #lab: WebLab;
  readonly #browser: Browser;

  readonly #settings: string;

  private constructor(lab: WebLab, browser: Browser, settings: string) {
    this.#lab = lab;
    this.#browser = browser;
    this.#settings = settings;
  }

  /** Of a user who has seen the first page, where `env` has no other XDG_CONFIG_HOME. */
  static async start(env: NodeJS.ProcessEnv = {}, by: readonly string[] = []): Promise<AppUnderTest> {
    const settings = mkdtempSync(join(tmpdir(), 'fdscope-e2e-settings-'));
    seeFirstPage(settings);
    const lab = await startWebLab({ XDG_CONFIG_HOME: settings, ...env }, by);
    return new AppUnderTest(lab, await connectBrowser(), settings);
  }

  async window({ width = 1440, height = 900, scheme = 'dark' }: Look = {}): Promise<App> {
    const context = await this.#browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    const address = `http://127.0.0.1:${this.#lab.port}/`;
    const [name = '', value = ''] = this.#lab.cookie.split('=');
    await context.addCookies([{ name, value, url: address, httpOnly: true, sameSite: 'Strict' }]);
    const page = await context.newPage();
    page.setDefaultTimeout(180_000);
    followPage(page);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? 'no reason';
      // Given up as the page went elsewhere, its icon for one: nothing was missing.
      if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed: ${why}`);
    });
    return {
      page,
      complaints,
      open: async () => {
        await page.goto(address);
        await page
          .getByText(/^Connected|^Ready|^Idle|^Running/)
          .first()
          .waitFor();
      },
      screenshot: async (name) => {
        const folder = join(root, 'out/test/screens');
        mkdirSync(folder, { recursive: true });
        await page.screenshot({ path: join(folder, `${name}.png`) });
      },
      close: () => context.close(),
    };
  }

  async close(): Promise<number | null> {
    await this.#browser.close();
    this.#lab.process.kill('SIGTERM');
    const { code } = await this.#lab.process.ended;
    rmSync(this.#settings, { recursive: true, force: true });
    return code;
  }
}
