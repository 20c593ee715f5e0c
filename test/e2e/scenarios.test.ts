/** Scenarios, comparisons and sweeps in a real browser: questions that real engines answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, type App } from './browser.ts';

/** Starting engines on a busy machine comes on top of what is measured. */
const patience = { timeout: 500_000 };

describe('scenarios', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-scenarios-'));
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
    page.getByRole('navigation').getByRole('button', { name: screen, exact: true }).click();
  const tile = (title: string) => page.getByRole('article').getByRole('button', { name: title, exact: true });

  /** Opens a scenario, predicts, runs it, and waits for its conclusion. */
  async function runToTheEnd(title: string, prediction: RegExp): Promise<void> {
    await goTo('Scenarios');
    await tile(title).click();
    await page.getByRole('radio', { name: prediction }).check();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('progressbar', { name: 'Scenario' }).waitFor();
    await page.getByRole('region', { name: 'Conclusion' }).waitFor(patience);
  }
  const verdicts = (): Promise<string[]> => page.locator('.list .verdict').allInnerTexts();

  it('greets a newcomer with questions by chapter, and breaks no accessibility rule', async () => {
    await page.getByRole('heading', { name: 'Start here' }).waitFor();
    expect(await page.getByRole('article').count()).toBeGreaterThan(14);
    await view.screenshot('launch-dark');
    expect(await violations(page)).toEqual([]);
  });

  it('by keyboard alone: search, choose with arrows, open', async () => {
    await page.getByRole('heading', { name: 'Scenarios', exact: true }).click();
    await page.keyboard.press('/');
    await page.keyboard.type('slowloris');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Slowloris');
    await page.keyboard.press('Enter');
    await page.getByText('How many slow clients does it take').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('runs “Six steps”: prediction, tracks, conclusion with figures', async () => {
    await runToTheEnd('Six steps', /^About six/);
    expect(await page.getByText('your prediction', { exact: true }).count()).toBe(1);
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'blocking-iterative' }) });
    expect((await row.first().getByRole('cell').allInnerTexts()).join(' ')).toMatch(/\d/);
    expect((await verdicts()).every((text) => /^(Held|Did not hold)$/.test(text.trim()))).toBe(true);
    await view.screenshot('conclusion-six-steps');
    expect(await violations(page)).toEqual([]);
  });

  it('runs “Head of line”: three models, and the slow client shows', async () => {
    await runToTheEnd('Head of line', /^Next to nothing/);
    for (const model of ['blocking-iterative', 'blocking-threads', 'epoll-lt']) {
      await page.getByRole('rowheader', { name: model, exact: true }).first().waitFor();
    }
    expect(await page.getByText('this is what was measured').count()).toBe(1);
  });

  it('runs “Quick tour”, shows its tracks meanwhile, and remembers it', async () => {
    await goTo('Scenarios');
    await tile('Quick tour').click();
    await page.getByRole('button', { name: /^Run/ }).last().click();
    await page.getByRole('button', { name: 'Following', exact: true }).waitFor(patience);
    await page.getByText('Judged when all runs are over').waitFor();
    await view.screenshot('scenario-running');
    expect(await violations(page)).toEqual([]);
    await page.getByRole('region', { name: 'Conclusion' }).waitFor(patience);
    // Switches a request are a matter of the models, not of the machine.
    expect((await verdicts())[0]?.trim()).toBe('Held');
    await goTo('Scenarios');
    await page
      .getByRole('region', { name: 'Lately' })
      .getByRole('button', { name: /^Quick tour/ })
      .waitFor();
  });

  it('cancels, keeps what was measured, and says what could not be decided', async () => {
    await tile('Quick tour').click();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('button', { name: 'Run without a prediction' }).click();
    await page.locator('.runs .done').first().waitFor(patience);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('The scenario was cancelled.').waitFor(patience);
    expect(await verdicts()).toContain('Undecided');
  });

  it('compares two models: medians, intervals, sentences, distributions', async () => {
    await goTo('Compare');
    await page.getByRole('checkbox', { name: 'select', exact: true }).uncheck();
    await page.getByRole('textbox', { name: 'Repeats' }).fill('2');
    await page.getByRole('textbox', { name: 'Length of a run' }).fill('1');
    await page.getByRole('checkbox', { name: /^Record the runs/ }).check();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Compare 2 entries/ }).click();
    await page
      .locator('footer')
      .getByText(/^Measuring: /)
      .waitFor();
    await page.getByRole('table', { name: 'Runs so far' }).getByRole('rowheader').first().waitFor(patience);
    await page.getByRole('region', { name: 'Medians and their intervals' }).waitFor(patience);
    for (const model of ['blocking-threads', 'epoll-lt']) {
      await page.getByRole('columnheader', { name: model, exact: true }).waitFor();
    }
    await page.getByRole('img', { name: 'Share of replies by their latency' }).waitFor();
    expect(await page.locator('.differences li').count()).toBeGreaterThan(0);
    // All figures of all entries are in sight: nothing lies beyond the table's edge.
    const table = page.getByRole('region', { name: 'Medians and their intervals' });
    expect(await table.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    // Of each of two entries the median over time, and its two runs behind.
    const overTime = page.getByRole('img', { name: 'Requests/s over time, all entries' });
    expect(await overTime.locator('path.line').count()).toBe(6);
    await view.screenshot('compare');
    expect(await violations(page)).toEqual([]);
  });

  it('finds the runs of the comparison in Sessions, where it was asked to record them', async () => {
    await page.getByRole('button', { name: 'Show them in Sessions' }).click();
    await page
      .getByText(/^epoll-lt, repeat 2: .* compared$/)
      .first()
      .waitFor();
    await page
      .getByText(/^blocking-threads, repeat 1: .* compared$/)
      .first()
      .waitFor();
    await goTo('Compare');
    await page.getByRole('checkbox', { name: /^Record the runs/ }).uncheck();
  });

  it('sweeps, and shows a refused point with its reason', async () => {
    await goTo('Sweep');
    await page.getByRole('checkbox', { name: 'blocking-threads', exact: true }).uncheck();
    await page.getByRole('checkbox', { name: 'select', exact: true }).check();
    await page.getByRole('textbox', { name: 'Values' }).fill('10 2000');
    await page.getByRole('textbox', { name: 'Length of a run' }).fill('1');
    await page.getByRole('button', { name: 'Sweep 4 points' }).click();
    await page.getByRole('img', { name: /^Requests\/s of each model/ }).waitFor(patience);
    await view.screenshot('sweep');
    expect(await violations(page)).toEqual([]);
    await page
      .getByRole('button', { name: 'Table', exact: true })
      .or(page.getByRole('radio', { name: 'Table' }))
      .click();
    await page
      .getByText(/refused/)
      .first()
      .waitFor();
  });

  it('edits: mistakes with line and column as one types, the form in step with the text', async () => {
    await goTo('Scenarios');
    await page.getByRole('button', { name: 'New', exact: true }).click();
    const text = page.getByRole('textbox', { name: 'Text of the scenario' });
    await page.getByText('This is a scenario').waitFor();
    await page.getByRole('textbox', { name: 'Title' }).fill('Mine');
    await page.keyboard.press('Tab');
    expect(await text.inputValue()).toContain('title: Mine');
    await text.fill((await text.inputValue()).replace('epoll-lt\nexpect', 'epol-lt\nexpect'));
    await page
      .getByRole('button', { name: /^\d+:\d+.*epoll-lt/ })
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled()).toBe(true);
    await view.screenshot('editor');
    expect(await violations(page)).toEqual([]);
  });
});
