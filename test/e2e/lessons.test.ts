/** Lessons in a real browser: three whole ones, one of them by keyboard alone; the report; the first page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, bytesOf, type App } from './browser.ts';

/** Starting engines on a busy machine comes on top of what is measured. */
const patience = { timeout: 400_000 };

describe('lessons', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-lessons-'));
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    // A user who has never been here: settings and data are theirs alone.
    app = await AppUnderTest.start({ XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
    view = await app.window();
    page = view.page;
    await view.open();
  });
  afterAll(async () => {
    expect(view.complaints).toEqual([]);
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  /** From a lesson back to the list of all, where it is not shown already. */
  async function toList(): Promise<void> {
    await page.getByRole('button', { name: 'Lessons', exact: true }).last().click();
    await page.getByRole('region', { name: 'All lessons' }).waitFor();
  }
  async function openLesson(title: string): Promise<void> {
    await toList();
    await page.getByRole('region', { name: 'All lessons' }).getByRole('button', { name: title }).last().click();
    await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  }

  it('greets a new user once, and leads to Lessons', async () => {
    await page.getByRole('button', { name: /^Learn/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await view.screenshot('welcome');
    const second = await app.window();
    await second.open();
    await second.page.getByRole('heading', { name: 'Scenarios', exact: true }).waitFor();
    await second.close();
    await page.getByRole('button', { name: /^Learn/ }).click();
    await page.getByRole('heading', { name: 'Lessons', exact: true }).waitFor();
    expect(await page.getByText(/^0 of \d+ lessons done/).count()).toBe(1);
    expect(await violations(page)).toEqual([]);
  });

  it('by keyboard alone: “Two kinds of socket”, from the list to its end', async () => {
    const press = (key: string): Promise<void> => page.keyboard.press(key);
    /** Tab until what has the focus has this name: everything that must be reached can be. */
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let tabs = 0; tabs < 60; tabs++) {
        const now = await page.evaluate(() => {
          const { activeElement } = document;
          return activeElement instanceof HTMLInputElement
            ? (activeElement.labels?.[0]?.textContent ?? '')
            : (activeElement?.textContent ?? '');
        });
        if (name.test(now.trim())) return;
        await press('Tab');
      }
      throw new Error(`Tab never came to ${String(name)}`);
    };
    await tabTo(/^Begin: Two kinds of socket/);
    await press('Enter');
    await page.getByRole('heading', { name: 'Two kinds of socket', level: 1 }).waitFor();
    // What it means is not told before.
    expect(await page.getByText('It is the guard').count()).toBe(0);
    await tabTo(/^One socket, through which/);
    await press('ArrowDown');
    expect(await page.getByRole('radio', { name: /^Three sockets, all of them/ }).isChecked()).toBe(true);
    await tabTo(/^Begin the walk/);
    await press('Enter');
    await page.getByText('0/13', { exact: true }).waitFor(patience);
    for (let step = 1; step <= 13; step++) {
      await tabTo(/^Next call/);
      await press('Enter');
      if (step === 8) expect(await violations(page)).toEqual([]);
      await page.getByText(`${step}/13`, { exact: true }).waitFor(patience);
    }
    await page.getByText('Prediction and measurement').waitFor(patience);
    const mine = page.getByRole('listitem').filter({ hasText: 'your prediction' });
    expect(await mine.innerText()).toMatch(/all of them on the same port[\s\S]*this is what was measured/);
    await page.getByText(/Your server’s first socket|Your server's first socket was descriptor 3/).waitFor();
    await page.getByText('17 of 17 claims of this lesson held on this machine.').waitFor();
    await view.screenshot('lesson-walk');
    expect(await violations(page)).toEqual([]);
  });

  it('“What do silent connections cost?”: a curve and a number, the runs, both beside each other, and a change', async () => {
    await openLesson('What do silent connections cost?');
    for (const [index, handle] of (await page.getByRole('slider').all()).entries()) {
      await handle.focus();
      await page.keyboard.press('ArrowUp');
      for (let up = 0; up < index; up++) await page.keyboard.press('PageUp');
    }
    await page.getByText('Drawn. You may still change it.').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('progressbar', { name: 'This part' }).waitFor(patience);
    await page.getByRole('heading', { name: 'What if' }).waitFor(patience);
    expect(await page.getByText('Drawn before').count()).toBe(1);
    expect(
      await page
        .getByRole('row', { name: /^Measured/ })
        .first()
        .innerText(),
    ).toMatch(/Measured\s+[\d.]+ (µs|ms)/);
    await page.getByText(/^Your prediction: [\d.]+ times/).waitFor();
    await page.getByText(/With 5,000 silent connections your poll took|On this machine poll took/).waitFor();
    await page.getByText(/times a second$/).waitFor();
    await page.getByRole('button', { name: 'Try it' }).first().click();
    await page.getByText('the choice is a matter of taste').waitFor(patience);
    await view.screenshot('lesson-run');
    expect(await violations(page)).toEqual([]);
  });

  it('“What a switch costs”: measured, and kept behind a reload', async () => {
    await openLesson('What a switch costs');
    await page.getByRole('button', { name: 'Measure without a prediction' }).waitFor();
    await page.getByRole('slider').focus();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Measure', exact: true }).click();
    await page.getByText(/two kernel threads on one core handed over in|threads took/).waitFor(patience);
    expect(await page.getByRole('rowheader', { name: 'C++20 coroutine' }).count()).toBe(1);
    await page.reload();
    await page.getByText(/two kernel threads on one core handed over in|threads took/).waitFor(patience);
    expect(await page.getByText(/^Your prediction: \d/).count()).toBe(1);
    expect(await violations(page)).toEqual([]);
  });

  it('keeps what was done, exports it as one page, and forgets it when told to', async () => {
    await toList();
    await page.getByText(/^3 of \d+ lessons done/).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Lab report' }).click();
    const html = (await bytesOf(download)).toString();
    expect(html).toContain('What do silent connections cost?');
    expect(html).toMatch(/Three sockets, all of them on the same port/);
    expect(html).not.toMatch(/<script/);
    const report = await page.context().newPage();
    await report.setContent(html);
    await report.getByRole('heading', { name: 'Lab report' }).waitFor();
    expect(await report.locator('svg polyline.measured').count()).toBe(1);
    expect(await violations(report)).toEqual([]);
    await report.close();
    await page.getByRole('button', { name: 'Start all over' }).click();
    await page.getByRole('button', { name: 'Forget them' }).click();
    await page.getByText(/^0 of \d+ lessons done/).waitFor();
  });
});
