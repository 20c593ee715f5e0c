/** `fdscope export` as other programs meet it: what it prints, and its exit codes. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedRun, type RecordedRun } from '../unit/export-support.ts';
import { startCli, type Ran } from './command-line.ts';

let run: RecordedRun;
beforeAll(async () => {
  run = await recordedRun();
});
afterAll(() => run.remove());

const cli = (...args: string[]): Promise<Ran> => startCli(args).ended;
const inFolder = (name: string): string => join(run.folder, name);

describe('fdscope export', () => {
  it('writes the file and says so, to people and to programs', async () => {
    const out = inFolder('trace.json');
    const { code, stdout, stderr } = await cli('export', run.path, '--format', 'chrome', '--out', out);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/trace\.json {2}[\d.]+ [kM]B\n$/);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toHaveProperty('traceEvents');

    const json = await cli(
      'export',
      run.path,
      '--format',
      'csv',
      '--table',
      'events',
      '--out',
      inFolder('e.csv'),
      '--json',
    );
    const [file] = (JSON.parse(json.stdout) as { files: { name: string; bytes: number }[] }).files;
    expect(file).toEqual({ name: 'e.csv', bytes: readFileSync(inFolder('e.csv')).length });
  });

  it('refuses what it cannot do with one sentence and the exit code 2', async () => {
    writeFileSync(inFolder('no.fdscope'), 'this is no session');
    writeFileSync(inFolder('empty.fdscope'), '');
    const cases: [RegExp, ...string[]][] = [
      [/^none\.fdscope cannot be opened: there is no such file or folder\.\n$/, inFolder('none.fdscope'), 'csv', 'x'],
      [/^no\.fdscope is not an fdscope session.*\.\n$/, inFolder('no.fdscope'), 'csv', 'x'],
      [/^There is no export format "xml": choose csv, .*\.\n$/, run.path, 'xml', 'x'],
      [/^empty\.fdscope is empty: it holds no session\.\n$/, inFolder('empty.fdscope'), 'csv', 'x'],
      [/cannot be written: there is no such file or folder\.\n$/, run.path, 'html', 'none/x.html'],
    ];
    for (const [sentence, path = '', format = '', out = ''] of cases) {
      const { code, stdout, stderr } = await cli('export', path, '--format', format, '--out', inFolder(out));
      expect(stderr).toMatch(sentence);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(existsSync(inFolder('x'))).toBe(false);
    }
    expect((await cli('export', run.path, '--format', 'csv')).code).toBe(2);
    const toStream = await cli('export', run.path, '--format', 'html', '--out', '-');
    expect(toStream).toMatchObject({ code: 2, stderr: expect.stringContaining('give --out a name') as string });
    const nowhere = await cli('sessions', '--folder', inFolder('nowhere'));
    expect(nowhere).toMatchObject({ code: 2, stderr: `There is no folder ${inFolder('nowhere')}.\n` });
    expect(readdirSync(run.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('never replaces a recorded session, its own or another, nor a device or pipe', async () => {
    const [session, other, pipe] = [readFileSync(run.path), inFolder('other.fdscope'), inFolder('pipe')];
    writeFileSync(other, session);
    execFileSync('mkfifo', [pipe]);
    for (const out of [run.path, other]) {
      const { code, stderr } = await cli('export', run.path, '--format', 'html', '--out', out);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/it is a recorded session, .*another name\.\n$/)]);
      expect(readFileSync(out).equals(session)).toBe(true);
      // The report of a run, where --out was meant to be --record.
      const ran = await cli('run', '--model', 'epoll-lt', '--seconds', '0.3', '--out', out);
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(/it is a recorded session/)]);
      expect(readFileSync(out).equals(session)).toBe(true);
    }
    const { code, stderr } = await cli('export', run.path, '--format', 'html', '--out', pipe);
    expect([code, stderr]).toEqual([2, expect.stringContaining('it is no regular file')]);
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  it('reports of runs go into a pipe, and leave it one', async () => {
    const pipe = inFolder('reports');
    execFileSync('mkfifo', [pipe]);
    const read = readFile(pipe, 'utf8');
    const { code } = await cli('run', '--model', 'epoll-lt', '--connections', '2', '--seconds', '0.3', '--out', pipe);
    expect(code).toBe(0);
    expect(statSync(pipe).isFIFO()).toBe(true);
    expect(JSON.parse(await read)).toMatchObject({ runs: [{ model: 'epoll-lt' }] });
  });
});
