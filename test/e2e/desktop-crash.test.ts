/** The window's page is ended, and there is a way back while the lab runs on; and a window without a GPU. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeDesktop } from '../support/desktop/app.ts';
import { InspectedDesktop } from '../support/desktop/inspector.ts';

/** Asked of the window itself; an empty text while its page comes or goes. */
const textOfPage = `return !contents || contents.isCrashed() || contents.isLoading()
  ? '' : contents.getURL() + '\\n' + (await contents.executeJavaScript('document.body.innerText'))`;

describeDesktop('a page that goes', () => {
  let desktop: InspectedDesktop;

  const shown = (): Promise<unknown> => desktop.inMain(textOfPage);
  /** It is not waited for, as it may never be answered. */
  const inPage = (code: string): Promise<unknown> =>
    desktop.inMain(`void contents.executeJavaScript(${JSON.stringify(code)}).catch(() => {})`);
  /** "Running" is told by the lab, which the new page has asked. */
  const isBack = (): Promise<void> => expect.poll(shown).toMatch(/^app:\/\/fdscope\/\n[^]*Running/);

  beforeAll(async () => {
    desktop = await InspectedDesktop.start();
  }, 600_000);
  afterAll(() => desktop.close(), 200_000);

  it('is shown, and runs a lab', async () => {
    await expect.poll(shown).toMatch(/Ready/);
    await desktop.inMain(`
      const menu = electron.Menu.getApplicationMenu().items.find(({ label }) => label === 'Lab');
      menu.submenu.items.find(({ label }) => label === 'Run, or stop').click();`);
    await isBack();
  });

  it('ended from outside: the window says so, its link leads back, and the lab runs on', async () => {
    await desktop.inMain(`process.kill(contents.getOSProcessId(), 'SIGKILL')`);
    await expect
      .poll(shown)
      .toMatch(/crash[^]*The window's page has gone[^]*It was ended from outside[^]*goes on running/);
    await inPage(`document.querySelector('a').click()`);
    await isBack();
  });

  it('was said on the terminal', () => {
    expect(desktop.ownOutput()).toEqual(["The window's page has gone: killed, exit code 9."]);
  });
});

describeDesktop('a window without a GPU', () => {
  let desktop: InspectedDesktop;
  beforeAll(async () => {
    desktop = await InspectedDesktop.start('--disable-gpu');
  }, 400_000);
  afterAll(() => desktop.close(), 200_000);

  it('is drawn all the same', async () => {
    await expect.poll(() => desktop.inMain(textOfPage)).toMatch(/Ready/);
    expect(await desktop.inMain(`return electron.app.getGPUFeatureStatus().gpu_compositing`)).toMatch(/^disabled/);
    // Its picture has more than one colour.
    const colours = `return new Set(new Uint32Array(Uint8Array.from((await contents.capturePage()).toBitmap()).buffer)).size`;
    expect(await desktop.inMain(colours)).toBeGreaterThan(10);
  });
});
