/** Places for real: hosts of network namespaces, OpenSSH between them, nginx as an independent count. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlaceResult } from '../../shared/run-result.ts';
import { makePlaceNetwork, nginxOn, until, whyNoPlaceNetwork, type PlaceNetwork } from '../support/place-network.ts';
import { runCli, startCli, withFolder, type Ran } from './command-line.ts';

const whyNot = whyNoPlaceNetwork();
const limitMs = 240_000;

type ClientPlace = Extract<PlaceResult, { role: 'clients' }>;
interface Result {
  readonly requests: number;
  readonly requestsSent: number;
  readonly latency: { readonly corrected: { readonly count: number } };
  readonly notices: readonly { readonly code: string; readonly text: string }[];
  readonly places: readonly PlaceResult[];
}
const onlyResult = ({ stdout, stderr }: Ran): Result => {
  expect(stdout, stderr).not.toBe('');
  return (JSON.parse(stdout) as { runs: [Result] }).runs[0];
};
const clientsOf = ({ places }: Result): ClientPlace[] => places.filter((each) => each.role === 'clients');
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('without a network', () => {
  it(
    'refuses what places.yaml does not have, in a sentence',
    () =>
      withFolder(async (folder) => {
        const file = join(folder, 'places.yaml');
        writeFileSync(file, 'version: 1\nplaces:\n  lab1: { kind: netns, nam: x }\n');
        const wrong = await runCli(['places', '--places', file]);
        expect(wrong.code).toBe(2);
        expect(wrong.stderr).toMatch(/places\.yaml:3:\d+: .*nam/);
        writeFileSync(file, `version: 1\nplaces:\n  lab1: { kind: command, argv: [env], cache: "${folder}/cache" }\n`);
        const args = ['run', '-m', 'epoll-lt', '-d', '0.2', '--places', file];
        const missing = await runCli([...args, '--clients-on', 'lab2', '--yes']);
        expect(missing).toMatchObject({ code: 2 });
        expect(missing.stderr).toContain('There is no place "lab2"');
        expect(missing.stderr).toContain('did you mean "lab1"?');
        const unasked = await runCli([...args, '--clients-on', 'lab1', '-c', '3']);
        expect(unasked).toMatchObject({ code: 2 });
        expect(unasked.stderr).toContain('lab1 (env) sends to the server at local (loopback): 3 connections');
        expect(unasked.stderr).toContain('add --yes');
        const without = await runCli([...args, '--clients-on', 'lab1', '--yes']);
        expect(without).toMatchObject({ code: 2 });
        expect(without.stderr).toContain('give the place local an "address"');
        const many = await runCli([...args, '--clients-on', 'lab1', '-c', '1001', '--yes']);
        expect(many).toMatchObject({ code: 2 });
        expect(many.stderr).toContain('its limit is 1000');
        expect(await runCli(['run', '-m', 'poll', '--places', file])).toMatchObject({ code: 2 });
      }),
    limitMs,
  );

  it(
    'runs both at one place, over loopback',
    () =>
      withFolder(async (folder) => {
        const file = join(folder, 'places.yaml');
        const cache = join(folder, 'cache');
        writeFileSync(file, `version: 1\nplaces:\n  lab1: { kind: command, argv: [env], cache: "${cache}" }\n`);
        const args = ['run', '-m', 'poll', '-c', '4', '-d', '1', '--places', file, '--server-on', 'lab1'];
        const result = onlyResult(await runCli([...args, '--clients-on', 'lab1', '--yes', '--json']));
        expect(result.places.map(({ name, role }) => [name, role])).toEqual([
          ['lab1', 'server'],
          ['lab1', 'clients'],
        ]);
        expect(result.requests).toBeGreaterThan(0);
      }),
    limitMs,
  );
});

describe.skipIf(whyNot !== undefined)(`with other hosts${whyNot === undefined ? '' : ` (skipped: ${whyNot})`}`, () => {
  let network: PlaceNetwork;
  let file: string;

  beforeAll(async () => {
    network = await makePlaceNetwork();
    file = join(network.folder, 'places.yaml');
    const ssh = (name: string, host: string, more = ''): string =>
      `  ${name}: { kind: ssh, host: ${host}, config: ${network.sshConfig}, cache: ${network.cache}${more} }\n`;
    const later = `[unshare, --time, --monotonic, "86400", --fork, --kill-child, --]`;
    writeFileSync(
      file,
      `version: 1\nplaces:\n${ssh('srv', 'srv', `, address: ${network.address('srv')}`)}${ssh('c1', 'c1')}${ssh('c2', 'c2')}${ssh('c3', 'c3', ', weight: 2')}`,
    );
    const faulty = ['unknown-key', 'wrong-key', 'no-sshd'].map((name) => ssh(name, name)).join('');
    const gone = '  gone: { kind: command, argv: [/nowhere/program] }\n';
    writeFileSync(join(network.folder, 'faulty.yaml'), `version: 1\nplaces:\n${faulty}${gone}`);
    writeFileSync(
      join(network.folder, 'later.yaml'),
      `version: 1\nplaces:\n  now: { kind: command, argv: [env], cache: ${network.cache} }\n  later: { kind: command, argv: ${later}, cache: ${network.cache} }\n`,
    );
  }, limitMs);
  afterAll(() => network.close(), limitMs);

  const cli = (...args: string[]): Promise<Ran> => startCli(args, {}, network.by('lab')).ended;
  const nothingRuns = (): Promise<void> =>
    until('no engine is left', () => ['srv', 'c1', 'c2', 'c3'].every((host) => network.enginesOn(host).length === 0));

  it(
    'are found over ssh, and the engine is brought there once',
    async () => {
      const check = async (): Promise<{ name: string; engine: string; isReached: boolean }[]> => {
        const { stdout, stderr } = await cli('places', '--places', file, '--json');
        expect(stdout, stderr).not.toBe('');
        return (JSON.parse(stdout) as { places: { name: string; engine: string; isReached: boolean }[] }).places;
      };
      const first = await check();
      expect(first.map(({ name, isReached }) => [name, isReached])).toEqual(
        ['local', 'srv', 'c1', 'c2', 'c3'].map((name) => [name, true]),
      );
      // All share one cache here, so whoever was first brought it.
      expect(first.map(({ engine }) => engine)).toContain('copied now');
      expect((await check()).slice(1).map(({ engine }) => engine)).toEqual(Array(4).fill('in its cache'));
      await nothingRuns();
    },
    limitMs,
  );

  it(
    'run a server and three clients, whose sums are the whole',
    async () => {
      const args = ['run', '-m', 'epoll-lt', '-c', '8', '-R', '200', '-d', '2', '--places', file, '--yes', '--json'];
      const result = onlyResult(await cli(...args, '--server-on', 'srv', '--clients-on', 'c1,c2,c3'));
      const clients = clientsOf(result);
      expect(clients.map(({ name, connections }) => [name, connections])).toEqual([
        ['c1', 2],
        ['c2', 2],
        ['c3', 4],
      ]);
      expect(result.requests).toBeGreaterThan(0);
      expect(sum(clients.map(({ requests }) => requests))).toBe(result.requests);
      expect(sum(clients.map(({ requestsSent }) => requestsSent))).toBe(result.requestsSent);
      expect(sum(clients.map(({ latency }) => latency.corrected.count))).toBe(result.latency.corrected.count);
      await nothingRuns();
    },
    limitMs,
  );

  it(
    'ask a server of somebody’s own as often as that counts',
    async () => {
      const nginx = await nginxOn(network, 'srv', 8080);
      const args = ['load', '-T', nginx.target, '-P', 'http', '--allow-remote-target', '-c', '8', '-d', '60'];
      const ran = await cli(
        ...args,
        '--requests',
        '2000',
        '--places',
        file,
        '--clients-on',
        'c1,c2,c3',
        '--yes',
        '--json',
      );
      const asked = await nginx.stop();
      const result = onlyResult(ran);
      expect(result.requests).toBe(2000);
      expect(asked).toHaveLength(2000);
      for (const { name, requests, whole } of clientsOf(result)) {
        const counted = asked.filter((line) => line.startsWith(`${network.address(name)} 200`)).length;
        expect(counted).toBe(requests);
        expect(whole.requests).toBe(requests);
        expect(counted).toBe(name === 'c3' ? 1000 : 500);
      }
    },
    limitMs,
  );

  it(
    'say why they cannot be used',
    async () => {
      const { code, stdout } = await cli('places', '--places', join(network.folder, 'faulty.yaml'), '--json');
      expect(code).toBe(1);
      const { places } = JSON.parse(stdout) as { places: { name: string; sentence?: string }[] };
      const told = Object.fromEntries(places.map(({ name, sentence }) => [name, sentence]));
      expect(told['unknown-key']).toContain(
        'its host key is not known here. Log in once by hand with `ssh unknown-key`',
      );
      expect(told['wrong-key']).toContain('it takes none of your keys, and fdscope never asks for a password');
      expect(told['no-sshd']).toContain('connection refused');
      expect(told.gone).toContain('there is no program /nowhere/program here');
    },
    limitMs,
  );

  it(
    'tell a refusal from silence, within seconds',
    async () => {
      const load = (target: string): Promise<Ran> =>
        cli(
          ...['load', '-T', target, '-P', 'http', '--allow-remote-target', '-d', '1', '-c', '1', '--yes'],
          ...['--places', file, '--clients-on', 'c1'],
        );
      const refused = await load(`${network.address('srv')}:9`);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('was refused: nothing listens there');
      // Somebody who has this address by word, and never answers.
      const silent = '10.77.0.99';
      const [program = '', ...by] = network.by('c1');
      const { execFileSync } = await import('node:child_process');
      execFileSync(program, [...by, 'ip', 'neighbour', 'add', silent, 'lladdr', '02:00:00:00:00:99', 'dev', 'eth0']);
      const dropped = await load(`${silent}:80`);
      expect(dropped.code).toBe(1);
      expect(dropped.stderr).toContain('was not answered within 3 s');
    },
    limitMs,
  );

  it(
    'go on without one that is cut off, which ends by itself',
    async () => {
      const nginx = await nginxOn(network, 'srv', 8081);
      const log = join(network.folder, 'latency.hlog');
      const args = [
        'load',
        '-T',
        nginx.target,
        '-P',
        'http',
        '--allow-remote-target',
        '-c',
        '6',
        '-R',
        '60',
        '-d',
        '16',
      ];
      const places = ['--places', file, '--clients-on', 'c1,c2,c3', '--yes', '--json', '--latency-log', log];
      const started = startCli([...args, ...places], {}, network.by('lab'));
      // A line of the log is of the measured interval.
      await until('the run is measured', () => existsSync(log) && readFileSync(log, 'utf8').includes('HIST'));
      const [program = '', ...by] = network.by('c3');
      const { execFileSync } = await import('node:child_process');
      execFileSync(program, [...by, 'ip', 'link', 'set', 'eth0', 'down']);
      try {
        const result = onlyResult(await started.ended);
        const [c1, c2, c3] = clientsOf(result);
        expect(c3?.lost?.atSeconds).toBeGreaterThan(0);
        expect(c1?.lost).toBeUndefined();
        expect(c2?.lost).toBeUndefined();
        expect(sum(clientsOf(result).map(({ requests }) => requests))).toBe(result.requests);
        const notice = result.notices.find(({ code }) => code === 'placeLost');
        expect(notice?.text).toMatch(/^The client place c3 was lost after [\d.]+ s: its 3 connections count up to/);
        await until('the engine that is cut off ends', () => network.enginesOn('c3').length === 0);
      } finally {
        execFileSync(program, [...by, 'ip', 'link', 'set', 'eth0', 'up']);
        await nginx.stop();
      }
      await nothingRuns();
    },
    limitMs,
  );

  it(
    'leave nothing behind when the lab is killed',
    async () => {
      const args = ['run', '-m', 'epoll-lt', '-c', '3', '-R', '30', '-d', '60', '--places', file, '--yes'];
      const started = startCli([...args, '--server-on', 'srv', '--clients-on', 'c1,c2,c3'], {}, network.by('lab'));
      const engines = (host: string): number => network.enginesOn(host).length;
      await until('all run', () => engines('srv') >= 2 && ['c1', 'c2', 'c3'].every((host) => engines(host) >= 2));
      started.kill('SIGKILL');
      await started.ended;
      await nothingRuns();
    },
    limitMs,
  );

  it(
    'have clocks of their own, known within a bound',
    async () => {
      const later = join(network.folder, 'later.yaml');
      const { stdout } = await cli('places', '--places', later, '--json');
      const { places } = JSON.parse(stdout) as {
        places: { name: string; sentence?: string; clock?: { offsetNs: number; boundNs: number } }[];
      };
      const day = 86_400e9;
      for (const { name, clock, sentence } of places) {
        expect(sentence).toBeUndefined();
        const truth = name === 'later' ? day : 0;
        expect(Math.abs((clock?.offsetNs ?? NaN) - truth)).toBeLessThanOrEqual(clock?.boundNs ?? NaN);
        expect(clock?.boundNs).toBeLessThan(1e9);
      }
      const target = ['--server-on', 'now', '--clients-on', 'now,later', '-c', '4', '-R', '100', '-d', '1'];
      writeFileSync(later, readFileSync(later, 'utf8').replace('argv: [env]', 'argv: [env], address: 127.0.0.1'));
      const result = onlyResult(await cli('run', '-m', 'epoll-lt', ...target, '--places', later, '--yes', '--json'));
      const clients = clientsOf(result);
      expect(Math.abs((clients[1]?.clock.offsetNs ?? NaN) - day)).toBeLessThanOrEqual(clients[1]?.clock.boundNs ?? NaN);
      // Both measure at one moment, whatever their clocks say: the whole takes no longer than each.
      for (const { requests } of clients) expect(requests).toBeGreaterThan(0);
      expect(sum(clients.map(({ requests }) => requests))).toBe(result.requests);
    },
    limitMs,
  );
});
