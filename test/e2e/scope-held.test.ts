/** Held means held, and one moment is one moment: each sentence of it in a real browser, with a real engine. */
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, type App } from './browser.ts';

const button = (page: Page, name: string | RegExp): Locator =>
  page.getByRole('button', typeof name === 'string' ? { name, exact: true } : { name });
const inspectorOf = (page: Page): Locator => page.getByRole('region', { name: 'Inspector', exact: true });
const strip = (page: Page): Locator => page.getByRole('region', { name: 'Figures', exact: true }).first();
const phase = (page: Page, words: string): Promise<void> =>
  page.locator('footer').getByText(words, { exact: true }).waitFor();

/** Keys go to the window, whatever was clicked. */
async function press(page: Page, ...keys: string[]): Promise<void> {
  await page.locator('footer').filter({ hasText: 'Linux' }).click();
  for (const key of keys) await page.keyboard.press(key);
}

/** All that tells of the run: pictures by their pixels, and words. */
const shownOf = (page: Page): Promise<Record<string, string>> =>
  page.evaluate(() => {
    const told: Record<string, string> = {};
    for (const row of document.querySelectorAll<HTMLElement>('.stack [data-track]')) {
      const name = row.dataset.track ?? '';
      told[`${name} picture`] = row.querySelector('canvas')?.toDataURL() ?? '';
      told[`${name} legend`] = row.querySelector('.legend')?.textContent ?? '';
      told[`${name} note`] = row.querySelector('.note')?.textContent ?? '';
    }
    told.overview = document.querySelector<HTMLCanvasElement>('.overview canvas')?.toDataURL() ?? '';
    for (const each of ['.strip', '.inspector', '.code', '.list.scroll'])
      told[each] = document.querySelector(each)?.textContent ?? '';
    return told;
  });
const changed = (before: Record<string, string>, after: Record<string, string>): string[] =>
  Object.keys({ ...before, ...after }).filter((key) => before[key] !== after[key]);

/** Of the track's picture, in shares of its width and height. */
async function point(page: Page, track: string, x: number, y: number): Promise<{ x: number; y: number }> {
  const plot = page.locator(`[data-track=${track}] canvas`);
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (box === null) throw new Error(`${track} is not to be seen.`);
  return { x: box.x + x * box.width, y: box.y + y * box.height };
}
async function clickIn(page: Page, track: string, x: number, y: number): Promise<void> {
  const at = await point(page, track, x, y);
  await page.mouse.click(at.x, at.y);
  await page.mouse.move(10, 400);
}
const partOf = (page: Page, heading: RegExp): Locator =>
  inspectorOf(page)
    .locator('section')
    .filter({ has: page.getByRole('heading', { level: 4, name: heading }) });

/** Nothing here is about speed. */
const patienceMs = 200_000;
const patience = { timeout: patienceMs };

describe('the Scope, held', { timeout: 3 * patienceMs }, () => {
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    app = await AppUnderTest.start();
    view = await app.window();
    page = view.page;
    // However busy the machine is.
    page.setDefaultTimeout(patienceMs);
    await view.open();
    await page.getByRole('navigation').getByRole('button', { name: 'Scope', exact: true }).click();
    await button(page, /^Run .+ with \d+ connections$/).click();
    await phase(page, 'Running');
    await page
      .locator('[data-track=throughput] .legend')
      .getByText(/\d.*\/s/)
      .first()
      .waitFor();
    // Events, for slices and the inspector; models and source, whose figures are those of the run, too.
    await button(page, /^Detail/).click();
    await page.getByRole('radio', { name: /^Events/ }).click();
    await page.keyboard.press('Escape');
    await press(page, 'l', 'c', 'i');
  }, 3 * patienceMs);
  afterAll(async () => {
    expect(view.complaints).toEqual([]);
    expect(await app.close()).toBe(0);
  });

  it('nothing that tells of the run changes: tracks, legends, figures, models, source, inspector', async () => {
    await clickIn(page, 'sockets', 0.9, 0.5);
    await inspectorOf(page)
      .getByRole('heading', { name: /^Connection, fd \d+$/ })
      .waitFor();
    await expect.poll(() => strip(page).innerText(), patience).toMatch(/NOW/i);
    await press(page, 'Space');
    await button(page, 'Held').waitFor();
    await strip(page).getByText(/As of/i).waitFor();
    await partOf(page, /^As of the hold/).waitFor();
    // What is read twice a second is read by then.
    await page.waitForTimeout(1200);
    const before = await shownOf(page);
    await page.waitForTimeout(3000);
    expect(changed(before, await shownOf(page))).toEqual([]);
    await view.screenshot('held-dark');
    // The moment is one: toolbar, figures and inspector say the same.
    const at = /as of ([\d.:]+( s)?)/i;
    const [, inToolbar] = at.exec(await page.locator('.reading.held').innerText()) ?? [];
    const [, inStrip] = /As of\s*([\d.:]+( s)?)/i.exec(await strip(page).innerText()) ?? [];
    const [, inInspector] = /As of the hold, ([\d.:]+( s)?)/.exec(await inspectorOf(page).innerText()) ?? [];
    expect([inStrip, inInspector]).toEqual([inToolbar, inToolbar]);
    expect(await violations(page)).toEqual([]);
  });

  it('what came after is not to be seen, selected or hovered; the window may move and comes back the same', async () => {
    const right = async (): Promise<string[]> =>
      page.evaluate(() => {
        // What is scrolled out of sight is drawn when it comes back.
        const frame = document.querySelector('.stack')?.getBoundingClientRect();
        const isInSight = (canvas: Element): boolean => {
          const { top, bottom } = canvas.getBoundingClientRect();
          return frame !== undefined && bottom > frame.top && top < frame.bottom;
        };
        const canvases = [...document.querySelectorAll<HTMLCanvasElement>('.stack [data-track] canvas')];
        return canvases.filter(isInSight).map((canvas) => {
          const { width, height } = canvas;
          const { data } = canvas.getContext('2d')?.getImageData(width - 20, 0, 16, height) ?? { data: [] };
          const colours = new Set<string>();
          for (let i = 0; i < data.length; i += 4) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
          return [...colours].join(' ');
        });
      });
    /** But for the newest tenth: of what threads did the last 200 ms are told behind it. */
    const pictures = (): Promise<string[]> =>
      page.evaluate(() =>
        [...document.querySelectorAll<HTMLCanvasElement>('.stack [data-track] canvas')].map((canvas) => {
          const copy = document.createElement('canvas');
          Object.assign(copy, { width: Math.floor(canvas.width * 0.9), height: canvas.height });
          copy.getContext('2d')?.drawImage(canvas, 0, 0);
          return copy.toDataURL();
        }),
      );
    const before = await pictures();
    await page.locator('[data-track=throughput] .plot').focus();
    await page.keyboard.press('PageDown');
    await page.keyboard.press('PageDown');
    await page.waitForTimeout(500);
    // The background alone, in every track that was drawn.
    for (const colours of await right()) expect(colours.split(' ')).toHaveLength(1);
    await page.keyboard.press('PageUp');
    await page.keyboard.press('PageUp');
    await page.waitForTimeout(800);
    expect((await pictures()).filter((each, i) => each !== before[i])).toEqual([]);
  });

  it('slices of system calls and their events stay, also when there were more since than are kept', async () => {
    const slices = (): Promise<string> =>
      page.locator('[data-track=threads] canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
    const select = async (from: number, to: number): Promise<void> => {
      const begin = await point(page, 'threads', from, 0.5);
      const end = await point(page, 'threads', to, 0.5);
      await page.mouse.move(begin.x, begin.y);
      await page.mouse.down();
      await page.mouse.move(end.x, end.y, { steps: 4 });
      await page.mouse.up();
      await page.mouse.move(10, 400);
      await press(page);
      await page.locator('[data-track=threads] .plot').focus();
      await page.keyboard.press('z');
    };
    for (let i = 0; i < 4; i++) await select(0.5, 0.56);
    await page.waitForTimeout(800);
    const before = await slices();
    await page.waitForTimeout(4000);
    // Drawn anew from what is kept.
    await page.locator('[data-track=threads] .plot').focus();
    await page.keyboard.press('+');
    await page.keyboard.press('-');
    await page.waitForTimeout(800);
    expect(await slices()).toBe(before);
    await view.screenshot('held-slices');
    await press(page, 'Space');
    await button(page, 'Following').waitFor();
    await expect.poll(() => strip(page).innerText(), patience).toMatch(/NOW/i);
  });

  it('the inspector has the moment, now and the stretch under headings, and they agree on whether it is open', async () => {
    await page.locator('[data-track=sockets] .plot').focus();
    for (let i = 0; i < 24; i++) await page.keyboard.press('-');
    await clickIn(page, 'sockets', 0.97, 0.5);
    const moment = partOf(page, /where you clicked$/);
    const now = partOf(page, /^Now/);
    await moment.waitFor();
    await page.waitForTimeout(1500);
    const facts = (part: Locator): Promise<string> => part.locator('dl').innerText();
    const before = { moment: await facts(moment), now: await facts(now) };
    await page.waitForTimeout(2500);
    // As of the moment does not count on, and now does.
    expect(await facts(moment)).toBe(before.moment);
    expect(await facts(now)).not.toBe(before.now);
    expect(await now.innerText()).toContain('Open;');
    expect(await partOf(page, /^Over the window/).innerText()).toMatch(/idle[^%]*\d.*%/s);
  });

  it('legends are shares of the window, of the selection, and at a cursor what is known of that moment', async () => {
    const legend = page.locator('[data-track=sockets] .legend');
    const title = (): Promise<string | null> => legend.getAttribute('title');
    await page.keyboard.press('Escape');
    await page.mouse.move(10, 400);
    await expect.poll(title, patience).toBe('Over the window');
    const percents = async (): Promise<number> =>
      [...(await legend.innerText()).matchAll(/([\d.]+)%/g)].reduce((sum, [, each]) => sum + Number(each), 0);
    await expect.poll(percents, patience).toBeGreaterThan(98);
    expect(await percents()).toBeLessThan(102);
    const at = await point(page, 'sockets', 0.9, 0.5);
    await page.mouse.move(at.x, at.y);
    await expect.poll(title, patience).toMatch(/^At the cursor: shares of the \d+(\.\d+)? ms that it lies in/);
    await page.mouse.down();
    await page.mouse.move(at.x - 80, at.y, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(10, 400);
    await expect.poll(title, patience).toBe('Over the selection');
    await button(page, 'Clear the selection').click();
    await press(page, 'Space');
    await button(page, 'Following').waitFor();
  });

  it('after Stop the last figures stay, and its sockets are closed and no errors', async () => {
    await clickIn(page, 'sockets', 0.9, 0.5);
    await button(page, 'Stop').click();
    await phase(page, 'Ready');
    await strip(page)
      .getByText(/Until the stop/i)
      .waitFor();
    const requests = strip(page).locator('.figure').filter({ hasText: 'Requests' }).locator('.value');
    expect(Number(/[\d.]+/.exec(await requests.innerText())?.[0])).toBeGreaterThan(0);
    expect(await strip(page).locator('.figure').filter({ hasText: 'Errors' }).locator('.value').innerText()).toBe('0');
    await partOf(page, /^At the end/)
      .getByText(/^Closed since [\d.:]+( s)?, with its server\.$/)
      .waitFor();
    expect(await page.locator('[data-track=sockets] .legend').innerText()).not.toMatch(/error/i);
    await view.screenshot('stopped-dark');
  });

  it(
    'a comparison does not destroy the run: it is one press away, during it and behind it',
    { timeout: 240_000 },
    async () => {
      await page.getByRole('navigation').getByRole('button', { name: 'Compare', exact: true }).click();
      for (const [label, value] of [
        ['Repeats', '1'],
        ['Length of a run', '2'],
      ] as const) {
        const field = page.getByRole('textbox', { name: label });
        await field.fill(value);
        await field.press('Enter');
      }
      await page.getByRole('checkbox', { name: 'select', exact: true }).uncheck();
      await button(page, /^Compare 2 entries/).click();
      await page.getByRole('navigation').getByRole('button', { name: 'Scope', exact: true }).click();
      await page.getByRole('region', { name: 'Measurement' }).waitFor();
      await button(page, 'Back to your run').waitFor();
      // Held and zoomed while the measurement goes on: its next run leaves both behind.
      await button(page, 'Back to your run').click();
      await strip(page)
        .getByText(/Until the stop/i)
        .waitFor();
      await page.getByText('This is your run: epoll-lt', { exact: false }).waitFor();
      await view.screenshot('own-run-during-comparison');
      await button(page, /^Show what is being measured$/).click();
      await press(page, 'Space');
      await page.getByRole('region', { name: 'Measurement' }).waitFor({ state: 'detached' });
      await button(page, 'Following').waitFor();
      await button(page, 'Back to your run').click();
      await page.getByText('This is your run: epoll-lt', { exact: false }).waitFor();
    },
  );

  it('another run of one’s own takes its place, and begins unheld with a window of its own', async () => {
    await press(page, '+', '+', '+', 'Space');
    await button(page, 'Held').waitFor();
    await page.keyboard.press('r');
    await phase(page, 'Running');
    await button(page, 'Following').waitFor();
    expect(await button(page, 'Back to your run').count()).toBe(0);
    await page
      .locator('.window')
      .filter({ hasText: /^(5|10) s$/ })
      .waitFor();
  });

  it('keys do nothing where what they do is not seen, and Run takes one there', async () => {
    await page.getByRole('navigation').getByRole('button', { name: 'Doctor', exact: true }).click();
    await press(page, 'p', '7', '.', 'Space');
    await page.waitForTimeout(600);
    await page.getByRole('navigation').getByRole('button', { name: 'Scope', exact: true }).click();
    await phase(page, 'Running');
    await button(page, 'Following').waitFor();
    await page.getByText('50 open', { exact: true }).waitFor();
    await page.getByRole('navigation').getByRole('button', { name: 'Doctor', exact: true }).click();
    await press(page, 'r');
    await button(page, /^Run$/).waitFor();
    await phase(page, 'Ready');
  });

  it('a window that is loaded anew keeps level of detail, what was chosen and the last results', async () => {
    const detail = (): Promise<string> => button(page, /^Detail/).innerText();
    const before = await detail();
    expect(before).toContain('events');
    const models = await page.locator('.channel.serving, .channel .cell.requestsPerSecond').allInnerTexts();
    await page.reload();
    await phase(page, 'Ready');
    expect(await detail()).toBe(before);
    expect(await page.locator('.channel.serving, .channel .cell.requestsPerSecond').allInnerTexts()).toEqual(models);
    await page.getByRole('navigation').getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByRole('table').first().waitFor();
  });
});
