/** Sessions that the desktop app is given: by its arguments, by addresses, by a second start; with all signs in their names. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/command-line.ts';
import { Desktop, describeDesktop, electronProgram } from '../support/desktop/app.ts';
import { giveToUser, UserHome } from '../support/desktop/user.ts';
import { root } from '../support/engines.ts';

describeDesktop('files that the desktop app is given', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-desktop-file-'));
  const recordedOf = (model: string): string => join(folder, `${model}.fdscope`);
  const home = new UserHome();
  let desktop: Desktop;

  /** A recorded run of a model, which is how the app names it, in a file of this name. */
  const named = (model: string, name: string): string => {
    const path = home.path(name);
    copyFileSync(recordedOf(model), path);
    giveToUser(path);
    return path;
  };
  const inLibrary = (): string[] =>
    readdirSync(home.path('.local/share/fdscope/sessions')).filter((name) => name.endsWith('.fdscope'));
  const opened = (): Promise<string> => desktop.page.locator('.replay .title').innerText();

  /** Another start of the same user's app; resolves to its exit code. */
  const startAgain = (...args: string[]): Promise<number | null> =>
    new Promise((resolve, reject) => {
      const all = [`--user-data-dir=${home.path('profile')}`, root, ...args];
      const env = home.environment(desktop.display);
      const second = spawn(home.starterOf(electronProgram), all, { cwd: home.folder, env, stdio: 'ignore' });
      second.once('error', reject);
      second.once('close', resolve);
    });

  beforeAll(async () => {
    for (const model of ['epoll-lt', 'select', 'blocking-threads']) {
      const args = ['run', '--model', model, '--connections', '4', '--duration', '1', '--record', recordedOf(model)];
      expect((await runCli(args)).code).toBe(0);
    }
    desktop = await Desktop.start({ home, args: [named('epoll-lt', 'as argument 100% [1] #2.fdscope')] });
  }, 500_000);
  afterAll(async () => {
    await desktop.close();
    home.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it('one as an argument of the start is shown when the lab is there', async () => {
    await desktop.isReady('Replaying');
    expect(inLibrary()).toEqual(['as-argument-100-1-2.fdscope']);
    expect(await opened()).toContain('epoll-lt');
  });

  it('one as an address, of a second start, which ends and brings the first to the front', async () => {
    await desktop.inMain(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize());
    const address = pathToFileURL(named('select', 'as address ü 50%25.fdscope')).href;
    expect(await startAgain(address)).toBe(0);
    await expect.poll(opened).toContain('select');
    const window = (): Promise<unknown> =>
      desktop.inMain(({ BrowserWindow }) => {
        const [first] = BrowserWindow.getAllWindows();
        return [BrowserWindow.getAllWindows().length, first?.isMinimized(), first?.isVisible()];
      });
    await expect.poll(window).toEqual([1, false, true]);
  });

  it('two at once: both are in the library, each once, and the last is shown', async () => {
    const first = named('epoll-lt', 'one of two.fdscope');
    const second = named('blocking-threads', 'two of two.fdscope');
    expect(await startAgain(first, pathToFileURL(second).href)).toBe(0);
    await expect.poll(opened).toContain('blocking-threads');
    await expect.poll(inLibrary).toEqual(expect.arrayContaining(['as-argument-100-1-2.fdscope', 'two-of-two.fdscope']));
    await desktop.isReady('Replaying');
  });

  it('a path that is relative is one of where the second start was made', async () => {
    named('select', 'beside.fdscope');
    expect(await startAgain('./beside.fdscope')).toBe(0);
    await expect.poll(opened).toContain('select');
  });

  it('a scenario is set, and what is none of both is refused in a sentence', async () => {
    const told = desktop.page.getByText(/ is set\.$/).waitFor();
    expect(await startAgain(join(root, 'shared/scenarios/quick-tour.yaml'))).toBe(0);
    // It goes by itself after some seconds.
    await told;
    const toasts = desktop.page.locator('.toast.error');
    const allTold = toasts.nth(2).waitFor();
    expect(await startAgain('no such.fdscope', 'file://elsewhere/a.fdscope', home.write('notes.txt', 'x'))).toBe(0);
    await allTold;
    const said = (await toasts.allInnerTexts()).join('\n');
    expect(said).toContain(`There is no file ${home.path('no such.fdscope')}.`);
    expect(said).toMatch(/There is no file .*elsewhere/);
    expect(said).toContain('notes.txt is neither a session (.fdscope) nor a scenario (.yaml): open one of these.');
  });

  it('has complained of nothing', () => {
    expect(desktop.complaints).toEqual([]);
    expect(desktop.ownOutput()).toEqual([]);
  });
});
