/** Chromium for tests and benches: the one that main/dev/browser.mjs found or brought, and named in FDSCOPE_BROWSER. */
import { chromium, type Browser, type LaunchOptions } from '@playwright/test';

/** Chromium's own sandbox does not start for root. */
const noSandboxAsRoot = (): string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);

export const launchOptions = (path = process.env.FDSCOPE_BROWSER): LaunchOptions => ({
  ...(path === undefined ? {} : { executablePath: path }),
  args: noSandboxAsRoot(),
});

export const launchBrowser = (path?: string): Promise<Browser> => chromium.launch(launchOptions(path));
