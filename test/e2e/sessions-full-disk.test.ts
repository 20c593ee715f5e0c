/** A file system of 96 KiB fills up while a run is recorded to it: the app says so, and the run goes on. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppUnderTest, type App } from './browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-full-'));
/** In a namespace of its own, so that it is mounted for this lab alone and goes with it. */
const onSmallDisk = [
  ...['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'],
  ...['mount -t tmpfs -o size=96k tmpfs "$0" && exec "$@"', folder],
];
const [unshare = '', ...rest] = onSmallDisk;
const mayMount = spawnSync(unshare, [...rest, 'true']).status === 0;
const title = mayMount ? 'a full disk' : 'a full disk (skipped: no file system may be mounted here)';

describe.skipIf(!mayMount)(title, () => {
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const foot = (words: string) => page.locator('footer').getByText(words, { exact: true });

  beforeAll(async () => {
    app = await AppUnderTest.start({ FDSCOPE_SESSIONS: folder }, onSmallDisk);
    view = await app.window();
    page = view.page;
    await view.open();
  });
  afterAll(async () => {
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends the recording with a notice, while the run goes on', async () => {
    await page.locator('nav').getByRole('button', { name: 'Scope', exact: true }).click();
    await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
    await foot('Running').waitFor();
    await button('Record').click();
    await button('Recording').waitFor();
    const notice = page.getByText(/^Recording to .+\.fdscope has stopped, as the disk is full: free some space/);
    await notice.first().waitFor();
    await view.screenshot('sessions-full-disk');
    await button('Record').waitFor();
    expect(await foot('Running').count()).toBe(1);
    // Replies still come: the clients' sum grows.
    const throughput = page.locator('[data-track="throughput"] .legend .num').first();
    await expect.poll(() => throughput.innerText()).toMatch(/^[1-9][\d.]*k?\/s$/);
  });

  it('what was recorded until then is in the list, and opens', async () => {
    await button('Stop').click();
    await foot('Ready').waitFor();
    await page.locator('nav').getByRole('button', { name: 'Sessions', exact: true }).click();
    await page.locator('.row .main').click();
    const requests = page.locator('.about dl > div').filter({ hasText: 'Requests' }).locator('dd');
    expect(Number((await requests.innerText()).replaceAll(',', ''))).toBeGreaterThan(0);
    await button('Replay').click();
    await foot('Replaying').waitFor();
    expect(view.complaints).toEqual([]);
  });
});
