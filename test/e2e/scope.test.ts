/** The Scope screen in a real browser, driving real engines: what a person does, and what they see. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onlyRun, runCli } from '../cli/command-line.ts';
import { violations } from './accessibility.ts';
import { AppUnderTest, type App } from './browser.ts';

const row = (page: Page, model: string) =>
  page.locator('.channel').filter({ has: page.getByRole('button', { name: model, exact: true }) });

/** A figure beside a model's button, once it is there. */
async function figure(page: Page, model: string, id: string): Promise<number> {
  const cell = row(page, model).locator(`.cell.${id}`);
  await cell.filter({ hasText: /\d/ }).waitFor({ timeout: 180_000 });
  const [, digits, unit] = /^([\d.]+)([kMG]?)$/.exec((await cell.innerText()).trim()) ?? [];
  return Number(digits) * ({ k: 1e3, M: 1e6, G: 1e9 }[unit ?? ''] ?? 1);
}

const switchTo = async (page: Page, model: string): Promise<void> => {
  await page.getByRole('button', { name: model, exact: true }).click();
  await row(page, model).getByText('serving').waitFor({ timeout: 180_000 });
};

async function boxOf(page: Page, selector: string): Promise<{ x: number; y: number; width: number; height: number }> {
  const found = page.locator(selector).first();
  await found.scrollIntoViewIfNeeded();
  const box = await found.boundingBox();
  if (!box) throw new Error(`${selector} is not to be seen.`);
  return box;
}

/** As "local peer", of /proc/net/tcp, which has each address as a little-endian word and each port as a number. */
function establishedConnections(): string[] {
  const readable = (text: string): string => {
    const [word = '', port = ''] = text.split(':');
    const bytes = word.match(/../g) ?? [];
    return `${bytes
      .reverse()
      .map((byte) => parseInt(byte, 16))
      .join('.')}:${parseInt(port, 16)}`;
  };
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === '01')
    .map(([, local = '', peer = '']) => `${readable(local)} ${readable(peer)}`);
}

const isRunning = (page: Page) => page.locator('footer').getByText('Running', { exact: true }).waitFor();
const isReady = (page: Page) => page.locator('footer').getByText('Ready', { exact: true }).waitFor();

describe('the Scope screen', () => {
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    app = await AppUnderTest.start();
    view = await app.window();
    page = view.page;
    await view.open();
    await page.getByRole('button', { name: 'Scope', exact: true }).click();
    // The models begin as a rail; their figures are what is read here.
    await page.keyboard.press('l');
  });
  afterAll(async () => {
    expect(await app.close()).toBe(0);
  });

  it('before anything runs: teaches what to press, and breaks no accessibility rule', async () => {
    await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).waitFor();
    await view.screenshot('idle-dark');
    expect(await violations(page)).toEqual([]);
  });

  it('one press runs it; six presses switch it live, and every model keeps its figures', async () => {
    await page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
    await isRunning(page);
    const models = ['epoll-lt', 'select', 'poll', 'blocking-threads', 'coroutine-stackful', 'epoll-et'];
    for (const model of models) {
      await switchTo(page, model);
      expect(await figure(page, model, 'requestsPerSecond')).toBeGreaterThan(0);
    }
    for (const model of models) expect(await figure(page, model, 'syscallsPerRequest')).toBeGreaterThan(0.5);
    // A thread for each connection sleeps and wakes for each request; one loop for all does not.
    const threads = await figure(page, 'blocking-threads', 'switchesPerRequest');
    expect(threads).toBeGreaterThan(0.8);
    expect(await figure(page, 'epoll-lt', 'switchesPerRequest')).toBeLessThan(threads / 2);
    expect(await page.getByText(/50 connections stayed open/).count()).toBe(1);
    await view.screenshot('running-dark');
  });

  it('shows what the command line shows: system calls a request', async () => {
    // With one connection a wait tells of one request, so the figure hangs on the model alone; with
    // many, on how many requests came between two waits, which no two runs share.
    const { code, stdout } = await runCli([
      'run',
      '--model',
      'epoll-lt',
      '--connections',
      '1',
      '--duration',
      '1',
      '--json',
    ]);
    expect(code).toBe(0);
    const { syscallsPerRequest: calls } = onlyRun(stdout) as { syscallsPerRequest: number };
    await switchTo(page, 'epoll-lt');
    const connections = page.getByLabel('Connections', { exact: true });
    await connections.fill('1');
    await connections.press('Enter');
    const shown = () => figure(page, 'epoll-lt', 'syscallsPerRequest');
    await expect.poll(shown, { timeout: 180_000 }).toBeCloseTo(calls, 1);
    await connections.fill('50');
    await connections.press('Enter');
  });

  it('shows the very lines that run, with their hits', async () => {
    await page.locator('footer').filter({ hasText: 'Linux' }).click();
    await page.keyboard.press('c');
    const source = page.locator('section, aside, div').filter({ hasText: 'main/engine/models/epoll_lt.cpp' }).last();
    await source.waitFor();
    await page.getByText('STEP("', { exact: false }).first().waitFor();
    await page.getByRole('button', { name: 'Close the source' }).click();
  });

  it('tracks: wheel and keys zoom, Space holds, the table says the figures', async () => {
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await button('Following').waitFor();
    await page.locator('footer').filter({ hasText: 'Linux' }).click();
    await page.keyboard.press('Space');
    await button('Held').waitFor();
    await page.keyboard.press('+');
    await page.keyboard.press('Space');
    await button('Following').waitFor();
    await button('Figures').click();
    await page.getByRole('table').first().waitFor();
    await view.screenshot('figures-dark');
    await button('Figures').click();
  });

  it('a drag selects a stretch and its figures are told; a click says which connection a row is', async () => {
    const legend = page.locator('[data-track=throughput] .legend');
    const plot = await boxOf(page, '[data-track=throughput] canvas');
    const y = plot.y + plot.height / 2;
    await page.mouse.move(plot.x + plot.width * 0.8, y);
    await page.mouse.down();
    await page.mouse.move(plot.x + plot.width * 0.95, y, { steps: 5 });
    await page.mouse.up();
    await page.mouse.move(10, 10);
    const clear = page.getByRole('button', { name: 'Clear the selection', exact: true });
    await clear.waitFor();
    await expect.poll(() => legend.getAttribute('title')).toBe('Over the selection');
    expect(await legend.innerText()).toMatch(/served\s+[1-9][\d.]*k?\/s/);
    await view.screenshot('selection-dark');
    await clear.click();

    const raster = await boxOf(page, '[data-track=sockets] canvas');
    // Not the first row, which is the listener's.
    await page.mouse.click(raster.x + raster.width * 0.97, raster.y + raster.height / 2);
    const inspector = page.getByRole('region', { name: 'Inspector', exact: true });
    await inspector.getByRole('heading', { name: /^Connection, fd \d+$/ }).waitFor();
    const text = await inspector.innerText();
    const endOf = (which: string): string =>
      new RegExp(`${which}\\s+(127\\.\\d+\\.\\d+\\.\\d+:\\d+)`).exec(text)?.[1] ?? '';
    // The kernel has that very connection.
    expect(establishedConnections()).toContain(`${endOf('local')} ${endOf('peer')}`);
    await view.screenshot('inspector-dark');
  });

  it('by keyboard alone: switch, stop, run, help and palette', async () => {
    await page.locator('footer').filter({ hasText: 'Linux' }).click();
    await page.keyboard.press('7');
    await row(page, 'select').getByText('serving').waitFor({ timeout: 180_000 });
    await page.keyboard.press('r');
    await isReady(page);
    await page.keyboard.press('r');
    await isRunning(page);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await view.screenshot('keys-dark');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('switch to poll');
    await page.keyboard.press('Enter');
    await row(page, 'poll').getByText('serving').waitFor({ timeout: 180_000 });
  });

  it('a model that cannot take the connections over says so in its own words, and the other serves on', async () => {
    const connections = page.getByLabel('Connections', { exact: true });
    await connections.fill('1100');
    await connections.press('Enter');
    await page.getByText('1100 open', { exact: true }).waitFor({ timeout: 180_000 });
    await page.getByRole('button', { name: 'select', exact: true }).click();
    const refusal = page.locator('.toast.error');
    // It stays while a pointer is over it.
    await refusal.hover();
    expect(await refusal.innerText()).toMatch(/^The model select cannot take over: open connections have descriptors/);
    await row(page, 'poll').getByText('serving').waitFor();
    await refusal.getByRole('button', { name: 'Dismiss' }).click();
    await connections.fill('50');
    await connections.press('Enter');
    await page.getByText('50 open', { exact: true }).waitFor({ timeout: 180_000 });
  });

  it('while it runs: breaks no accessibility rule', async () => {
    expect(await violations(page)).toEqual([]);
  });

  it('another window sees the lab that runs, in light and on a small screen', async () => {
    const other = await app.window({ width: 1024, height: 768, scheme: 'light' });
    await other.open();
    await isRunning(other.page);
    // Keys act on what is seen, and the window turns to the Scope once it has heard of the run.
    await other.page.getByRole('button', { name: 'Following', exact: true }).waitFor();
    await other.page.keyboard.press('l');
    await row(other.page, 'poll').getByText('serving').waitFor({ timeout: 180_000 });
    await figure(other.page, 'poll', 'requestsPerSecond');
    await other.screenshot('running-light-1024');
    expect(await violations(other.page)).toEqual([]);
    const overflow = await other.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(overflow).toBe(false);
    expect(other.complaints).toEqual([]);
    await other.close();
  });

  it('a window that is loaded anew in mid-run goes on telling time from the start of the run', async () => {
    const clock = async (): Promise<number> => {
      const [minutes, seconds] = (await page.getByTitle('Time since the start').innerText()).split(':');
      return 60 * Number(minutes) + Number(seconds);
    };
    await expect.poll(clock, { timeout: 180_000 }).toBeGreaterThanOrEqual(5);
    const before = await clock();
    await page.reload();
    await isRunning(page);
    await expect.poll(clock, { timeout: 180_000 }).toBeGreaterThanOrEqual(before);
    await page.getByRole('button', { name: 'Figures', exact: true }).click();
    await page.getByLabel('Figures of').selectOption({ label: 'Throughput' });
    // The first frame that this window saw.
    const firstCell = page.getByRole('table').first().locator('tbody td').first();
    await expect
      .poll(async () => Number(await firstCell.innerText()), { timeout: 180_000 })
      .toBeGreaterThan(before - 1);
    await page.getByRole('button', { name: 'Figures', exact: true }).click();
  });

  it('stops, and has complained of nothing', async () => {
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await isReady(page);
    expect(view.complaints).toEqual([]);
  });
});
