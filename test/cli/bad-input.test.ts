/** Bad input: exit code 2 (3 for a model that is not here), one plain sentence on stderr, nothing on stdout. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, withFolder } from './command-line.ts';

const refused: [string, string][] = [
  ['run', 'Say what to run: a scenario, such as quick-tour, or a model with --model.'],
  ['run quick-tuor', 'There is no scenario "quick-tuor"; did you mean "quick-tour"?'],
  ['run ./no-such-file.yaml', 'There is no file ./no-such-file.yaml.'],
  ['run --model epoll-lt --port 70000', '--port must be at most 65535, not 70000.'],
  [
    'run --model epoll-lt --duration x',
    '--duration takes a time in seconds or with a unit, such as 500ms, 2s or 1m30s, not "x".',
  ],
  ['run -m epoll-lt -d 2kg', '-d takes a time in seconds or with a unit, such as 500ms, 2s or 1m30s, not "2kg".'],
  ['run -m epoll-lt --clients 10KiB', '--clients takes a number, such as 100, 10k or 1M, not "10KiB".'],
  ['run -m epoll-lt -c 0', '-c must be at least 1, not 0.'],
  ['run -m epoll-lt --seconds 0', '--seconds must be at least 0.1, not 0.'],
  ['run -m epoll-lt -c', "Option '-c <number>' argument missing."],
  [
    'load -T 127.0.0.1:1 -P http --timeout 1GB',
    '--timeout takes a time in milliseconds or with a unit, such as 250us, 5ms or 2s, not "1GB".',
  ],
  [
    'sweep epoll-lt --over size=1s',
    'A sweep over size takes a size in bytes or with a unit, such as 512, 64KiB or 1MB, not "1s".',
  ],
  ['run --model epoll-lt --duration 0', '--duration must be at least 0.1, not 0.'],
  ['run --model epoll-lt --duratoin 1', "Unknown option '--duratoin'. Did you mean --duration?"],
  [
    'run --model epoll-lt --protocol htpp',
    '--protocol must be one of http, echo, resp, not "htpp"; did you mean "http"?',
  ],
  ['run --model epoll-lt --connections 0', '--connections must be at least 1, not 0.'],
  ['run --model epoll-lt --connections 1.5', '--connections must be a whole number, not 1.5.'],
  [
    'run head-of-line --connections 1 --rate 5',
    '--rate needs a scenario with one client of the profile closed or rate; --profile replaces all its clients.',
  ],
  ['run --model epoll-lt --rate 100 --profile closed', '--rate goes with --profile rate, not with --profile closed.'],
  ['run --model epoll-lt --profile rate', '--rate is missing.'],
  ['run --model epoll-lt --profile churn --pipeline 3', '--pipeline does not go with the profile of the clients.'],
  ['run --model epoll-lt --threads 3', '--threads does not apply to epoll-lt, whose threads are given by what it is.'],
  [
    'run --model blocking-pool --option poolsize=3',
    'The model blocking-pool has no option "poolsize"; did you mean "poolSize"?',
  ],
  [
    'run --model blocking-pool --threads 9999',
    'The option poolSize of blocking-pool must be a whole number from 1 to 1024, not "9999".',
  ],
  [
    'run --model epoll-lt --switch 2:poll',
    '--switch takes times and models, such as 2s:epoll-lt,4s:io_uring: "2:poll" is not of that form.',
  ],
  [
    'run --model epoll-lt --switch 1s:pol',
    '--switch takes times and models, such as 2s:epoll-lt,4s:io_uring: there is no model "pol"; did you mean "poll"?',
  ],
  [
    'run --model epoll-lt --seconds 2 --switch 1s:poll,2s:select',
    '--switch at 2 s comes after the run has ended, which takes 2 s; --seconds makes it longer.',
  ],
  ['run --model epoll-lt --option batch', '--option takes name=value, not "batch".'],
  [
    'run --model epoll-lt --out /no/such/folder/file',
    '--out /no/such/folder/file cannot be written: its folder does not exist.',
  ],
  ['run --model epoll-lt --out /tmp', '--out /tmp cannot be written: it is a folder.'],
  ['serve', "Required option '--model <id>' not specified."],
  [
    'serve --model epoll-lt --host 0.0.0.0',
    '--host 0.0.0.0 can be reached by other machines; add --expose-to-network if they shall reach it.',
  ],
  ['serve --model epoll-lt --handler forward', '--handler forward needs --upstream <host:port>: the server behind it.'],
  ['serve --model epoll-lt --duration 1e9', '--duration must be at most 86400, not 1000000000.'],
  [
    'load --target 10.0.0.1:80 --protocol http',
    '--target 10.0.0.1:80 is not on this machine; add --allow-remote-target where its owner agrees to the load.',
  ],
  [
    'load --target nonsense --protocol http',
    '--target must be a numeric address with a port, such as 127.0.0.1:8080 or [::1]:8080, not "nonsense".',
  ],
  ['frobnicate', "Unknown command 'frobnicate'."],
];

describe('bad input', () => {
  it.concurrent.each(refused)('fdscope %s', async (line, sentence) => {
    expect(await runCli(line.split(' '))).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` });
  });

  it('a model that does not exist is told with the nearest that does', async () => {
    const { code, stdout, stderr } = await runCli(['run', 'quick-tour', '--model', 'epol-lt', '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^--model must be one of .*, not "epol-lt"; did you mean "epoll-lt"\?\n$/);
  });

  it('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const { code, stdout, stderr } = await runCli(['serve', '--model', 'epoll-lt', '--port', String(port)]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(new RegExp(`^[A-Z][^\\n]*\\b${port}\\b[^\\n]* in use[^\\n]*\\.\\n$`));
    } finally {
      server.close();
    }
  });

  it('a scenario file: every mistake with its file and line', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'mine.yaml');
      writeFileSync(
        file,
        'version: 1\ntitle: Mine\nquestion: Why?\nwatch: [this]\nconnections: many\nclients:\n  - profile: closd\nmodles: [poll]\nmodels: [poll]\n',
      );
      const { code, stdout, stderr } = await runCli(['run', file]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.split('\n')).toEqual([
        `${file}:5:14: "connections" must be a number, not "many".`,
        expect.stringMatching(/mine\.yaml:7:14: .*"closd"; did you mean "closed"\?$/) as string,
        expect.stringMatching(/mine\.yaml:8:1: There is no key "modles"; did you mean "models"\?$/) as string,
        '',
      ]);
    }));

  it('text that is not YAML', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'broken.yaml');
      writeFileSync(file, 'version: 1\ntitle: "open\n');
      const { code, stdout, stderr } = await runCli(['run', file]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^\S+broken\.yaml:\d+:\d+: This is not YAML: .*\.\n$/);
    }));
});

describe('a model that is not available here', () => {
  // An engine that has but one model, and that one unavailable.
  const engineWithout = `#!/bin/sh
echo '[{"id":"io_uring","summary":"s","family":"asynchronous","execution":"event-loop","sourceFile":"f","options":[],"available":false,"reason":"io_uring_setup is refused (EPERM).","enable":"sudo sysctl kernel.io_uring_disabled=0"}]'
`;

  it('gives exit code 3 and says what would enable it', () =>
    withFolder(async (folder) => {
      const engine = join(folder, 'engine');
      writeFileSync(engine, engineWithout);
      chmodSync(engine, 0o755);
      for (const command of ['run', 'serve']) {
        const ran = await runCli([command, '--model', 'io_uring', '--out', join(folder, 'out')], {
          FDSCOPE_ENGINE: engine,
        });
        expect(ran).toEqual({
          code: 3,
          stdout: '',
          stderr:
            'The model io_uring is not available here: io_uring_setup is refused (EPERM); to enable it: sudo sysctl kernel.io_uring_disabled=0.\n',
        });
      }
      expect(existsSync(join(folder, 'out'))).toBe(false);
    }));

  it('an engine that is missing is a failure: exit code 1', async () => {
    const ran = await runCli(['models'], { FDSCOPE_ENGINE: '/no/such/engine' });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toBe('FDSCOPE_ENGINE names /no/such/engine, but there is no such file.\n');
  });
});
