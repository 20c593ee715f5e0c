/** In Electron itself: wherever its page goes, the window comes back to the app's page. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Desktop, describeDesktop } from '../support/desktop/app.ts';

describeDesktop('the page of the desktop app', () => {
  let desktop: Desktop;
  const address = (): Promise<string> =>
    desktop.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.getURL() ?? '');
  /** Asked of the window itself: a page that goes takes the driver's view of it along. */
  const goTo = (target: string): Promise<string> =>
    desktop.inMain(({ BrowserWindow }, to) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      return new Promise<string>((resolve) => {
        contents?.once('did-finish-load', () => resolve(contents.getURL()));
        void contents?.executeJavaScript(`location.href = ${JSON.stringify(to)}`, true).catch(() => undefined);
        setTimeout(() => resolve(contents?.getURL() ?? ''), 3000);
      });
    }, target);

  beforeAll(async () => {
    desktop = await Desktop.start();
    await desktop.isReady();
  }, 400_000);
  afterAll(() => desktop.close());

  it('goes nowhere else', async () => {
    for (const target of ['https://127.0.0.1:1/', 'file:///etc/hostname', 'app://other/', 'data:text/html,x']) {
      expect(await goTo(target), target).toBe('app://fdscope/');
    }
  });

  it('comes back from an empty page', async () => {
    await goTo('about:blank');
    await expect.poll(address).toBe('app://fdscope/');
    await expect.poll(() => desktop.ownOutput().join('')).toContain('about:blank');
  });
});
