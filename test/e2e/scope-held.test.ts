/** Held means held, and one moment is one moment: each sentence of it in a real browser, with a real engine. */
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, runOnScope, settled, type App } from './browser.ts';

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
    await runOnScope(page);
    await phase(page, 'Running');
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
    const before = await settled(page, () => shownOf(page));
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
    await page.locator('[data-track=throughput] .plot').focus();
    /**
     * Of the tracks in sight, as what is scrolled out of it is drawn when it comes back. `isLike`: as it was when it was
     * last asked for with `isToKeep`, but for the newest tenth, as of what threads and clients did the last 200 ms are
     * told behind it. Colours that are blended may be rounded otherwise: the browser has more than one way to draw.
     */
    const look = (isToKeep = false): Promise<{ id: string; isLike: boolean; rightColours: number }[]> =>
      page.evaluate((isKept) => {
        const kept = ((window as { kept?: Map<string, ImageData> }).kept ??= new Map<string, ImageData>());
        const rounding = 4;
        const frame = document.querySelector('.stack')?.getBoundingClientRect();
        return [...document.querySelectorAll<HTMLElement>('.stack [data-track]')].flatMap((row) => {
          const canvas = row.querySelector('canvas');
          const box = canvas?.getBoundingClientRect();
          if (!canvas || !box || !frame || box.bottom <= frame.top || box.top >= frame.bottom) return [];
          const copy = document.createElement('canvas');
          const { width, height } = canvas;
          Object.assign(copy, { width, height });
          const context = copy.getContext('2d', { willReadFrequently: true });
          if (!context) return [];
          context.drawImage(canvas, 0, 0);
          const id = row.dataset.track ?? '';
          const older = context.getImageData(0, 0, Math.floor(width * 0.9), height);
          const before = kept.get(id);
          const isLike =
            before?.data.length === older.data.length &&
            older.data.every((value, i) => Math.abs(value - (before.data[i] ?? 0)) <= rounding);
          if (isKept) kept.set(id, older);
          const { data } = context.getImageData(width - 20, 0, 16, height);
          const colours = new Set<number>();
          for (let i = 0; i < data.length; i += 4)
            colours.add(((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0));
          return [{ id, isLike, rightColours: colours.size }];
        });
      }, isToKeep);
    const others = async (): Promise<string[]> => (await look()).filter(({ isLike }) => !isLike).map(({ id }) => id);
    // Frames of before the hold may still come while the machine is busy: once they have, it is as it was.
    await expect
      .poll(async () => {
        await page.waitForTimeout(1000);
        await look(true);
        await page.keyboard.press('PageDown');
        await page.keyboard.press('PageDown');
        // The background alone, in every track.
        await expect
          .poll(
            async () => (await look()).filter(({ rightColours }) => rightColours !== 1).map(({ id }) => id),
            patience,
          )
          .toEqual([]);
        await page.keyboard.press('PageUp');
        await page.keyboard.press('PageUp');
        await page.waitForTimeout(1000);
        return others();
      }, patience)
      .toEqual([]);
    expect((await look()).map(({ id }) => id)).toContain('throughput');
    // Neither by the pointer nor by keys: a selection ends where the picture does.
    const held = await point(page, 'throughput', 0.999, 0.5);
    await page.mouse.move(held.x - 60, held.y);
    await page.mouse.down();
    await page.mouse.move(held.x + 400, held.y, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(10, 400);
    const selected = await page.locator('.selection').boundingBox();
    const plot = await page.locator('[data-track=throughput] canvas').boundingBox();
    expect((selected?.x ?? 0) + (selected?.width ?? 0)).toBeLessThanOrEqual((plot?.x ?? 0) + (plot?.width ?? 0) + 1);
    // It reaches from the first track to the last, of which those below are out of sight.
    const last = await page.locator('.stack [data-track]').last().boundingBox();
    expect((selected?.y ?? 0) + (selected?.height ?? 0)).toBeGreaterThanOrEqual(
      (last?.y ?? 0) + (last?.height ?? 0) - 1,
    );
    await page.locator('[data-track=throughput] .plot').focus();
    await page.keyboard.press('Escape');
    await page.locator('.selection').waitFor({ state: 'detached' });
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
    const before = await settled(page, slices);
    await page.waitForTimeout(4000);
    // Drawn anew from what is kept.
    await page.locator('[data-track=threads] .plot').focus();
    await page.keyboard.press('+');
    await page.keyboard.press('-');
    await expect.poll(slices, patience).toBe(before);
    await view.screenshot('held-slices');
    await page.keyboard.press('Escape');
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
    const facts = (part: Locator): Promise<string> => part.locator('dl').innerText();
    // What was recorded around the moment has come by then.
    const before = { moment: await settled(page, () => moment.innerText()), now: await facts(now) };
    // Now counts on, and as of the moment does not.
    await expect.poll(() => facts(now), patience).not.toBe(before.now);
    expect(await moment.innerText()).toBe(before.moment);
    expect(await now.innerText()).toContain('Open;');
    expect(await partOf(page, /^Over the window/).innerText()).toMatch(/idle[^%]*\d.*%/s);
  });

  it('legends are shares of the window, of the selection, and at a cursor what is known of that moment', async () => {
    const legend = page.locator('[data-track=sockets] .legend');
    const title = (): Promise<string | null> => legend.getAttribute('title');
    await page.locator('[data-track=sockets] .plot').focus();
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
    { timeout: 3 * patienceMs },
    async () => {
      await page.getByRole('navigation').getByRole('button', { name: 'Compare', exact: true }).click();
      for (const [label, value] of [
        // More than this test needs, so that it measures until the test ends it.
        ['Repeats', '20'],
        ['Length of a run', '3'],
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
      // The next run may begin just then, and let go of it at once.
      const wasHeld = page.waitForFunction(
        () => [...document.querySelectorAll('button')].some((each) => each.textContent.trim() === 'Held'),
        undefined,
        { polling: 'raf' },
      );
      await press(page, 'Space');
      await wasHeld;
      await button(page, 'Following').waitFor();
      await button(page, 'Cancel it').click();
      await page.getByRole('region', { name: 'Measurement' }).waitFor({ state: 'detached' });
      await button(page, 'Back to your run').click();
      await page.getByText('This is your run: epoll-lt', { exact: false }).waitFor();
    },
  );

  it('another run of one’s own takes its place, and begins unheld with a window of its own', async () => {
    await press(page, '+', '+', '+', 'Space');
    await button(page, 'Held').waitFor();
    // Beside the panes its words have no room, and are there all the same.
    expect(await page.locator('.window').textContent()).not.toMatch(/^(5|10|20|30) s$/);
    await page.keyboard.press('r');
    await phase(page, 'Running');
    await button(page, 'Following').waitFor();
    expect(await button(page, 'Back to your run').count()).toBe(0);
    // Of a run that has just begun, or of one that goes on for as long as a busy machine takes to get here.
    await page
      .locator('.window')
      .filter({ hasText: /^(5|10|20|30) s$/ })
      .waitFor({ state: 'attached' });
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
    const figures = (): Promise<string[]> => page.locator('.channel .cell.requestsPerSecond').allInnerTexts();
    const models = await settled(page, figures);
    expect(models).not.toEqual([]);
    await page.reload();
    await phase(page, 'Ready');
    expect(await detail()).toBe(before);
    await expect.poll(figures, patience).toEqual(models);
    await page.getByRole('navigation').getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByRole('table').first().waitFor();
  });
});
