/** Words that lead to what they mean, the palette that finds them, and a conclusion that explains: in a real browser. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, pointAt, type App } from './browser.ts';

const patience = { timeout: 500_000 };

describe('words', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-words-'));
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    app = await AppUnderTest.start({ FDSCOPE_SESSIONS: folder });
    view = await app.window();
    page = view.page;
    await view.open();
  });
  afterAll(async () => {
    expect(view.complaints).toEqual([]);
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  const goTo = (screen: string): Promise<void> =>
    page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen, exact: true }).click();
  const heading = (title: string) => page.getByRole('heading', { level: 2, name: title, exact: true });

  async function find(words: string, entry: RegExp): Promise<void> {
    await page.keyboard.press('Control+k');
    await page.locator('.palette').waitFor();
    await page.keyboard.type(words);
    await page.locator('.palette').getByRole('option', { name: entry }).first().click();
    await page.locator('.palette').waitFor({ state: 'detached' });
  }

  it('the palette knows CLOSE_WAIT: by keyboard alone to its page, whose address names it', async () => {
    await page.keyboard.press('Control+k');
    await page.locator('.palette').waitFor();
    await page.keyboard.type('CLOSE_WAIT');
    await page
      .locator('.palette')
      .getByRole('option', { name: /Glossary\s*CLOSE_WAIT/ })
      .waitFor();
    await page.keyboard.press('Enter');
    await heading('CLOSE_WAIT').waitFor();
    // The window may still be reading the address that it was opened with.
    await page.waitForURL((url) => url.hash === '#/glossary/CLOSE_WAIT');
    expect(await violations(page)).toEqual([]);
  });

  it('an address leads to its term, also in a window that is loaded anew', async () => {
    await page.evaluate(() => (window.location.hash = '#/glossary/thundering-herd'));
    await heading('thundering herd').waitFor();
    await page.reload();
    await heading('thundering herd').waitFor();
  });

  it('is searched by other words, and goes on to what stands beside it', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('fiber');
    await page.keyboard.press('Enter');
    await heading('stackful coroutine').waitFor();
    await page.getByRole('region', { name: 'Beside it' }).getByRole('button', { name: 'stackless coroutine' }).click();
    await heading('stackless coroutine').waitFor();
  });

  it('the palette finds walks, scenarios, models and settings, and goes there', async () => {
    await find('epoll by hand', /Walk\s*epoll by hand/);
    await page.getByRole('button', { name: /Next/ }).first().waitFor();
    await find('slowloris', /Scenario\s*Slowloris/);
    await page.getByText('How many slow clients does it take').waitFor();
    await find('source addresses', /Setting\s*Source addresses/);
    await page.getByRole('dialog', { name: 'Setup' }).waitFor();
    await expect
      .poll(() => page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.labels?.[0]?.textContent))
      .toBe('Source addresses');
    await page.keyboard.press('Escape');
    await find('io_uring', /Model\s*io_uring/);
    await page.getByRole('heading', { level: 1, name: 'Scope' }).waitFor();
  });

  it('nothing beside a question tells its answer; the run says where to look, the conclusion what it means', async () => {
    await goTo('Scenarios');
    await page.getByRole('article').getByRole('button', { name: 'Forgotten close', exact: true }).click();
    await page.getByRole('radio').last().check();
    expect(await page.getByText('What to watch').count()).toBe(0);
    expect(await page.getByText('CLOSE_WAIT').count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('heading', { name: 'What to watch' }).waitFor(patience);
    const conclusion = page.getByRole('region', { name: 'Conclusion' });
    await conclusion.waitFor(patience);
    // Figures in a sentence, tracks in small, whole runs, what it means, what next.
    await conclusion.locator('.told').first().waitFor();
    expect((await conclusion.locator('.told').allInnerTexts())[0]).toMatch(
      /Descriptors: .+ under blocking-threads, forgets/,
    );
    expect(
      await conclusion.getByRole('region', { name: 'How the runs went' }).locator('svg').count(),
    ).toBeGreaterThanOrEqual(3);
    await conclusion.getByText('Whole runs beside the measured interval').click();
    await conclusion.getByRole('columnheader', { name: 'whole' }).first().waitFor();
    await conclusion.getByRole('heading', { name: 'What it means' }).waitFor();
    await conclusion.getByRole('heading', { name: 'Try next' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await view.screenshot('conclusion-dark');
  });

  it('a word in it shows its sentence when it is pointed at or focused, goes away by Escape, and leads to its page and back', async () => {
    const word = page.getByRole('region', { name: 'Conclusion' }).locator('button[data-term="CLOSE_WAIT"]').first();
    const card = page.getByRole('dialog', { name: 'CLOSE_WAIT' });
    await pointAt(word, card.getByText(/The peer has closed/));
    await page.mouse.move(2, 2);
    await card.waitFor({ state: 'hidden' });
    await page.keyboard.press('Tab');
    await word.focus();
    await card.waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'hidden' });
    await word.press('Enter');
    await heading('CLOSE_WAIT').waitFor();
    await page.keyboard.press('Alt+ArrowLeft');
    await page.getByRole('region', { name: 'Conclusion' }).waitFor();
  });

  it('Open in Scope opens the run that is chosen, the bug included', async () => {
    await page.getByRole('button', { name: 'Open in Scope' }).click();
    await page.getByRole('button', { name: 'epoll-lt, forgets', exact: true }).click();
    await find('forgets to close', /Setting\s*Forgets to close/);
    const box = page.getByRole('dialog', { name: 'Setup' }).getByRole('checkbox', { name: /^Forgets to close/ });
    await box.waitFor();
    expect(await box.isChecked()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
  });

  it('Doctor and legends lead to words; a track’s menu does by keyboard', async () => {
    await goTo('Doctor');
    const told = page.getByRole('region', { name: 'Doctor' }).locator('tbody button.term');
    await told.first().waitFor();
    const marked = await told.evaluateAll((words) => words.map((word) => word.getAttribute('data-term')));
    expect(new Set(marked).size).toBe(marked.length);
    expect(await violations(page)).toEqual([]);
    await view.screenshot('doctor-words');
    await goTo('Scope');
    // On the Scope is the run that was opened there, or, where this test runs alone, none yet.
    await page
      .getByRole('button', { name: /^Run\b/ })
      .first()
      .click();
    await page.locator('footer').getByText('Running', { exact: true }).waitFor(patience);
    const legend = page.locator('[data-track=switches] .legend');
    const card = page.getByRole('dialog', { name: 'involuntary switch' });
    await pointAt(legend.getByText('involuntary', { exact: true }), card.getByText(/The kernel takes the CPU/));
    await view.screenshot('legend-word');
    await legend.getByText('involuntary', { exact: true }).click();
    await heading('involuntary switch').waitFor();
    await page.keyboard.press('Alt+ArrowLeft');
    await page.getByRole('button', { name: 'Throughput: about and actions' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Glossary: throughput' }).press('Enter');
    await heading('throughput').waitFor();
    await page.keyboard.press('Alt+ArrowLeft');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Stop/ }).click();
    await page.getByRole('button', { name: /^Stop/ }).waitFor({ state: 'detached' });
  });

  it.each([
    [1440, 900, 'light'],
    [1024, 768, 'dark'],
    [1024, 768, 'light'],
  ] as const)(
    'the glossary at %i x %i, %s: nothing runs out of the window, and axe finds nothing',
    async (width, height, scheme) => {
      const other = await app.window({ width, height, scheme });
      await other.open();
      await other.page.evaluate(() => (window.location.hash = '#/glossary/epoll'));
      await other.page.getByRole('heading', { level: 2, name: 'epoll', exact: true }).waitFor();
      const overflow = await other.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      expect(await violations(other.page)).toEqual([]);
      await other.screenshot(`glossary-${width}-${scheme}`);
      expect(other.complaints).toEqual([]);
      await other.close();
    },
  );
});
