/** The report of a session in Chromium, without a network: it shows what was recorded, and asks for nothing. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendEdits } from '../../main/lab/sessions/session-editor.ts';
import { followPage } from '../support/evidence.ts';
import { root } from '../support/engines.ts';
import { recordedRun, type RecordedRun } from '../unit/export-support.ts';
import { startNs } from '../unit/session-frames.ts';
import { connectBrowser } from './browser.ts';

const script = '<script>document.title = "overrun"</script>';

let run: RecordedRun;
let browser: Browser;
let page: Page;
const requested: string[] = [];
const complaints: string[] = [];
let address: string;

beforeAll(async () => {
  run = await recordedRun();
  await appendEdits(run.path, [
    { type: 'name', name: `epoll & poll ${script}` },
    { type: 'annotation', annotation: { id: 'a', fromNs: startNs + 1e9, toNs: startNs + 2e9, text: 'the "stall"' } },
  ]);
  const out = join(run.folder, 'report.html');
  await run.export('html', { out });
  address = pathToFileURL(out).href;
  browser = await connectBrowser();
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, offline: true });
  page = await context.newPage();
  followPage(page);
  page.on('request', (request) => requested.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
});
afterAll(async () => {
  await browser.close();
  run.remove();
});

const cellsBeside = (heading: string): Promise<string | null> =>
  page
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader', { name: heading, exact: true }) })
    .first()
    .textContent();

describe('the report of a session', () => {
  it('opens without a network, fetches nothing and complains of nothing', async () => {
    await page.evaluate('document.fonts.ready');
    expect(requested).toEqual([address]);
    expect(complaints).toEqual([]);
    expect(await page.locator('script').count()).toBe(0);
  });

  it('shows what people typed as text, and runs none of it', async () => {
    expect(await page.title()).toBe(`epoll & poll ${script} – fdscope`);
    expect(await page.locator('h1').textContent()).toBe(`epoll & poll ${script}`);
    await page.getByText('A <tour> & more. Who waits?').waitFor();
    await page.getByText('the "stall"').waitFor();
    expect(await page.getByText('version: 1\ntitle: tour').count()).toBe(1);
  });

  it('has the figures of the session', async () => {
    const replies = run.requests.toLocaleString('en');
    // Of the measured interval, and of the whole recording beside it.
    expect(await cellsBeside('Replies')).toBe(`Replies${replies}${replies}`);
    await page.getByText(/^Served by epoll-lt, poll\. Of the measured interval, /).waitFor();
    expect(await cellsBeside('Processor')).toBe('ProcessorA CPU, 2 CPUs');
    expect(await cellsBeside('Open files, soft limit')).toBe('Open files, soft limit1024');
    for (const [name, count] of Object.entries(run.syscalls)) expect(await cellsBeside(name)).toBe(`${name}${count}`);
    const { p50 = '', count = '' } = await page
      .getByRole('row', { name: /from the intended send time/ })
      .getByRole('cell')
      .allTextContents()
      .then((cells) => ({ p50: cells[0], count: cells.at(-1) }));
    expect(Math.abs(Number(p50) / 0.02006 - 1)).toBeLessThan(0.01);
    expect(count).toBe(String(run.latenciesNs.length));
    await page.getByText('A socket waited 3 ms.').waitFor();
  });

  it('has a chart for each figure over time, and its values in a table beneath', async () => {
    const charts = page.locator('figure');
    expect(await charts.count()).toBe(8);
    // Readiness is stacked: of areas, without lines.
    const areas = page.locator('path.area');
    expect(await charts.filter({ has: areas }).count()).toBe(1);
    for (const chart of await charts.filter({ hasNot: areas }).all()) {
      const lines = await chart.locator(':scope > svg path.line').all();
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(await line.getAttribute('d')).toMatch(/^M[\d.]+ [\d.]+h0\.1(L[\d.]+ [\d.]+)+$/);
    }
    const throughput = charts.filter({ hasText: 'Throughput' });
    await throughput.getByText('The figures of this chart').click();
    const cells = await throughput.locator('tbody tr td:nth-child(2)').allTextContents();
    expect(cells.length).toBe(15);
    // Replies a second in spans of 0.2 s: their sum is five times the replies.
    expect(cells.reduce((sum, cell) => sum + Number(cell), 0)).toBeCloseTo(run.requests * 5, 0);
  });

  it('marks what people wrote over the stretch that it is about, by its number in the list', async () => {
    const notes = page.locator('figure').first().locator('rect.note');
    expect(await notes.count()).toBe(1);
    const line = page.locator('figure').first().locator('line.grid').first();
    const [from = 0, to = 0] = await Promise.all(['x1', 'x2'].map(async (end) => Number(await line.getAttribute(end))));
    expect(to).toBeGreaterThan(from);
    expect(Number(await notes.getAttribute('x'))).toBeCloseTo(from + (to - from) / 3, 0);
    expect(Number(await notes.getAttribute('width'))).toBeCloseTo((to - from) / 3, 0);
    const written = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Annotations' }) });
    expect(await written.locator('tbody tr').allTextContents()).toEqual(['11.00 to 2.00the "stall"']);
  });

  it('prints in light colours, with the charts whole and without what is folded', async () => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('details').first().isVisible()).toBe(false);
    await page.emulateMedia({ media: 'screen', colorScheme: null });
  });

  it('fits a narrow window, in light and dark', async () => {
    await page.setViewportSize({ width: 420, height: 800 });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1100, height: 900 });
    const folder = join(root, 'out/test/screens');
    mkdirSync(folder, { recursive: true });
    const backgrounds: unknown[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      backgrounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      await page.screenshot({ path: join(folder, `report-${colorScheme}.png`), fullPage: true });
    }
    expect(backgrounds).toEqual(['rgb(255, 255, 255)', 'rgb(13, 17, 23)']);
  });
});
