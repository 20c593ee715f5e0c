/** What is no file is refused in words wherever a file is read, and never waited for; what is written follows no link. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWhole } from '../../main/lab/private-files.ts';
import { openWindow, startWebLab } from '../support/web-lab.ts';
import { startCli } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-no-file-'));
const at = (name: string): string => join(folder, name);

beforeAll(() => {
  const own = ['fdscope/walks', 'fdscope/scenarios', 'fdscope/sessions'];
  for (const each of [...own, 'folder.yaml', 'folder.fdscope']) mkdirSync(at(each), { recursive: true });
  const pipes = [
    ...['scenario.yaml', 'walk.yaml', 'run.fdscope', 'sweep.json', 'fdscope/recording.json'],
    ...['fdscope/walks/mine.yaml', 'fdscope/scenarios/mine.yaml', 'fdscope/sessions/mine.fdscope'],
  ];
  for (const each of pipes) execFileSync('mkfifo', [at(each)]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
/** What hangs is ended: with code 124. */
const run = (args: readonly string[]) => startCli(args, env, ['timeout', '100']).ended;

describe('a pipe, a device or a folder', () => {
  const isPipe = /^\S.* cannot be read: it is a pipe\.\n$|cannot be opened: .*it is a pipe\.\n$/;
  const isDevice = /it is a device\.\n$/;
  const isFolder = /it is a folder\.\n$/;
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a scenario', ['run', at('scenario.yaml')], isPipe],
    ["one's own scenario", ['run', 'mine'], isPipe],
    ['the load of a comparison', ['compare', '--scenario', at('scenario.yaml')], isPipe],
    ['a walk', ['walk', at('walk.yaml')], isPipe],
    ["one's own walk", ['walk', 'mine'], isPipe],
    ['a session', ['info', at('run.fdscope')], isPipe],
    ['a session to verify', ['info', '--verify', at('run.fdscope')], isPipe],
    ['sessions to compare', ['compare', at('run.fdscope'), at('run.fdscope')], isPipe],
    ['a session to export', ['export', at('run.fdscope'), '--format', 'html', '--out', at('x')], isPipe],
    ['a sweep', ['sweep', '--resume', at('sweep.json')], isPipe],
    ['a scenario of no end', ['run', '/dev/zero'], isDevice],
    ['a session of no end', ['info', '/dev/zero'], isDevice],
    ['a sweep of no end', ['sweep', '--resume', '/dev/zero'], isDevice],
    ['a scenario that is a folder', ['run', at('folder.yaml')], isFolder],
    ['a walk that is a folder', ['walk', at('folder.yaml')], isFolder],
    ['a session that is a folder', ['info', at('folder.fdscope')], isFolder],
    ['a folder of sessions', ['sessions', '--folder', at('walk.yaml')], /cannot be read: .* is not a folder\.\n$/],
    ['a walk that is a terminal', ['walk', '/dev/tty'], /it is a device\.\n$|no such device/],
  ];
  it.concurrent.each(refused)('is refused as %s', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(sentence)]);
  });

  it.concurrent.each([
    ['sessions', /mine\.fdscope.*it is a pipe/],
    ['walks', /six-steps/],
  ])('among others holds up no list: %s', async (verb, shown) => {
    const { code, stdout } = await run([verb]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(shown)]);
  });

  it('as settings, among sessions and among scenarios holds up no window', async () => {
    const lab = await startWebLab(env, ['timeout', '100']);
    const window = await openWindow(lab);
    expect(await window.request('recording.settings')).toEqual({ automatic: false });
    expect((await window.request('sessions.list')).unreadable).toHaveLength(1);
    const scenarios = (await window.request('scenario.list')).map(({ name }) => name);
    expect(scenarios).toContain('quick-tour');
    expect(scenarios).not.toContain('mine');
    window.close();
    lab.process.kill('SIGTERM');
    await lab.process.ended;
  });
});

describe('a link that somebody put where something is to be written', () => {
  it('is not followed', () => {
    const mine = at('mine.txt');
    writeFileSync(mine, 'kept');
    const target = at('result.json');
    symlinkSync(mine, `${target}.${process.pid}.part`);
    writeWhole(target, 'new');
    expect([readFileSync(mine, 'utf8'), readFileSync(target, 'utf8')]).toEqual(['kept', 'new']);
  });
});
