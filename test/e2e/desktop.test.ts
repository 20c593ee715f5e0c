/** The desktop app in Electron itself: the page comes up, and drives a lab as in a browser, with the desktop around it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from '@playwright/test';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerSaveDialog } from '../support/desktop/dialogs.ts';
import { Desktop, describeDesktop } from '../support/desktop/app.ts';
import { programsUnder } from '../support/desktop/processes.ts';
import { itWith } from '../support/tools.ts';

describeDesktop('the desktop app', () => {
  let desktop: Desktop;
  const button = (name: string): Locator => desktop.page.getByRole('button', { name, exact: true });
  const rail = (name: string): Locator => desktop.page.locator('nav').getByRole('button', { name, exact: true });
  const row = (model: string): Locator =>
    desktop.page.locator('.channel').filter({ has: desktop.page.getByRole('button', { name: model, exact: true }) });
  const switchTo = async (model: string): Promise<void> => {
    await button(model).click();
    await row(model).getByText('serving').waitFor();
  };
  const sessions = (): string => desktop.home.path('.local/share/fdscope/sessions');

  beforeAll(async () => {
    desktop = await Desktop.start();
  }, 400_000);
  afterAll(() => desktop.close());

  it('shows its window when the page has been drawn, and connects it with the lab by its port', async () => {
    expect(desktop.page.url()).toBe('app://fdscope/');
    await desktop.isReady();
    const window = await desktop.inMain(({ BrowserWindow }) => {
      const [first, ...others] = BrowserWindow.getAllWindows();
      return [others.length, first?.isVisible(), first?.getTitle()];
    });
    expect(window).toEqual([0, true, 'fdscope']);
    const paints = await desktop.page.evaluate(() => performance.getEntriesByType('paint').map(({ name }) => name));
    expect(paints).toContain('first-contentful-paint');
  });

  it('has the commands of the page in its menu; "Run" there shows what runs', async () => {
    const labels = (): Promise<string[]> =>
      desktop.inMain(({ Menu }) => Menu.getApplicationMenu()?.items.map(({ label }) => label) ?? []);
    await expect.poll(labels).toEqual(expect.arrayContaining(['&File', 'Lab', '&View', '&Help']));
    await desktop.choose('Lab', 'Run, or stop');
    await desktop.isReady('Running');
    await desktop.page.getByRole('heading', { name: 'Scope', exact: true }).waitFor({ state: 'attached' });
    await button('Stop').waitFor();
  });

  it('switches the running server through six models and to Node, which is Electron in its other part', async () => {
    await desktop.page.keyboard.press('l');
    for (const model of ['select', 'poll', 'blocking-threads', 'coroutine-stackful', 'epoll-et', 'io_uring', 'node']) {
      await switchTo(model);
      await row(model).locator('.cell.requestsPerSecond').filter({ hasText: /\d/ }).waitFor();
    }
    const servers = programsUnder(desktop.pid).filter(({ command }) => command.includes('node-server.mjs'));
    expect(servers.map(({ program }) => program)).toEqual([desktop.program]);
  });

  it('records, and replays what it recorded', async () => {
    await desktop.choose('Sessions', 'Record the run, or stop recording');
    await button('Recording').waitFor();
    await switchTo('epoll-lt');
    await row('epoll-lt').locator('.cell.requestsPerSecond').filter({ hasText: /\d/ }).waitFor();
    await button('Recording').click();
    // At once: the toast goes away.
    await button('Show it in Sessions').click();
    await rail('Scope').click();
    await desktop.choose('Lab', 'Run, or stop');
    await desktop.isReady();
    await rail('Sessions').click();
    expect(readdirSync(sessions()).filter((name) => name.endsWith('.fdscope'))).toHaveLength(1);
    await button('Replay').click();
    await desktop.isReady('Replaying');
  });

  itWith('xdotool', 'saves a picture of a track where the native dialog says', async () => {
    const throughput = desktop.page.locator('[data-track="throughput"]');
    await throughput.locator('.legend .num').first().filter({ hasText: /\d/ }).waitFor();
    const path = join(desktop.home.makeFolder('my pictures, 100%'), 'kept.svg');
    await throughput.getByRole('button', { name: 'Throughput: about and actions' }).click();
    await desktop.page.getByRole('menuitem', { name: 'Save as SVG' }).click();
    await answerSaveDialog(desktop, path);
    await expect.poll(() => statSync(path, { throwIfNoEntry: false })?.size ?? 0).toBeGreaterThan(1000);
    await expect.poll(() => readFileSync(path, 'utf8')).toMatch(/^<svg[^]*Throughput[^]*<\/svg>\s*$/);
  });

  it('exports the session, and copies where it is', async () => {
    await desktop.page.locator('header').getByRole('button', { name: 'Sessions', exact: true }).click();
    await desktop.isReady();
    await desktop.page.getByRole('button', { name: /^Export/ }).click();
    await desktop.page.getByLabel('Format').selectOption('hlog');
    await button('Write it').click();
    await button('Copy the path').click();
    const copied = (): Promise<string> => desktop.inMain(({ clipboard }) => clipboard.readText());
    await expect.poll(copied).toMatch(/\/exports\/.+\.hlog$/);
    const path = await copied();
    expect(statSync(path).size).toBeGreaterThan(100);
    await desktop.page.keyboard.press('Escape');
  });

  it('says what it is, and copies that for a bug report', async () => {
    await desktop.choose('Help', 'About fdscope');
    const about = desktop.page.getByRole('dialog', { name: 'About fdscope' });
    await about.getByText('sessions', { exact: true }).waitFor();
    await about.getByRole('button', { name: /^Copy/ }).click();
    const copied = (): Promise<string> => desktop.inMain(({ clipboard }) => clipboard.readText());
    await expect.poll(copied).toMatch(/^fdscope: \d/);
    const text = await copied();
    expect(text).toMatch(/^fdscope: \d+\.\d+\.\d+( \(commit [0-9a-f]{12}\))?, in its own window$/m);
    expect(text).toMatch(/^engine: \/.+fdscope-engine \(sha256 [0-9a-f]{12}\)$/m);
    expect(text).toMatch(/^runs on: Electron [\d.]+, Chromium [\d.]+, Node [\d.]+, Linux \S+, \w+$/m);
    expect(text).toContain(`sessions: ${sessions()}`);
    await desktop.page.keyboard.press('Escape');
  });

  it('zooms by its menu, and back', async () => {
    const ratio = (): Promise<number> => desktop.page.evaluate(() => window.devicePixelRatio);
    const usual = await ratio();
    await desktop.choose('View', 'zoomin');
    await expect.poll(ratio).toBeGreaterThan(usual);
    await desktop.choose('View', 'resetzoom');
    await expect.poll(ratio).toBe(usual);
    await desktop.choose('View', 'zoomout');
    await expect.poll(ratio).toBeLessThan(usual);
    await desktop.choose('View', 'resetzoom');
    await expect.poll(ratio).toBe(usual);
  });

  it('has complained of nothing', () => {
    expect(desktop.complaints).toEqual([]);
    expect(desktop.ownOutput()).toEqual([]);
  });
});
