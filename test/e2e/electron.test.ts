/** The desktop app in Electron itself, where its program is: the page comes up, is fenced in, and drives a lab. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/engines.ts';

/** main/dev/suites.mjs looked for them. */
const binary = process.env.FDSCOPE_ELECTRON ?? '';
const reason = process.env.FDSCOPE_ELECTRON_REASON ?? 'npm test -- e2e looks for Electron';

if (binary === '') it.skip(`the desktop app — skipped: ${reason}`);
else {
  describe('the desktop app', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdscope-electron-'));
    let app: ElectronApplication;
    let page: Page;
    beforeAll(async () => {
      // Chromium's own sandbox does not start for root; the app itself refuses to run so.
      const noSandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      app = await _electron.launch({
        executablePath: binary,
        args: [...noSandbox, `--user-data-dir=${folder}`, root],
      });
      page = await app.firstWindow();
    });
    afterAll(async () => {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('shows the page and connects it with the lab by its port', async () => {
      expect(page.url()).toBe('app://fdscope/');
      await page.locator('footer').getByText('Ready', { exact: true }).waitFor();
    });

    it('has no Node, no way out, and a policy without exceptions', async () => {
      const found = await page.evaluate(() => ({
        node: [typeof Reflect.get(window, 'require'), typeof Reflect.get(window, 'process')],
        window: window.open('https://example.org/'),
        origin: window.location.origin,
      }));
      expect(found).toEqual({ node: ['undefined', 'undefined'], window: null, origin: 'app://fdscope' });
      const [status, policy] = await page.evaluate(async () => {
        const response = await fetch('./');
        return [response.status, response.headers.get('content-security-policy')] as const;
      });
      expect([status, policy]).toEqual([200, expect.stringContaining("default-src 'none'")]);
      await expect(page.evaluate(() => fetch('https://example.org/'))).rejects.toThrow();
    });

    it('has the commands of the page in its menu, which run them', async () => {
      await expect
        .poll(() => app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.items.map(({ label }) => label)))
        .toContain('Lab');
      await app.evaluate(({ Menu }) => {
        const lab = Menu.getApplicationMenu()?.items.find(({ label }) => label === 'Lab');
        lab?.submenu?.items.find(({ label }) => label === 'Run, or stop')?.click();
      });
      await page.locator('footer').getByText('Running', { exact: true }).waitFor();
    });

    it('switches the running server to Node, which is Electron in its other part', async () => {
      await page.getByRole('button', { name: 'node', exact: true }).click();
      await page.locator('.channel').filter({ hasText: 'serving' }).filter({ hasText: 'node' }).waitFor();
    });
  });
}
