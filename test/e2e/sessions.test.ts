/** A run is recorded, opened in Sessions, scrubbed, renamed, deleted and brought back: in a real browser, with real engines. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../cli/command-line.ts';
import { violations } from './accessibility.ts';
import { AppUnderTest, settled, type App } from './browser.ts';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const rail = (page: Page, name: string) => page.locator('nav').getByRole('button', { name, exact: true });
const foot = (page: Page, words: string) => page.locator('footer').getByText(words, { exact: true }).waitFor();

/** However long the recording became on a busy machine. */
const atItsEnd = /^(\S+) of \1$/;

describe('the Sessions screen', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-sessions-'));
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    app = await AppUnderTest.start({ FDSCOPE_SESSIONS: folder });
    view = await app.window();
    page = view.page;
    await view.open();
    await rail(page, 'Sessions').click();
  });
  afterAll(async () => {
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.fdscope'));
  /** Its frames come in batches: the figure is that of the moment when it changes no more. */
  async function settledCpuPerRequest(): Promise<string> {
    const cell = page.locator('.replay .cpuMicrosPerRequest dd');
    await cell.filter({ hasText: /[1-9]/ }).waitFor({ timeout: 180_000 });
    return settled(page, () => cell.innerText());
  }

  it('empty: teaches how to record', async () => {
    await page.getByRole('heading', { name: 'Keep a run, and look at it again' }).waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('a run is recorded by its button, and stands in the list with the figures of its file', async () => {
    await rail(page, 'Scope').click();
    await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
    await foot(page, 'Running');
    await button(page, 'Record').click();
    await button(page, 'Recording').waitFor();
    await page.waitForTimeout(4000);
    await button(page, 'Recording').click();
    // At once: the toast goes away.
    await button(page, 'Show it in Sessions').click();
    await rail(page, 'Scope').click();
    await button(page, 'Stop').click();
    await foot(page, 'Ready');
    await rail(page, 'Sessions').click();
    const [file = ''] = files();
    const { code, stdout } = await runCli(['info', join(folder, file), '--json']);
    expect(code).toBe(0);
    const requests = /"requests":\s*(\d+)/.exec(stdout)?.[1];
    const row = page.locator('.about dl > div').filter({ hasText: 'Requests' }).locator('dd');
    expect((await row.innerText()).replaceAll(',', '')).toBe(requests);
    expect(Number(requests)).toBeGreaterThan(0);
    expect(await violations(page)).toEqual([]);
  });

  it('replays through the tracks: scrubbed away and back, the figures are the same', async () => {
    await button(page, 'Replay').click();
    await foot(page, 'Replaying');
    const slider = page.getByRole('slider', { name: 'Position in the session' });
    await page.locator('.transport .time').filter({ hasText: atItsEnd }).waitFor();
    expect(Number(await slider.inputValue())).toBeCloseTo(1000, 0);
    const awayAndBack = async (): Promise<string> => {
      await slider.fill('500');
      await page.locator('.transport .time').filter({ hasNotText: atItsEnd }).waitFor();
      await settledCpuPerRequest();
      await slider.fill('1000');
      await page.locator('.transport .time').filter({ hasText: atItsEnd }).waitFor();
      return settledCpuPerRequest();
    };
    let atEnd = await settledCpuPerRequest();
    // On a busy machine the first figure may be of frames that had not all come.
    await expect
      .poll(async () => {
        const before = atEnd;
        atEnd = await awayAndBack();
        return atEnd === before;
      })
      .toBe(true);
    expect(await violations(page)).toEqual([]);
    await view.screenshot('replay-dark');
  });

  it('plays from the beginning, and notes what is written about a moment', async () => {
    await page.keyboard.press('k');
    await page.locator('.transport .time').filter({ hasNotText: atItsEnd }).waitFor();
    await page.keyboard.press('k');
    await button(page, 'Play').waitFor();
    await button(page, 'Annotations').click();
    await page.getByLabel(/^About this moment/).fill('it settles here');
    await page.keyboard.press('Enter');
    await page.locator('.annotations li').filter({ hasText: 'it settles here' }).waitFor();
    await page.locator('header').getByRole('button', { name: 'Sessions', exact: true }).click();
    await foot(page, 'Ready');
  });

  it('renamed, deleted and brought back', async () => {
    await page.getByLabel('Name', { exact: true }).fill('my first run');
    await page.keyboard.press('Enter');
    await page.locator('.row').filter({ hasText: 'my first run' }).waitFor();
    const before = files();
    await button(page, 'Delete').click();
    await page.getByRole('heading', { name: 'Keep a run, and look at it again' }).waitFor();
    expect(files()).toEqual([]);
    await button(page, 'Undo').click();
    await page.locator('.row').filter({ hasText: 'my first run' }).waitFor();
    expect(files()).toEqual(before);
    const annotations = page.locator('.about dl > div').filter({ hasText: 'Annotations' }).locator('dd');
    expect(await annotations.innerText()).toBe('1');
  });

  it('has complained of nothing', () => {
    expect(view.complaints).toEqual([]);
  });
});
