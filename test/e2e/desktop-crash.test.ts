/** The window's page is ended, hangs or is out of memory, and there is a way back while the lab runs on; and a window without a GPU. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeDesktop, displayName } from '../support/desktop/app.ts';
import { dismissDialog, hasDialog, pressKey, takeSecondAnswer } from '../support/desktop/dialogs.ts';
import { InspectedDesktop } from '../support/desktop/inspector.ts';
import { programsUnder, stillThere, type Program } from '../support/desktop/processes.ts';
import { isInstalled } from '../support/tools.ts';

/** Asked of the window itself; an empty text while its page comes or goes. */
const textOfPage = `return !contents || contents.isCrashed() || contents.isLoading()
  ? '' : contents.getURL() + '\\n' + (await contents.executeJavaScript('document.body.innerText'))`;

/** Chromium's monitor of hanging pages waits for 15 s from a key or click that the page has not taken. */
const hangMs = 300_000;
const hangTitle = '^fdscope does not answer$';

describeDesktop('a page that goes', () => {
  let desktop: InspectedDesktop;
  /** Server and clients of the one lab that runs through all of it. */
  let engines: Program[];

  const shown = (): Promise<unknown> => desktop.inMain(textOfPage);
  /** It is not waited for, as it may never be answered. */
  const inPage = (code: string): Promise<unknown> =>
    desktop.inMain(`void contents.executeJavaScript(${JSON.stringify(code)}).catch(() => {})`);
  /** "Running" is told by the lab, which the new page has asked; nobody started it anew meanwhile. */
  async function isBack(): Promise<void> {
    await expect.poll(shown).toMatch(/^app:\/\/fdscope\/\n[^]*Running/);
    expect(stillThere(engines)).toEqual(engines);
  }
  const goBack = (): Promise<unknown> => inPage(`document.querySelector('a').click()`);
  /** Our own page computes for so long, and hears of nothing meanwhile. */
  const keepBusy = (forMs: number): Promise<unknown> =>
    inPage(`{ const end = Date.now() + ${forMs}; while (Date.now() < end); }`);
  /** The first key may come before the page has begun to be busy. */
  const isAsked = (): Promise<void> =>
    expect
      .poll(
        async () => {
          if (await hasDialog(displayName(), hangTitle)) return true;
          await pressKey(displayName(), 'Shift_L');
          return false;
        },
        { interval: 1000, timeout: hangMs },
      )
      .toBe(true);
  beforeAll(async () => {
    desktop = await InspectedDesktop.start({ switches: ['--js-flags=--max-old-space-size=320'] });
  }, 600_000);
  afterAll(() => desktop.close(), 200_000);

  it('is shown, and runs a lab', async () => {
    await desktop.runLab({
      ...{ server: { model: 'epoll-lt', protocol: 'http', handler: 'respond' }, connections: 10 },
      clients: [{ profile: 'rate', rate: 200 }],
    });
    engines = programsUnder(desktop.pid).filter(({ program }) => program.endsWith('fdscope-engine'));
    expect(engines).toHaveLength(2);
  });

  it('ended from outside: the window says so, its link leads back, and the lab runs on', async () => {
    await desktop.inMain(`process.kill(contents.getOSProcessId(), 'SIGKILL')`);
    await expect
      .poll(shown)
      .toMatch(/crash[^]*The window's page has gone[^]*It was ended from outside[^]*goes on running/);
    await goBack();
    await isBack();
  });

  it('out of memory: the window says so, its link leads back, and the lab runs on', async () => {
    // Later, as the window waits for the end of what it runs itself.
    await inPage(
      `setTimeout(() => { const all = []; for (;;) all.push(new Array(10_000).fill(all.length + 0.5)); }, 0)`,
    );
    await expect
      .poll(shown, { timeout: hangMs })
      .toMatch(/crash[^]*The window's page has gone[^]*out of memory[^]*goes on running/);
    await goBack();
    await isBack();
  });

  const itByKeys = isInstalled('xdotool') ? it : it.skip;
  itByKeys(
    'hanging, and somebody chooses in the menu: they are asked, and who waits has it when it goes on',
    async () => {
      await keepBusy(45_000);
      await desktop.choose('View', 'Go to Doctor');
      await dismissDialog(displayName(), hangTitle);
      await expect.poll(() => desktop.inPage(`document.querySelector('main h1')?.innerText`)).toBe('Doctor');
      await desktop.choose('View', 'Go to Scope');
      await isBack();
    },
  );

  itByKeys('hanging, and somebody types: who wants the page again gets it, and the lab runs on', async () => {
    await keepBusy(hangMs);
    await isAsked();
    await takeSecondAnswer(displayName(), hangTitle);
    await isBack();
  });

  it('hanging, and loaded again by the menu: it is back, and the lab runs on', async () => {
    await keepBusy(hangMs);
    await desktop.choose('View', 'Load the page again');
    await isBack();
  });

  it('was said on the terminal', () => {
    const ends = ['killed, exit code 9', '(oom|crashed), exit code -?\\d+', '(killed|crashed), exit code \\d+'];
    const said = (isInstalled('xdotool') ? [...ends, ends[2] ?? ''] : ends).map((end): unknown =>
      expect.stringMatching(`^The window's page has gone: ${end}\\.$`),
    );
    expect(desktop.ownOutput()).toEqual(said);
  });
});

describeDesktop('a window without a GPU', () => {
  let desktop: InspectedDesktop;
  beforeAll(async () => {
    desktop = await InspectedDesktop.start({ switches: ['--disable-gpu'] });
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
