/** The app in a real browser: a web host of its own, Chromium, and what a test looks at. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { launchBrowser } from '../support/browser.ts';
import { root } from '../support/engines.ts';
import { addressOf, startWebLab, type WebLab } from '../support/web-lab.ts';

export interface App {
  readonly page: Page;
  /** What the page complained of so far: errors and warnings on its console, exceptions, failed requests. */
  readonly complaints: string[];
  open(): Promise<void>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'dark' | 'light';
}

export class AppUnderTest {
  readonly #lab: WebLab;
  readonly #browser: Browser;

  private constructor(lab: WebLab, browser: Browser) {
    this.#lab = lab;
    this.#browser = browser;
  }

  static async start(env: NodeJS.ProcessEnv = {}, by: readonly string[] = []): Promise<AppUnderTest> {
    return new AppUnderTest(await startWebLab(env, by), await launchBrowser());
  }

  async window({ width = 1440, height = 900, scheme = 'dark' }: Look = {}): Promise<App> {
    const context = await this.#browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
    return {
      page,
      complaints,
      open: async () => {
        await page.goto(addressOf(this.#lab));
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
    return (await this.#lab.process.ended).code;
  }
}
