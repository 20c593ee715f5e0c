/** The Sockets screen in a real browser, on real sockets: walks by keyboard, calls in the wrong order, what sleeps. */
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, bytesOf, pointAt, type App } from './browser.ts';

const button = (page: Page, name: string | RegExp) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });
const lane = (page: Page, name: string) => page.getByRole('region', { name: `Lane ${name}`, exact: true });
const step = (page: Page) => page.getByRole('region', { name: 'The step that is shown' });
const table = (page: Page, process: string) => page.getByRole('region', { name: `Process ${process}`, exact: true });
const diagram = (page: Page) => page.getByRole('region', { name: /^Sequence diagram/ });
const canGoOn = (page: Page) => page.locator('.bar button.primary:enabled').waitFor();
/** Words in the diagram, whose titles are for who points at them. */
const drawn = (page: Page, text: RegExp) => diagram(page).locator('text').filter({ hasText: text }).first();
const isThere = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 180_000 });

/** Presses the key of the next step until so many are done; while a step is under way the key does nothing. */
async function walkTo(page: Page, done: number, of: number): Promise<void> {
  const counter = page.locator('.bar .count');
  let now = Number((await counter.innerText()).split('/')[0]);
  for (; now < done; now++) {
    await canGoOn(page);
    await page.keyboard.press('ArrowRight');
    await counter.getByText(`${now + 1}/${of}`, { exact: true }).waitFor({ timeout: 180_000 });
  }
}

async function beginWalk(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${title}`) }).click();
  await page.locator('.bar .count').getByText(/^0\//).waitFor();
}

async function makeCall(page: Page, actor: string, call: string, values: Record<string, string> = {}): Promise<void> {
  await lane(page, actor).getByRole('button', { name: 'All calls', exact: true }).click();
  const menu = page.getByRole('dialog', { name: 'All calls' });
  await menu.getByRole('button', { name: call, exact: true }).click();
  for (const [label, value] of Object.entries(values))
    await menu.getByLabel(label, { exact: false }).first().fill(value);
  await menu.locator('button.make').click();
  await menu.waitFor({ state: 'hidden' });
}

describe('the Sockets screen', () => {
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    app = await AppUnderTest.start();
    view = await app.window();
    page = view.page;
    await view.open();
    await button(page, 'Sockets').click();
  });
  beforeEach(async () => {
    const close = button(page, 'Close the bench');
    if (await close.isVisible()) await close.click();
    await page.getByRole('heading', { name: 'What is a socket?' }).waitFor();
  });
  afterAll(async () => {
    expect(view.complaints).toEqual([]);
    expect(await app.close()).toBe(0);
  });

  it('lists the walks by chapter, with their questions, and breaks no accessibility rule', async () => {
    await button(page, /^Six steps/).waitFor();
    expect(await page.getByRole('button', { name: /\d+ steps/ }).count()).toBe(18);
    expect(await violations(page)).toEqual([]);
    await view.screenshot('sockets-walks-dark');
  });

  it('six steps by keyboard: guard and connection are told apart, and every expectation held', async () => {
    await beginWalk(page, 'Six steps');
    await walkTo(page, 1, 13);
    await table(page, 'server').getByRole('img', { name: 'own empty, peer empty' }).waitFor();
    await walkTo(page, 2, 13);
    await table(page, 'server')
      .getByRole('img', { name: /^own 127\.0\.0\.1 \d+, peer empty$/ })
      .waitFor();
    await walkTo(page, 5, 13);
    await isThere(page, 'No descriptor leads to this one');
    await walkTo(page, 6, 13);
    await table(page, 'server')
      .getByRole('img', { name: /^own 127\.0\.0\.1 \d+, peer empty$/ })
      .waitFor();
    await table(page, 'server')
      .getByRole('img', { name: /^own 127\.0\.0\.1 \d+, peer 127\.0\.0\.1 \d+$/ })
      .waitFor();
    await step(page)
      .getByText(/^s3\.accept\(\)/)
      .waitFor();
    await view.screenshot('sockets-six-steps-dark');
    expect(await violations(page)).toEqual([]);
    await walkTo(page, 7, 13);
    await table(page, 'server').getByText('“hello”').waitFor();
    await walkTo(page, 13, 13);
    await page.getByRole('img', { name: /TIME_WAIT/ }).waitFor();
    expect(await page.locator('.expectations .not').count()).toBe(0);
    expect(await page.locator('.progress button.done').count()).toBe(13);
  });

  it('going back replays up to the step before, on fresh sockets', async () => {
    await beginWalk(page, 'Six steps');
    await walkTo(page, 4, 13);
    const before = await table(page, 'server').innerText();
    await page.keyboard.press('ArrowLeft');
    await page.locator('.bar .count').getByText('3/13', { exact: true }).waitFor();
    await isThere(page, 'Step 3 of 13');
    const after = await table(page, 'server').innerText();
    expect(/pid \d+/.exec(after)?.[0]).not.toBe(/pid \d+/.exec(before)?.[0]);
    await page.locator('.progress button').nth(5).click();
    await page.locator('.bar .count').getByText('6/13', { exact: true }).waitFor();
  });

  it('a page that is loaded again in mid-walk goes on where it was', async () => {
    await beginWalk(page, 'Six steps');
    await walkTo(page, 6, 13);
    const shown = await diagram(page).innerText();
    await page.reload();
    await page.locator('.bar .count').getByText('6/13', { exact: true }).waitFor();
    await isThere(page, 'Step 6 of 13');
    expect(await diagram(page).innerText()).toBe(shown);
    await walkTo(page, 7, 13);
  });

  it('free: accept sleeps until somebody connects; a signal ends it with EINTR', async () => {
    await button(page, /^Free bench/).click();
    await lane(page, 'server').getByText('socket(AF_INET', { exact: false }).waitFor();
    for (const made of ['socket', 'bind', 'listen', 'accept4']) {
      await canGoOn(page);
      await page.keyboard.press('ArrowRight');
      await step(page)
        .getByRole('button', { name: made === 'accept4' ? 'accept4' : made, exact: true })
        .or(step(page).locator('.call').getByText(made))
        .first()
        .waitFor();
    }
    await lane(page, 'server').getByText('asleep in accept4').waitFor();
    await drawn(page, /^asleep in accept4/).waitFor();
    await view.screenshot('sockets-asleep-dark');
    await lane(page, 'server')
      .getByRole('button', { name: /Send it a signal/ })
      .click();
    await drawn(page, /= -1 EINTR/).waitFor();
    await canGoOn(page);
    await page.keyboard.press('ArrowRight');
    await lane(page, 'server').getByText('asleep in accept4').waitFor();
    await page.keyboard.press('o');
    await canGoOn(page);
    await page.keyboard.press('ArrowRight');
    await lane(page, 'client')
      .getByText(/^connect\(/)
      .waitFor();
    await canGoOn(page);
    await page.keyboard.press('ArrowRight');
    await drawn(page, /connect\(/).waitFor();
    await lane(page, 'server').getByText('asleep in accept4').waitFor({ state: 'hidden' });
    await table(page, 'server')
      .getByRole('img', { name: /peer 127\.0\.0\.1 \d+$/ })
      .waitFor();
  });

  it('wrong order: accept before listen, and a second bind, are told in the kernel’s own words', async () => {
    await button(page, /^Free bench/).click();
    await lane(page, 'server').getByText('socket(AF_INET', { exact: false }).waitFor();
    await canGoOn(page);
    await page.keyboard.press('ArrowRight');
    await isThere(page, 'Call 1');
    await makeCall(page, 'server', 'accept4');
    await drawn(page, /= -1 EINVAL/).waitFor();
    await step(page)
      .getByText(/Invalid argument|EINVAL/)
      .first()
      .waitFor();
    await makeCall(page, 'server', 'bind');
    await isThere(page, 'Call 3');
    await makeCall(page, 'server', 'bind');
    await isThere(page, 'Call 4');
    expect(
      await diagram(page)
        .locator('text')
        .filter({ hasText: /= -1 EINVAL/ })
        .count(),
    ).toBe(2);
    await makeCall(page, 'client', 'read', { fd: '77' });
    await drawn(page, /= -1 EBADF/).waitFor();
  });

  it('forgotten close: descriptors run out, which EMFILE says; its word leads to what it means', async () => {
    await beginWalk(page, 'Forgotten close');
    await walkTo(page, 25, 25);
    // Rows out of sight are not there.
    await diagram(page).press('End');
    while ((await drawn(page, /= -1 EMFILE/).count()) === 0) await diagram(page).press('PageUp');
    expect(await page.locator('.progress button.failed').count()).toBe(0);
  });

  it('a term leads to its explanation, by mouse and by keyboard', async () => {
    await beginWalk(page, 'Six steps');
    await walkTo(page, 3, 13);
    const word = table(page, 'server').getByRole('button', { name: 'guard', exact: true });
    await page.keyboard.press('Tab');
    await word.focus();
    const card = page.getByRole('dialog', { name: 'guard socket' });
    await card.getByText(/from which accept takes connections/).waitFor();
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'hidden' });
    await pointAt(word, card);
    await page.mouse.move(5, 5);
    await card.waitFor({ state: 'hidden' });
    // Its page, and back to the bench as it was.
    await word.press('Enter');
    await page.getByRole('heading', { level: 2, name: 'guard socket' }).waitFor();
    await button(page, 'Sockets').first().click();
    await table(page, 'server').getByRole('button', { name: 'guard', exact: true }).waitFor();
  });

  it('what was done is a picture, a trace, and a session that is shown again', async () => {
    await beginWalk(page, 'Six steps');
    await walkTo(page, 6, 13);
    for (const [name, beginning] of [
      ['Sequence diagram, SVG', '<svg'],
      ['Sequence diagram, PNG', '\u0089PNG'],
    ] as const) {
      const download = page.waitForEvent('download');
      await button(page, 'Keep and export').or(button(page, 'Keep')).first().click();
      await button(page, name).click();
      const bytes = await bytesOf(download);
      expect(bytes.toString('latin1', 0, 4)).toBe(beginning);
      expect(bytes.length).toBeGreaterThan(5000);
    }
    const trace = page.waitForEvent('download');
    await button(page, 'Keep').click();
    await button(page, /^Perfetto trace/).click();
    expect((await bytesOf(trace)).length).toBeGreaterThan(500);
    await button(page, 'Keep').click();
    await button(page, 'Keep as a session').click();
    await button(page, 'Show it in Sessions').click();
    await button(page, 'Close the bench').waitFor({ state: 'hidden' });
    await page
      .getByRole('button', { name: /^Open|^Replay/ })
      .first()
      .click();
    await page.getByText('A kept bench').waitFor();
    await isThere(page, 'Step 1 of').catch(() => isThere(page, 'Call 1'));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await step(page).getByText('listen').first().waitFor();
  });

  it.each([
    [1440, 900, 'light'],
    [1024, 768, 'dark'],
    [1024, 768, 'light'],
  ] as const)('%i x %i, %s: nothing runs over another, and axe finds nothing', async (width, height, scheme) => {
    await beginWalk(page, 'epoll by hand');
    await walkTo(page, 12, 25);
    const other = await app.window({ width, height, scheme });
    await other.open();
    await other.page.locator('.bar .count').getByText('12/25').waitFor();
    await other.page.waitForTimeout(300);
    await other.screenshot(`sockets-${width}-${scheme}`);
    expect(await violations(other.page)).toEqual([]);
    expect(await overlapping(other.page)).toEqual([]);
    await other.close();
  });
});

/** Regions of the screen that lie over each other, or reach out of the window. */
const overlapping = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const parts = [
      ...document.querySelectorAll('.screen-bar.bar, .sequence, section.step, .docks, .state.scroll, div.side'),
    ];
    const boxes = parts.map((part) => ({ name: part.className, box: part.getBoundingClientRect() }));
    const out = boxes
      .filter(({ box }) => box.right > window.innerWidth + 1 || box.bottom > window.innerHeight + 1 || box.height < 40)
      .map(({ name, box }) => `${name} ${box.bottom}`);
    const over = boxes.flatMap((a, i) =>
      boxes
        .slice(i + 1)
        .filter(
          ({ box: b }) =>
            a.box.left < b.right - 1 &&
            b.left < a.box.right - 1 &&
            a.box.top < b.bottom - 1 &&
            b.top < a.box.bottom - 1,
        )
        .map((b) => `${a.name} over ${b.name}`),
    );
    return [...out, ...over];
  });
