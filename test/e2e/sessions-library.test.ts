/** The list of sessions in a real browser: dropped files join it, words find, tags and names stay in the files. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/command-line.ts';
import { violations } from './accessibility.ts';
import { AppUnderTest, type App } from './browser.ts';

describe('the list of sessions', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-library-'));
  const elsewhere = mkdtempSync(join(tmpdir(), 'fdscope-e2e-elsewhere-'));
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  const row = (words: string): Locator => page.locator('.row').filter({ hasText: words });
  const names = (): Promise<string[]> => page.locator('.row .name').allInnerTexts();
  const openSessions = (on: Page): Promise<void> =>
    on.locator('nav').getByRole('button', { name: 'Sessions', exact: true }).click();
  const record = async (model: string, path: string): Promise<void> => {
    const run = ['run', '--model', model, '--connections', '5', '--seconds', '1', '--record', path, '--json'];
    expect(await runCli(run)).toMatchObject({ code: 0 });
  };

  beforeAll(async () => {
    await record('epoll-lt', join(folder, 'first.fdscope'));
    await record('blocking-threads', join(elsewhere, 'dropped.fdscope'));
    app = await AppUnderTest.start({ FDSCOPE_SESSIONS: folder });
    view = await app.window();
    page = view.page;
    await view.open();
    await openSessions(page);
    await row('epoll-lt').waitFor();
  });
  afterAll(async () => {
    expect(view.complaints).toEqual([]);
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
    rmSync(elsewhere, { recursive: true, force: true });
  });

  /** As a file manager does: the file is over the list, then let go. */
  async function drop(name: string, bytes: Buffer): Promise<void> {
    const data = await page.evaluateHandle(
      ([fileName, base64]) => {
        const transfer = new DataTransfer();
        const content = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([content], fileName));
        return transfer;
      },
      [name, bytes.toString('base64')] as const,
    );
    await page.locator('.sessions').dispatchEvent('dragover', { dataTransfer: data });
    await page.locator('.sessions.over').waitFor();
    await page.locator('.sessions').dispatchEvent('drop', { dataTransfer: data });
    await page.locator('.sessions.over').waitFor({ state: 'detached' });
  }

  it('a dropped file joins it, byte by byte, and is chosen', async () => {
    const bytes = readFileSync(join(elsewhere, 'dropped.fdscope'));
    await drop('dropped.fdscope', bytes);
    await row('blocking-threads').waitFor();
    await page.locator('.about').getByText('dropped.fdscope').waitFor();
    expect(readFileSync(join(folder, 'dropped.fdscope')).equals(bytes)).toBe(true);
  });

  it('a dropped file that is no session is refused in words, and nothing joins', async () => {
    await drop('broken.fdscope', Buffer.from('this is no session'));
    await page.locator('.toast').filter({ hasText: 'broken.fdscope' }).waitFor();
    expect(await page.locator('.row').count()).toBe(2);
    expect(existsSync(join(folder, 'broken.fdscope'))).toBe(false);
  });

  it('keeps a name and tags in the file', async () => {
    await row('blocking-threads').locator('.main').click();
    await page.getByLabel('Name', { exact: true }).fill('before the change');
    await page.keyboard.press('Enter');
    await row('before the change').waitFor();
    await page.getByLabel(/^Tags/).fill('nightly, slow');
    await page.keyboard.press('Enter');
    await row('nightly').waitFor();
    const { stdout } = await runCli(['info', join(folder, 'dropped.fdscope'), '--json']);
    expect(stdout).toContain('"before the change"');
    expect(stdout).toMatch(/"nightly",\s*"slow"/);
    expect(await violations(page)).toEqual([]);
  });

  it('finds by tag, by model and by name, and says so where nothing is found', async () => {
    await page.getByRole('heading', { name: 'Sessions', exact: true }).click();
    await page.keyboard.press('/');
    await page.keyboard.type('nightly');
    await expect.poll(names).toEqual(['before the change']);
    const search = page.getByRole('searchbox', { name: 'Search the sessions' });
    await search.fill('epoll');
    await expect.poll(names).not.toContain('before the change');
    expect(await page.locator('.row').count()).toBe(1);
    await search.fill('BEFORE slow');
    await expect.poll(names).toEqual(['before the change']);
    await search.fill('nightly epoll');
    await page.getByText('No session has all of these words.').waitFor();
    await search.fill('');
    await expect.poll(async () => (await names()).length).toBe(2);
  });

  it('opened anew it has the same names and tags, and a deleted one comes back with them', async () => {
    await view.open();
    await openSessions(page);
    await row('before the change').filter({ hasText: 'nightly' }).waitFor();
    await row('before the change').locator('.main').click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await row('before the change').waitFor({ state: 'detached' });
    expect(existsSync(join(folder, 'dropped.fdscope'))).toBe(false);
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await row('before the change').filter({ hasText: 'nightly' }).waitFor();
    expect(existsSync(join(folder, 'dropped.fdscope'))).toBe(true);
  });

  it('opens one from its row, at once into its tracks', async () => {
    await row('before the change').getByRole('button', { name: /^Open/ }).click();
    await page.locator('footer').getByText('Replaying', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'before the change' }).waitFor();
  });

  it('offers those that were opened lately, newest first, also after a reload', async () => {
    const back = (): Locator => page.getByRole('main').getByRole('button', { name: 'Sessions', exact: true });
    const lately = page.getByRole('region', { name: 'Opened lately' }).getByRole('button');
    await back().click();
    await expect.poll(() => lately.allInnerTexts()).toEqual(['before the change']);
    await row('epoll-lt').getByRole('button', { name: /^Open/ }).click();
    await page.locator('footer').getByText('Replaying', { exact: true }).waitFor();
    await back().click();
    await expect.poll(async () => (await lately.allInnerTexts()).at(-1)).toBe('before the change');
    expect(await lately.count()).toBe(2);
    await view.open();
    await openSessions(page);
    await expect.poll(() => lately.count()).toBe(2);
    expect(await violations(page)).toEqual([]);
    await lately.last().click();
    await page.getByRole('heading', { name: 'before the change' }).waitFor();
  });
});
