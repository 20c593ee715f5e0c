/** The packaged app: its fuses as read back from the program and as they act, and what a changed byte of its archive does on Linux. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractFile, getRawHeader } from '@electron/asar';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeDesktop } from '../support/desktop/app.ts';
import { makePackage, PackagedApp, type Package } from '../support/desktop/packaged.ts';
import { programsUnder } from '../support/desktop/processes.ts';
import { UserHome } from '../support/desktop/user.ts';
import { root } from '../support/engines.ts';

/** As the program's own wire has it: a digit for each fuse. */
const isOn = '1'.charCodeAt(0);

describeDesktop('the packaged desktop app', () => {
  const home = new UserHome();
  let made: Package;

  beforeAll(async () => {
    made = await makePackage();
  }, 900_000);
  afterAll(() => {
    made.remove();
    home.remove();
  });

  it('has the fuses that its configuration asks for, as read back from the program', async () => {
    const wire = await getCurrentFuseWire(made.program);
    const fuses = {
      runAsNode: FuseV1Options.RunAsNode,
      enableCookieEncryption: FuseV1Options.EnableCookieEncryption,
      enableNodeOptionsEnvironmentVariable: FuseV1Options.EnableNodeOptionsEnvironmentVariable,
      enableNodeCliInspectArguments: FuseV1Options.EnableNodeCliInspectArguments,
      enableEmbeddedAsarIntegrityValidation: FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
      onlyLoadAppFromAsar: FuseV1Options.OnlyLoadAppFromAsar,
      loadBrowserProcessSpecificV8Snapshot: FuseV1Options.LoadBrowserProcessSpecificV8Snapshot,
      grantFileProtocolExtraPrivileges: FuseV1Options.GrantFileProtocolExtraPrivileges,
    };
    const read = Object.entries(fuses).map(([name, fuse]) => [name, Number(wire[fuse]) === isOn]);
    const config = parse(readFileSync(join(root, 'electron-builder.yml'), 'utf8')) as { electronFuses: unknown };
    expect(Object.fromEntries(read)).toEqual(config.electronFuses);
  });

  it('starts, serves, and takes no code by environment or arguments', async () => {
    const mark = home.path('was-run');
    const script = home.write('uninvited.cjs', `require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`);
    const app = await PackagedApp.start(made.program, home, {
      args: ['--inspect=127.0.0.1:0', '-r', script],
      env: { NODE_OPTIONS: `--require=${script}` },
    });
    await app.isReady();
    await app.page.locator('nav').getByRole('button', { name: 'Scope', exact: true }).click();
    await app.page.getByRole('button', { name: /^Run .+ with \d+ connections$/ }).click();
    await app.isReady('Running');
    // Electron as Node, which is the one fuse that is open; nothing of what its parent was told is handed on.
    await app.page.keyboard.press('l');
    await app.page.getByRole('button', { name: 'node', exact: true }).click();
    await app.page.locator('.channel.serving').getByRole('button', { name: 'node', exact: true }).waitFor();
    const servers = programsUnder(app.pid).filter(({ command }) => command.includes('node-server.mjs'));
    expect(servers.map(({ program }) => program)).toEqual([made.program]);
    expect(app.output).not.toMatch(/Debugger listening/);
    await app.close();
    expect(existsSync(mark)).toBe(false);
  });

  /** What Electron would compare, on the systems where it does. */
  const isWhole = (archive: string, name: string): boolean => {
    const { header } = getRawHeader(archive);
    const entry = name
      .split('/')
      .reduce<unknown>((node, part) => Reflect.get(Reflect.get(node as object, 'files') as object, part), header);
    const { hash } = Reflect.get(entry as object, 'integrity') as { hash: string };
    return hash === createHash('sha256').update(extractFile(archive, name)).digest('hex');
  };

  it('starts with a changed byte in its archive, as Electron looks at that on macOS and Windows alone', async () => {
    const file = 'out/electron/main.mjs';
    expect(isWhole(made.archive, file)).toBe(true);
    copyFileSync(made.archive, `${made.archive}.whole`);
    const bytes = readFileSync(made.archive);
    const at = bytes.indexOf('A second start was not understood.');
    expect(at).toBeGreaterThan(0);
    bytes[at] = 'a'.charCodeAt(0);
    writeFileSync(made.archive, bytes);
    expect(isWhole(made.archive, file)).toBe(false);
    const app = await PackagedApp.start(made.program, home);
    await app.isReady();
    await app.close();
    copyFileSync(`${made.archive}.whole`, made.archive);
  });
});
