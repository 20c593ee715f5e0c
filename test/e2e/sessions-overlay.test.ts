/** Two recorded runs are laid over each other in a real browser; what it reads at the cursor is what the files say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendEdits } from '../../main/lab/sessions/session-editor.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { requestsOf, type Overview } from '../../shared/session/overview.ts';
import { duration, percent, perSecond } from '../../renderer/stores/format.ts';
import { runCli } from '../cli/command-line.ts';
import { violations } from './accessibility.ts';
import { AppUnderTest, bytesOf, type App } from './browser.ts';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

const recorded = [
  { name: 'few clients', model: 'epoll-lt', connections: 5 },
  { name: 'many clients', model: 'blocking-threads', connections: 40 },
] as const;

async function overviewOf(path: string): Promise<Overview> {
  const session = await SessionFile.open(path);
  const overview = await session.overview();
  await session.close();
  return overview;
}

/** What a cursor in the middle of a whole second should read, by chart. */
function figuresOf(overview: Overview, second: number): Record<string, string> {
  const { columns } = overview;
  const at = (values: readonly number[]): number => values[second] ?? Number.NaN;
  return {
    throughput: perSecond(at(requestsOf(overview))),
    // A second without replies has no percentiles, which are a dash.
    p50: duration(at(columns.latencyCount) > 0 ? at(columns.p50Ns) : Number.NaN),
    p99: duration(at(columns.latencyCount) > 0 ? at(columns.p99Ns) : Number.NaN),
    cpu: percent(at(columns.serverCpuNs) / 1e9),
    switches: perSecond(at(columns.voluntarySwitches) + at(columns.involuntarySwitches)),
    syscalls: perSecond(at(columns.syscalls)),
  };
}

describe('two sessions over each other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-e2e-overlay-'));
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  let a: Overview;
  let b: Overview;
  const row = (chart: string): Locator => page.locator(`[data-track="${chart}"]`);

  beforeAll(async () => {
    for (const { name, model, connections } of recorded) {
      const path = join(folder, `${model}.fdscope`);
      const run = ['run', '--model', model, '--connections', String(connections), '--seconds', '3', '--record', path];
      expect(await runCli([...run, '--json'])).toMatchObject({ code: 0 });
      await appendEdits(path, [{ type: 'name', name }]);
    }
    [a, b] = [
      await overviewOf(join(folder, 'epoll-lt.fdscope')),
      await overviewOf(join(folder, 'blocking-threads.fdscope')),
    ];
    app = await AppUnderTest.start({ FDSCOPE_SESSIONS: folder });
    view = await app.window();
    page = view.page;
    await view.open();
    await page.locator('nav').getByRole('button', { name: 'Sessions', exact: true }).click();
  });
  afterAll(async () => {
    expect(await app.close()).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Puts the cursor at a moment of the common time, counted from A's start; a session's length is the axis's. */
  async function pointAt(seconds: number, range: { from: number; to: number }): Promise<void> {
    const box = await row('throughput').locator('canvas').boundingBox();
    if (!box) throw new Error('There is no chart.');
    const share = (seconds - range.from) / (range.to - range.from);
    await page.mouse.move(box.x + share * box.width, box.y + 20);
  }
  const lengthOf = ({ startedNs, endedNs }: Overview): number => (endedNs - startedNs) / 1e9;

  async function readout(): Promise<Record<string, [string, string]>> {
    const read: Record<string, [string, string]> = {};
    for (const chart of Object.keys(figuresOf(a, 0))) {
      const [first = '', second = ''] = await row(chart).locator('.legend li .num').allInnerTexts();
      read[chart] = [first, second];
    }
    return read;
  }
  const expected = (aSecond: number, bSecond: number): Record<string, [string, string]> => {
    const [ofA, ofB] = [figuresOf(a, aSecond), figuresOf(b, bSecond)];
    return Object.fromEntries(Object.keys(ofA).map((chart) => [chart, [ofA[chart] ?? '', ofB[chart] ?? '']]));
  };

  it('opens from the list, with both names', async () => {
    await page.locator('.row').filter({ hasText: 'many clients' }).locator('.main').click();
    const choice = page.getByLabel('Lay over');
    await choice.selectOption({
      label: (await choice.locator('option').filter({ hasText: 'few clients' }).innerText()).trim(),
    });
    await button(page, 'Overlay').click();
    await page.getByRole('heading', { name: 'Two sessions over each other' }).waitFor();
    expect(await page.locator('.names dd:not(.dim)').allInnerTexts()).toEqual(['few clients', 'many clients']);
    expect(await row('throughput').locator('.legend .label').allInnerTexts()).toEqual([
      'A few clients',
      'B many clients',
    ]);
    expect(await violations(page)).toEqual([]);
  });

  it('reads both at the cursor as their files have them', async () => {
    const range = { from: 0, to: Math.max(lengthOf(a), lengthOf(b)) };
    // Both are under load then: two lines at zero would be the same however wrong.
    const loaded = a.columns.latencyCount.findIndex((count, i) => count > 0 && (b.columns.latencyCount[i] ?? 0) > 0);
    expect(loaded).toBeGreaterThanOrEqual(0);
    for (const second of [loaded, 1]) {
      await pointAt(second + 0.5, range);
      await expect.poll(readout, { timeout: 180_000 }).toEqual(expected(second, second));
    }
    await view.screenshot('sessions-overlay-dark');
  });

  it('reads B a second earlier when B is shifted by one', async () => {
    const offset = page.getByLabel('B starts');
    await offset.fill('1');
    await offset.press('Enter');
    const range = { from: 0, to: Math.max(lengthOf(a), lengthOf(b) + 1) };
    await pointAt(2.5, range);
    await expect.poll(readout, { timeout: 180_000 }).toEqual(expected(2, 1));
    await offset.fill('0');
    await offset.press('Enter');
  });

  it('without a cursor it tells of the whole sessions, and the table below of the measured interval, which it says', async () => {
    await page.mouse.move(2, 2);
    await expect.poll(() => page.locator('.charts .now').innerText()).toBe('whole sessions');
    const whole = (overview: Overview): string =>
      perSecond(requestsOf(overview).reduce((sum, count) => sum + count, 0) / lengthOf(overview));
    expect((await readout()).throughput).toEqual([whole(a), whole(b)]);
    const cells = page.locator('.differences tr').filter({ hasText: 'duration' }).locator('td');
    const seconds = [a, b].map(({ measured }) => `${(measured?.seconds ?? Number.NaN).toFixed(2)} s`);
    expect((await cells.allInnerTexts()).slice(0, 2)).toEqual(seconds);
    await page.getByText(/Of the measured interval/).waitFor();
  });

  it('moves the cursor by keys, zooms into a stretch that is drawn, and shows the whole again', async () => {
    await page.locator('.charts').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.charts .now').innerText()).toBe('at 1.0 s');
    const box = await row('cpu').locator('canvas').boundingBox();
    if (!box) throw new Error('There is no chart.');
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await button(page, 'Show the whole').click();
    await button(page, 'Show the whole').waitFor({ state: 'detached' });
  });

  it('a chart is kept as a picture that names both', async () => {
    const download = page.waitForEvent('download');
    await row('throughput').getByRole('button', { name: 'Throughput: about and actions' }).click();
    await page.getByRole('menuitem', { name: 'Save as SVG' }).click();
    const svg = (await bytesOf(download)).toString();
    expect(svg).toContain('A few clients');
    expect(svg).toContain('B many clients');
    // Whose lines they are, where and when: a picture that leaves the app says it by itself.
    const words = svg.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(words).toMatch(
      /A: few clients: epoll-lt; 5 connections .*UTC; fdscope .*B: many clients: blocking-threads; 40/,
    );
  });

  it('both are kept as one page with their figures, and how to cite them', async () => {
    const download = page.waitForEvent('download');
    await button(page, 'Report').click();
    const html = (await bytesOf(download)).toString();
    expect(html).toContain('few clients and many clients');
    expect(html).toContain('How to cite this');
  });

  it('swapped, A is the other one; closed, the list is there', async () => {
    await button(page, 'Swap').click();
    await expect
      .poll(() => page.locator('.names dd:not(.dim)').allInnerTexts())
      .toEqual(['many clients', 'few clients']);
    await page.locator('header').getByRole('button', { name: 'Sessions', exact: true }).click();
    await page.getByRole('heading', { name: 'Sessions', exact: true }).waitFor();
  });

  it('says how a session is cited, as a sentence and for BibTeX', async () => {
    await page.locator('.row').filter({ hasText: 'many clients' }).locator('.main').click();
    await button(page, 'Cite').click();
    const dialog = page.getByRole('dialog', { name: 'How to cite this session' });
    await dialog.getByText(/^“many clients”, recorded session, measured on .* with fdscope/).waitFor();
    await dialog.getByText('@misc{fdscope-').waitFor();
    expect(await violations(page)).toEqual([]);
    await view.screenshot('sessions-cite-dark');
    await button(page, 'Close').click();
    await dialog.waitFor({ state: 'detached' });
  });

  it('is readable in a small light window, too', async () => {
    const small = await app.window({ width: 1024, height: 768, scheme: 'light' });
    await small.open();
    await small.page.locator('nav').getByRole('button', { name: 'Sessions', exact: true }).click();
    await small.page.locator('.row').filter({ hasText: 'many clients' }).locator('.main').click();
    await small.page.getByLabel('Lay over').selectOption({ index: 1 });
    await button(small.page, 'Overlay').click();
    await small.page.locator('[data-track="syscalls"] canvas').hover();
    expect(await violations(small.page)).toEqual([]);
    await small.screenshot('sessions-overlay-light-small');
    expect(small.complaints).toEqual([]);
    await small.close();
  });

  it('has complained of nothing', () => {
    expect(view.complaints).toEqual([]);
  });
});
