/** Chromium for tests and benches: the one that main/dev/browser.mjs found or brought, and named in FDSCOPE_BROWSER. */
import { chromium, type Browser } from '@playwright/test';

/** Chromium's own sandbox does not start for root. */
const noSandboxAsRoot = (): string[] => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);

export function launchBrowser(path = process.env.FDSCOPE_BROWSER): Promise<Browser> {
  return chromium.launch({ ...(path === undefined ? {} : { executablePath: path }), args: noSandboxAsRoot() });
}
