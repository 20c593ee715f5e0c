/** Where and how the window opens: as it was left, in sight whatever became of the displays, dark or light as the system is. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Desktop, describeDesktop } from '../support/desktop/app.ts';
import { hasOwnDisplay, startDisplay, type Display } from '../support/desktop/display.ts';
import { UserHome } from '../support/desktop/user.ts';
import { isInstalled } from '../support/tools.ts';

interface Look {
  readonly bounds: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly isMaximized: boolean;
}

const lookOf = (desktop: Desktop): Promise<Look> =>
  desktop.inMain(({ BrowserWindow }) => {
    const [window] = BrowserWindow.getAllWindows();
    if (!window) throw new Error('There is no window.');
    return { bounds: window.getBounds(), isMaximized: window.isMaximized() };
  });
const place = (desktop: Desktop, x: number, y: number, width: number, height: number): Promise<void> =>
  desktop.inMain(({ BrowserWindow }, text) => {
    const [atX = 0, atY = 0, wide = 0, high = 0] = text.split(' ').map(Number);
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: atX, y: atY, width: wide, height: high });
  }, [x, y, width, height].join(' '));
const themeOf = ({ page }: Desktop): Promise<string | undefined> =>
  page.evaluate(() => document.documentElement.dataset.theme);

describeDesktop('the window of the desktop app', () => {
  const home = new UserHome();
  let left: Look;
  let wide: Display | undefined;
  beforeAll(async () => {
    if (hasOwnDisplay()) wide = await startDisplay('3200x1000');
  });
  afterAll(async () => {
    await wide?.stop();
    home.remove();
  });

  it('is dark where the system is', async () => {
    const desktop = await Desktop.start({ home, env: { GTK_THEME: 'Adwaita:dark' } });
    await desktop.isReady();
    expect(await themeOf(desktop)).toBe('dark');
    await place(desktop, 130, 90, 1010, 710);
    await expect.poll(async () => (await lookOf(desktop)).bounds).toMatchObject({ width: 1010, height: 710 });
    left = await lookOf(desktop);
    await desktop.close();
  });

  it('opens where it was left, and light where the system is', async () => {
    const desktop = await Desktop.start({ home, env: { GTK_THEME: 'Adwaita' } });
    await desktop.isReady();
    expect(await themeOf(desktop)).toBe('light');
    await expect.poll(() => lookOf(desktop)).toEqual(left);
    if (isInstalled('openbox')) {
      await desktop.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.maximize());
      await expect.poll(async () => (await lookOf(desktop)).isMaximized).toBe(true);
    }
    await desktop.close();
  });

  it('opens maximized where it was left so, and has its size back after that', async () => {
    if (!isInstalled('openbox') || !wide) return;
    const desktop = await Desktop.start({ home, display: wide.name });
    await desktop.isReady();
    await expect.poll(async () => (await lookOf(desktop)).isMaximized).toBe(true);
    await desktop.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.unmaximize());
    await expect.poll(async () => (await lookOf(desktop)).bounds).toMatchObject({ width: 1010, height: 710 });
    await place(desktop, 2000, 100, 1010, 710);
    await expect.poll(async () => (await lookOf(desktop)).bounds.x).toBeGreaterThan(1900);
    await desktop.close();
  });

  it('is in sight where the display that it was on is gone; and without a GPU it runs as with one', async () => {
    const desktop = await Desktop.start({ home, args: ['--disable-gpu'] });
    await desktop.isReady();
    const { bounds } = await lookOf(desktop);
    expect(bounds.x).toBeGreaterThanOrEqual(0);
    expect(bounds.x + bounds.width).toBeLessThanOrEqual(1600);
    expect(bounds).toMatchObject({ width: 1010, height: 710 });
    const status = await desktop.inMain(({ app }) => app.getGPUFeatureStatus());
    expect(status.gpu_compositing).toMatch(/^disabled/);
    await desktop.choose('Lab', 'Run, or stop');
    await desktop.isReady('Running');
    await desktop.page.locator('[data-track="throughput"] .legend .num').first().filter({ hasText: /\d/ }).waitFor();
    expect(desktop.ownOutput()).toEqual([]);
    await desktop.close();
  });
});
