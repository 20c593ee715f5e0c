/** The tracks have the screen: how much of the window is plot, that nothing lies over anything, and the way by Tab. */
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from './accessibility.ts';
import { AppUnderTest, runOnScope, settled, type App } from './browser.ts';

interface Measured {
  /** Of the window: the canvases of the tracks, as far as they are in sight, and the widest of them. */
  readonly plotShare: number;
  readonly widthShare: number;
}

/** In the page; what is behind the header of the tracks, or scrolled out, is not counted. */
const measure = (page: Page): Promise<Measured> =>
  page.evaluate(() => {
    const frame = document.querySelector('.stack')?.getBoundingClientRect();
    const top = document.querySelector('.stack .top')?.getBoundingClientRect().bottom ?? 0;
    let area = 0;
    let widest = 0;
    for (const canvas of document.querySelectorAll('.stack .plot canvas')) {
      const box = canvas.getBoundingClientRect();
      if (frame === undefined) break;
      const height = Math.min(box.bottom, frame.bottom, window.innerHeight) - Math.max(box.top, top);
      const width = Math.min(box.right, frame.right, window.innerWidth) - Math.max(box.left, frame.left);
      if (height <= 0 || width <= 0) continue;
      area += height * width;
      widest = Math.max(widest, width);
    }
    return { plotShare: area / (window.innerWidth * window.innerHeight), widthShare: widest / window.innerWidth };
  });

/** Pairs of controls or readings whose boxes lie over each other, or that stick out of their bar. */
const overlaps = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = [];
    const bars = '.controls, .figures, .group, .list, header, nav, footer, .axis-gutter';
    for (const bar of document.querySelectorAll(bars)) {
      const shown = [...bar.children].filter((each) => {
        const { width, height } = each.getBoundingClientRect();
        const { clipPath, position } = getComputedStyle(each);
        return width > 2 && height > 2 && (clipPath === 'none' || position !== 'absolute');
      });
      const named = (each: Element): string => `${bar.className} > ${each.className} ${each.textContent.slice(0, 20)}`;
      for (const [i, a] of shown.entries()) {
        const box = a.getBoundingClientRect();
        if (box.right > window.innerWidth + 1 && bar.scrollWidth <= bar.clientWidth)
          found.push(`${named(a)} sticks out`);
        for (const b of shown.slice(i + 1)) {
          const other = b.getBoundingClientRect();
          const width = Math.min(box.right, other.right) - Math.max(box.left, other.left);
          const height = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
          if (width > 1 && height > 1) found.push(`${named(a)} and ${named(b)}`);
        }
      }
    }
    if (document.documentElement.scrollWidth > window.innerWidth) found.push('the page is wider than the window');
    return found;
  });

describe('the layout of the Scope', () => {
  let app: AppUnderTest;
  let view: App;
  let page: Page;
  beforeAll(async () => {
    app = await AppUnderTest.start();
    view = await app.window();
    page = view.page;
    await view.open();
    await runOnScope(page);
  });
  afterAll(async () => {
    expect(view.complaints).toEqual([]);
    expect(await app.close()).toBe(0);
  });

  it.each([
    { width: 1440, height: 900, least: 0.5 },
    { width: 1024, height: 768, least: 0.45 },
  ])('at $width x $height the plots have their share, and nothing lies over anything', async (size) => {
    await page.setViewportSize(size);
    await expect.poll(async () => (await measure(page)).plotShare).toBeGreaterThanOrEqual(size.least);
    expect(await overlaps(page)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await view.screenshot(`layout-${size.width}`);
  });

  // To a page that is zoomed to 200% its window has half of the size.
  it.each([
    { width: 720, height: 450 },
    { width: 512, height: 384 },
  ])('at 200% zoom ($width x $height) a plot keeps half of the width, and nothing lies over anything', async (size) => {
    await page.setViewportSize(size);
    await expect.poll(async () => (await measure(page)).widthShare).toBeGreaterThanOrEqual(0.5);
    expect(await overlaps(page)).toEqual([]);
    await view.screenshot(`layout-zoomed-${size.width}`);
  });

  it('Tab comes to the first track within 12 stops, and the first of them skips there', async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      // From the beginning of the page.
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    const at = (): Promise<string> =>
      page.evaluate(() => {
        const focused = document.activeElement;
        const track = focused?.closest('[data-track]')?.getAttribute('data-track');
        return track ?? (focused?.getAttribute('aria-label') ?? focused?.textContent ?? '').trim().slice(0, 40);
      });
    const stops: string[] = [];
    while (stops.length < 40) {
      await page.keyboard.press('Tab');
      stops.push(await at());
      if (stops.at(-1) === 'throughput') break;
    }
    expect(stops.at(-1), stops.join(' | ')).toBe('throughput');
    expect(stops.length, stops.join(' | ')).toBeLessThanOrEqual(12);
    expect(stops[0]).toBe('Skip to the tracks');
  });

  it('the skip link goes to the first track, arrows from track to track', async () => {
    const focusedTrack = (): Promise<string | undefined> =>
      page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-track]')?.dataset.track);
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await focusedTrack()).toBe('throughput');
    await page.keyboard.press('ArrowDown');
    expect(await focusedTrack()).toBe('sockets');
    await page.keyboard.press('ArrowUp');
    expect(await focusedTrack()).toBe('throughput');
  });

  it('arrows go from figure to figure and from model to model', async () => {
    await page.locator('.figure').first().focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toMatch(/^Latency p99/);
    await page.getByRole('button', { name: 'select', exact: true }).focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('poll');
  });

  it('the palette keeps its place and size while one types', async () => {
    await page.keyboard.press('Control+k');
    const palette = page.locator('.palette');
    await palette.waitFor();
    const before = await palette.boundingBox();
    await page.keyboard.type('theme');
    await page.getByRole('option').first().waitFor();
    expect(await palette.boundingBox()).toEqual(before);
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
  });

  it('held, nothing of the tracks changes; Space follows again', async () => {
    await page.locator('footer').filter({ hasText: 'Linux' }).click();
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Held', exact: true }).waitFor();
    const picture = (): Promise<string[]> =>
      page.evaluate(() => [
        ...[...document.querySelectorAll<HTMLCanvasElement>('.stack canvas, .overview canvas')].map((each) =>
          each.toDataURL(),
        ),
        ...[...document.querySelectorAll('.stack .legend')].map((each) => each.textContent),
      ]);
    const held = await settled(page, picture);
    await page.waitForTimeout(2500);
    expect((await picture()).filter((each, i) => each !== held[i])).toEqual([]);
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Following', exact: true }).waitFor();
    await expect.poll(async () => (await picture()).some((each, i) => each !== held[i])).toBe(true);
  });

  it('a new run leaves behind where the one before was held and zoomed', async () => {
    await page.locator('footer').filter({ hasText: 'Linux' }).click();
    await page.keyboard.press('+');
    await page.keyboard.press('Space');
    await page.getByRole('button', { name: 'Held', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.locator('footer').getByText('Ready', { exact: true }).waitFor();
    // From another screen, where no tracks are there to notice.
    await page.getByRole('navigation').getByRole('button', { name: 'Doctor', exact: true }).click();
    await page.keyboard.press('r');
    // Whoever runs it sees it.
    await page.getByRole('button', { name: 'Following', exact: true }).waitFor();
    await page.locator('footer').getByText('Running', { exact: true }).waitFor();
    await page
      .locator('.window')
      // However long it takes to get here.
      .filter({ hasText: /^(5|10|20|30) s$/ })
      .waitFor();
  });
});
