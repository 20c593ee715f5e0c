/** An export from the app: watched, cancelled, and kept; and a track of a replayed session as a picture. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLargeSession } from '../bench/large-session.ts';
import { AppUnderTest, bytesOf, type App } from './browser.ts';

/** Of frames: an export of them takes longer than it takes to press a button. */
const frameBytes = 24e6;

describe('an export from the app', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-export-'));
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const exported = (): string[] => readdirSync(join(folder, 'exports'));

  beforeAll(async () => {
    await writeLargeSession(join(folder, 'large.fdscope'), frameBytes);
    app = await AppUnderTest.start({ FDSCOPE_SESSIONS: folder });
    view = await app.window();
    page = view.page;
    await view.open();
    await page.locator('nav').getByRole('button', { name: 'Sessions', exact: true }).click();
    await page.locator('.row .main').click();
  });
  afterAll(async () => {
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells how much is done, and leaves nothing when it is cancelled', async () => {
    await page.getByRole('button', { name: /^Export/ }).click();
    await page.getByLabel('Format').selectOption('chrome');
    await button('Write it').click();
    const bar = page.getByRole('progressbar', { name: 'Export' });
    await expect
      .poll(async () => Number(await bar.getAttribute('aria-valuenow')), { timeout: 180_000 })
      .toBeGreaterThan(0);
    await view.screenshot('sessions-exporting');
    await button('Cancel').click();
    await button('Write it').waitFor();
    expect(exported()).toEqual([]);
    expect(await page.locator('.written p').count()).toBe(0);
  });

  it('is written whole when it is let be', async () => {
    await page.getByLabel('Format').selectOption('hlog');
    await button('Write it').click();
    await page
      .locator('.written p')
      .filter({ hasText: /1 file, .+ on the lab's machine:/ })
      .waitFor();
    expect(exported()).toEqual(['large.hlog']);
    expect(statSync(join(folder, 'exports/large.hlog')).size).toBeGreaterThan(1000);
    await page.keyboard.press('Escape');
  });

  it('a track of a replay is kept as SVG and as PNG', async () => {
    await button('Replay').click();
    await page.locator('footer').getByText('Replaying', { exact: true }).waitFor();
    const throughput = page.locator('[data-track="throughput"]');
    await expect
      .poll(() => throughput.locator('.legend .num').first().innerText(), { timeout: 180_000 })
      .toMatch(/\/s$/);
    for (const kind of ['SVG', 'PNG']) {
      const download = page.waitForEvent('download');
      await throughput.getByRole('button', { name: 'Throughput: about and actions' }).click();
      await page.getByRole('menuitem', { name: `Save as ${kind}` }).click();
      const bytes = await bytesOf(download);
      if (kind === 'SVG') expect(bytes.toString()).toMatch(/^<svg[^]*Throughput[^]*<\/svg>\s*$/);
      else expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    }
    expect(view.complaints).toEqual([]);
  });
});
