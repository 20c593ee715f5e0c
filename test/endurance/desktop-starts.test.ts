/** The desktop app started, put to work and ended, twenty times in a row by the same user: nothing of it is left. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest';
import { Desktop, describeDesktop } from '../support/desktop/app.ts';
import { UserHome } from '../support/desktop/user.ts';
import { atWork, expectWholeSessions, gone, socketsOf } from '../support/desktop/work.ts';

const starts = 20;

/** Ways to end it, in turn. */
const ends: readonly [string, (desktop: Desktop, pid: number) => Promise<void>][] = [
  ['by its window', ({ page }) => page.close()],
  ['by its menu', (desktop) => desktop.inMain(({ app }) => void setTimeout(() => app.quit(), 0))],
  ['by SIGTERM', (_desktop, pid) => Promise.resolve(void process.kill(pid, 'SIGTERM'))],
];
const models = ['epoll-lt', 'blocking-threads', 'node', 'io_uring'];

const openSockets = (): string =>
  ['tcp', 'tcp6', 'udp', 'udp6', 'unix'].map((kind) => readFileSync(`/proc/net/${kind}`, 'utf8')).join('\n');

describeDesktop(`the desktop app, started ${starts} times in a row`, () => {
  const home = new UserHome();
  let last: Desktop;
  let usual: string[] | undefined;
  const shared = new Set<string>();

  beforeAll(() => {
    home.makeFolder('tmp');
    for (const name of readdirSync('/dev/shm')) shared.add(name);
  });
  afterAll(() => home.remove());

  for (let index = 0; index < starts; index++) {
    const [way, end] = ends[index % ends.length] ?? [];
    const model = models[index % models.length] ?? '';
    it(`${index + 1}: serves by ${model}, and is ended ${way}`, async () => {
      const before = readdirSync(home.path('tmp')).sort();
      const desktop = await Desktop.start({ home, env: { TMPDIR: home.path('tmp') } });
      last = desktop;
      // One that is still there would take the starts after it.
      onTestFailed(() => void desktop.app.process().kill('SIGKILL'));
      const { main, others } = await atWork(desktop, model);
      const sockets = socketsOf(others);
      expect(sockets.length).toBeGreaterThan(10);
      const closed = new Promise((resolve) => desktop.app.process().once('exit', resolve));
      await end?.(desktop, main.pid);
      await closed;
      await gone(others);
      // What catches crashes for Chromium has no parent, and ends somewhat after the others.
      const stillOpen = (): string[] => {
        const open = new Set(openSockets().split(/\s+/));
        return sockets.filter((inode) => open.has(inode));
      };
      await expect.poll(stillOpen).toEqual([]);
      expect(readdirSync(home.path('tmp')).sort()).toEqual(before);
      expect(readdirSync(home.path('profile')).filter((name) => name.startsWith('Singleton'))).toEqual([]);
      expect(desktop.complaints).toEqual([]);
      expect(desktop.ownOutput()).toEqual([]);
      // What the first start made for itself is all that there is.
      const names = readdirSync(home.folder).sort();
      usual ??= names;
      expect(names).toEqual(usual);
    });
  }

  it('each has left one session, which can be read, and no memory that is shared by name', async () => {
    await expectWholeSessions(last, starts);
    expect(readdirSync('/dev/shm').filter((name) => /chromium/i.test(name) && !shared.has(name))).toEqual([]);
  });
});
