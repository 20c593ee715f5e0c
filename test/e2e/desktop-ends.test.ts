/** How the desktop app ends, and that nothing of it is left: no engine, no server, no session that cannot be read. */
import { spawn } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCli } from '../cli/command-line.ts';
import { Desktop, describeDesktop, displayName, electronProgram } from '../support/desktop/app.ts';
import { dismissDialog } from '../support/desktop/dialogs.ts';
import { programsUnder, stillThere, type Program } from '../support/desktop/processes.ts';
import { UserHome } from '../support/desktop/user.ts';
import { root } from '../support/engines.ts';
import { itWith } from '../support/tools.ts';

/** Runs a lab and records it, as it is when the end comes. Resolves to its own process, and all that it has started. */
async function atWork(desktop: Desktop, model: string): Promise<{ main: Program; others: Program[] }> {
  const { page } = desktop;
  await desktop.isReady();
  await desktop.choose('Lab', 'Run, or stop');
  await desktop.isReady('Running');
  await page.keyboard.press('l');
  await page.getByRole('button', { name: model, exact: true }).click();
  await page.locator('.channel.serving').getByRole('button', { name: model, exact: true }).waitFor();
  await desktop.choose('Sessions', 'Record the run, or stop recording');
  await page.getByRole('button', { name: 'Recording', exact: true }).waitFor();
  const all = programsUnder(desktop.pid).concat(programsUnder(process.pid).filter(({ pid }) => pid === desktop.pid));
  const main = all.find(({ command }) => command.includes('--user-data-dir') && !command.includes('--type='));
  if (!main) throw new Error('The app has no process of its own.');
  expect(all.some(({ command }) => /fdscope-engine|node-server/.test(command))).toBe(true);
  return { main, others: all };
}

/** Every session that is there can be read. */
async function expectWholeSessions(desktop: Desktop, count: number): Promise<void> {
  const folder = desktop.home.path('.local/share/fdscope/sessions');
  const files = readdirSync(folder).filter((name) => !['exports', '.trash'].includes(name));
  expect(files).toHaveLength(count);
  for (const file of files) {
    const { code, stderr } = await runCli(['info', join(folder, file)]);
    expect([file, code, stderr]).toEqual([file, 0, '']);
  }
}

const gone = async (programs: readonly Program[]): Promise<void> => {
  await expect.poll(() => stillThere(programs)).toEqual([]);
};

/** A start that does not come to a window; resolves to what it said and how it ended. */
function startInVain(
  home: UserHome,
  env: Readonly<Record<string, string | undefined>>,
  { by = home.starterOf(electronProgram), args = [] }: { by?: string; args?: readonly string[] } = {},
): Promise<{ said: string[]; code: number | null }> {
  return new Promise((resolve, reject) => {
    const all = [...args, `--user-data-dir=${home.path('profile')}`, root];
    const child = spawn(by, all, {
      cwd: home.folder,
      env: { ...home.environment(''), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 300_000,
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      const said = text.split('\n').filter((line) => line !== '' && !line.startsWith('['));
      resolve({ said, code });
    });
  });
}

describeDesktop('a desktop app that cannot start', () => {
  const home = new UserHome();
  afterAll(() => home.remove());

  it('without a display: a sentence, and exit code 1', async () => {
    const { said, code } = await startInVain(home, { DISPLAY: undefined, WAYLAND_DISPLAY: undefined });
    expect(said).toEqual([
      'There is no display (DISPLAY and WAYLAND_DISPLAY are not set): start fdscope within a desktop.',
    ]);
    expect(code).toBe(1);
  });

  if (process.getuid?.() === 0) {
    it('as root without a sandbox: a sentence, and exit code 1', async () => {
      const how = { by: electronProgram, args: ['--no-sandbox'] };
      const { said, code } = await startInVain(home, { DISPLAY: displayName() }, how);
      expect(said).toEqual(['fdscope does not run as root, whom its sandbox does not hold: start it as another user.']);
      expect(code).toBe(1);
    });
  }

  itWith(
    'xdotool',
    'where it may not write its settings: a sentence on the terminal and in a dialog, and exit code 1',
    async () => {
      const closed = new UserHome();
      chmodSync(closed.makeFolder('profile'), 0o500);
      const display = displayName();
      const [{ said, code }] = await Promise.all([
        startInVain(closed, { DISPLAY: display }),
        dismissDialog(display, '^Error$'),
      ]);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(
        /^fdscope keeps its settings in .+\/profile, which it may not write to \(.+\)\. Make it one/,
      );
      expect(code).toBe(1);
      closed.remove();
    },
  );
});

describeDesktop('the end of the desktop app', () => {
  const ways: [string, string, (desktop: Desktop, main: Program) => Promise<void>][] = [
    ['killed', 'epoll-lt', (_desktop, { pid }) => Promise.resolve(void process.kill(pid, 'SIGKILL'))],
    ['killed, serving with Node', 'node', (_desktop, { pid }) => Promise.resolve(void process.kill(pid, 'SIGKILL'))],
    [
      'ended by SIGTERM, as at the end of a session',
      'blocking-threads',
      (_d, { pid }) => Promise.resolve(void process.kill(pid, 'SIGTERM')),
    ],
    ['its window closed', 'epoll-reactors', ({ page }) => page.close()],
  ];
  for (const [name, model, end] of ways) {
    it(`${name}: leaves no engine, no server, and a session that can be read`, async () => {
      const desktop = await Desktop.start();
      const { main, others } = await atWork(desktop, model);
      const closed = new Promise((resolve) => desktop.app.process().once('exit', resolve));
      await end(desktop, main);
      await closed;
      await gone(others);
      await expectWholeSessions(desktop, 1);
      desktop.home.remove();
    });
  }
});
