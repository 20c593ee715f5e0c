/** The app in a real browser: a web host of its own, Chromium, and what a test looks at. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { startCli, type Started } from '../cli/command-line.ts';
import { root } from '../support/engines.ts';

export const noSandboxAsRoot = (): readonly string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);

/** Named by main/dev/suites.mjs, which finds or brings one. */
export const browserPath = process.env.FDSCOPE_BROWSER;

export interface App {
  readonly page: Page;
  /** What the page complained of so far: errors and warnings on its console, exceptions, failed requests. */
  readonly complaints: string[];
  open(): Promise<void>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'dark' | 'light';
}

export class AppUnderTest {
  readonly #host: Started;
  readonly #browser: Browser;
  readonly #address: string;

  private constructor(host: Started, browser: Browser, address: string) {
    this.#host = host;
    this.#browser = browser;
    this.#address = address;
  }

  static async start(): Promise<AppUnderTest> {
    const host = startCli(['web', '--no-open']);
    const [address] = await host.until('stdout', /http:\S+/);
    const executable = browserPath === undefined ? {} : { executablePath: browserPath };
    const browser = await chromium.launch({ ...executable, args: [...noSandboxAsRoot()] });
    return new AppUnderTest(host, browser, address);
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
        await page.goto(this.#address);
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
    this.#host.kill('SIGTERM');
    return (await this.#host.ended).code;
  }
}
