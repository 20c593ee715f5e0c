/** Completion in the shells themselves, and the manual page as groff, mandoc and man read it. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../main/cli/index.ts';
import { completionScript, shells } from '../../main/cli/manual/completion.ts';
import { manPage } from '../../main/cli/manual/man-page.ts';
import { verbsOfProgram } from '../../main/cli/manual/verbs.ts';
import { LabService } from '../../main/lab/lab-service.ts';
import { itWith } from '../support/tools.ts';
import { runCli, withFolder } from './command-line.ts';

const run = promisify(execFile);
const verbs = verbsOfProgram(createProgram({ lab: new LabService(), signal: new AbortController().signal }));

/** What a shell offers for the last word of each line. */
type Complete = (lines: readonly string[]) => Promise<string[][]>;

const bash: Complete = async (lines) => {
  const script = `eval "$1"; shift
for line in "$@"; do
  COMP_WORDS=($line); [ "\${line: -1}" = ' ' ] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _fdscope; echo "\${COMPREPLY[@]}"
done`;
  const { stdout } = await run('bash', ['-c', script, 'bash', completionScript('bash', verbs), ...lines]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').filter(Boolean));
};

const fish: Complete = async (lines) => {
  let found: string[][] = [];
  await withFolder(async (folder) => {
    const file = join(folder, 'fdscope.fish');
    writeFileSync(file, completionScript('fish', verbs));
    const script = 'source $argv[1]; for line in $argv[2..-1]; complete -C $line; echo ====; end';
    const env = { ...process.env, HOME: folder };
    const { stdout } = await run('fish', ['--no-config', '-c', script, file, ...lines], { env });
    const words = (part: string): string[] => part.split('\n').map((line) => line.split('\t')[0] ?? '');
    found = stdout
      .split('====\n')
      .slice(0, -1)
      .map((part) => words(part).filter(Boolean));
  });
  return found;
};

/** Typed at a terminal of its own, with the tab key and then return: what the command is called with. */
const zsh: Complete = async (lines) => {
  const found: string[][] = [];
  await withFolder(async (folder) => {
    const [file, out] = [join(folder, 'completion.zsh'), join(folder, 'out')];
    writeFileSync(file, completionScript('zsh', verbs));
    const script = `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PS2=; stty cols 300; autoload -U compinit; compinit -u -D; source ${file}; bindkey "^I" complete-word; print RE""ADY'
zpty -r z seen '*READY*'
zpty -w z 'fdscope() { print -r -- "$@" > ${out}; print DO""NE }; print SE""T'
zpty -r z seen '*SET*'
zpty -w z "$1"$'\\t'
zpty -r z seen '*DONE*'
zpty -d z`;
    for (const line of lines) {
      await run('zsh', ['-f', '-c', script, 'zsh', line], { timeout: 120_000 });
      found.push(readFileSync(out, 'utf8').trim().split(' ').slice(-1));
    }
  });
  return found;
};

const completes: Readonly<Record<string, Complete>> = { bash, fish, zsh };

describe('completion', () => {
  for (const shell of shells) {
    itWith(shell, `${shell}: commands, options, models, scenarios`, async () => {
      const complete = completes[shell];
      const offered = await complete?.([
        'fdscope swit',
        'fdscope run --connec',
        'fdscope run --model epoll-l',
        'fdscope run thread-per',
        'fdscope export --format hl',
      ]);
      expect(offered).toEqual([['switch-cost'], ['--connections'], ['epoll-lt'], ['thread-per-connection'], ['hlog']]);
    });
  }

  it('has every command and option of the program, with its other spellings', () => {
    for (const shell of shells) {
      const script = completionScript(shell, verbs);
      for (const { name, options } of verbs) {
        expect(script).toContain(name);
        for (const { longs } of options) {
          for (const long of longs) expect(script).toContain(shell === 'fish' ? `-l ${long.slice(2)}` : long);
        }
      }
    }
  });

  it('is printed, and another shell is refused', async () => {
    expect(await runCli(['completion', 'bash'])).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: completionScript('bash', verbs),
    });
    const { code, stdout, stderr } = await runCli(['completion', 'tcsh']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/'tcsh' is invalid.*Allowed choices are bash, zsh, fish\.\n$/);
  });
});

describe('the manual page', () => {
  const page = manPage(verbs, '0.1.0');

  itWith('mandoc', 'has nothing that mandoc would have otherwise', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'fdscope.1');
      writeFileSync(file, page);
      // It tells by its exit code too. A page without a date is one that is made on demand.
      const stdout = await run('mandoc', ['-Tlint', '-Wwarning', file]).then(
        (done) => done.stdout,
        (error: unknown) => (error as { stdout: string }).stdout,
      );
      expect(stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).toEqual([]);
    }),
  );

  itWith('man', 'is what man shows, at any width', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'fdscope.1');
      writeFileSync(file, page);
      for (const width of [60, 200]) {
        const env = { ...process.env, MANWIDTH: String(width), MANPAGER: 'cat', LC_ALL: 'C' };
        const { stdout, stderr } = await run('man', ['--warnings', '-l', file], { env });
        expect(stderr).toBe('');
        expect(stdout).toContain('-c, --connections, --clients number');
        expect(stdout).toContain('EXIT STATUS');
        expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
      }
    }),
  );

  it('has every command, each option once, and is ASCII', () => {
    for (const { name, options } of verbs) {
      expect(page).toContain(`.SS fdscope ${name.replaceAll('-', '\\-')}`);
      for (const { longs } of options.filter((option) => !option.longs.includes('--help')))
        for (const long of longs) expect(page).toContain(long.replaceAll('-', '\\-'));
    }
    expect(page).toMatch(/^[\n -~]*$/);
  });
});
