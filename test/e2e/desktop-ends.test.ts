/** How the desktop app ends, and that nothing of it is left: no engine, no server, no session that cannot be read. */
import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { Desktop, describeDesktop, displayName, electronProgram } from '../support/desktop/app.ts';
import { hasOwnDisplay, startDisplay } from '../support/desktop/display.ts';
import { dismissDialog } from '../support/desktop/dialogs.ts';
import type { Program } from '../support/desktop/processes.ts';
import { UserHome } from '../support/desktop/user.ts';
import { atWork, expectWholeSessions, gone } from '../support/desktop/work.ts';
import { root } from '../support/engines.ts';
import { itWith } from '../support/tools.ts';

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

  if (hasOwnDisplay()) {
    it('its display gone, as at the end of a session under X: leaves as little', async () => {
      const display = await startDisplay();
      const home = new UserHome();
      const desktop = await Desktop.start({ home, display: display.name });
      const { others } = await atWork(desktop, 'epoll-lt');
      const closed = new Promise((resolve) => desktop.app.process().once('exit', resolve));
      await display.stop();
      await closed;
      await gone(others);
      await expectWholeSessions(desktop, 1);
      home.remove();
    });
  }
});
