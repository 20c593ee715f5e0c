/** `fdscope compare`: what other programs read, tables for people, and how it ends. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CompareReport } from '../../main/cli/series-report.ts';
import { noiseFigures } from '../../shared/machine-noise.ts';
import { root } from '../support/engines.ts';
import { isInstalled } from '../support/tools.ts';
import { hasClients, runCli, startCli, withFolder } from './command-line.ts';

const small = ['--clients', '4', '--seconds', '0.2', '--warmup', '0'];

beforeAll(() => runCli(['--version']));

describe('compare', () => {
  it('--json: every entry with its runs and figures, and its differences from the first', async () => {
    const args = ['compare', 'epoll-lt', 'blocking-pool:poolSize=4', '--repeats', '2', '--seed', '5', '--json'];
    const { code, stdout, stderr } = await runCli([...args, ...small]);
    expect([code, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout) as CompareReport;
    expect(result).toMatchObject({ seed: 5, repeats: 2, notRun: [], isCancelled: false });
    expect(result.entries.map(({ label, model }) => [label, model])).toEqual([
      ['epoll-lt', 'epoll-lt'],
      ['blocking-pool:poolSize=4', 'blocking-pool'],
    ]);
    for (const { runs, figures, latency } of result.entries) {
      expect(runs).toHaveLength(2);
      expect(figures.throughput?.median).toBeGreaterThan(0);
      expect(figures.throughput?.coverage).toBe(0.5);
      // Every reply is in the merged histogram; those of the last moments of the interval are, too.
      const made = runs.map((place) => (place === null ? undefined : result.runs[place]));
      const counted = made.reduce((sum, run) => sum + (run?.latency.corrected.count ?? 0), 0);
      expect(latency?.corrected.count).toBe(counted);
    }
    const [place] = result.entries[1]?.runs ?? [];
    expect(result.runs[place ?? -1]).toMatchObject({ options: { poolSize: 4 }, round: 1 });
    expect(result.runs).toHaveLength(4);
    expect(result.differences.every(({ against }) => against === 'epoll-lt')).toBe(true);
    expect(result.differences.some(({ verdict }) => verdict === 'more' || verdict === 'less')).toBe(false);
  });

  it('--report: one page with the medians, every run as a dot and in a table, and how to cite it', () =>
    withFolder(async (folder) => {
      const [html, json] = [join(folder, 'report.html'), join(folder, 'result.json')];
      const args = ['compare', 'epoll-lt', 'poll:work-us=5', '--repeats', '3', ...small, '--report', html, '-o', json];
      const { code, stderr } = await runCli(args);
      expect([code, stderr]).toEqual([0, '']);
      const text = readFileSync(html, 'utf8');
      const { entries, made } = JSON.parse(readFileSync(json, 'utf8')) as CompareReport;
      // It opens without a network, runs nothing, and tells nothing that nobody measured.
      expect(text).not.toMatch(/<script|https?:|src=|NaN|undefined|Infinity/);
      for (const { label, figures } of entries) {
        expect(text).toContain(label);
        const median = new Intl.NumberFormat('en').format(Math.round(figures.throughput?.median ?? NaN));
        expect(text).toContain(`>${median} (`);
      }
      const [throughput = ''] = text.slice(text.indexOf('<h3>Requests per second')).split('</figure>');
      expect(throughput.match(/<circle class="run model-epoll-lt"/g)).toHaveLength(3);
      expect(throughput.match(/<circle class="run model-poll"/g)).toHaveLength(3);
      const everyRun = text.slice(text.indexOf('<h2>Every run</h2>'), text.indexOf('<h2>What the figures are</h2>'));
      expect(everyRun.match(/<tr><th scope="row"/g)).toHaveLength(6);
      expect(everyRun).toContain('steal %');
      const day = made?.startedAt.slice(0, 10) ?? '';
      expect(text).toContain(`@misc{fdscope-${day.replaceAll('-', '')}-`);
      expect(text).toContain(`with fdscope ${made?.fdscope ?? 'no version'}`);
      const nowhere = await runCli([...args.slice(0, -4), '--report', join(folder, 'none', 'x.html')]);
      expect([nowhere.code, nowhere.stderr]).toEqual([
        2,
        `--report ${join(folder, 'none', 'x.html')} cannot be written: its folder does not exist.\n`,
      ]);
    }));

  it('for people: a column an entry; --csv: a line a figure', async () => {
    const args = ['compare', 'epoll-lt', 'poll', '--repeats', '1', ...small];
    const { stdout } = await runCli(args);
    expect(stdout).toMatch(/│ epoll-lt +│ +poll │|epoll-lt │ +poll │/);
    expect(stdout).toMatch(/requests\/s/);
    expect(stdout).toMatch(/Medians of 1 runs each, in random order \(seed \d+\)/);
    const csv = await runCli([...args, '--csv']);
    expect(csv.code).toBe(0);
    const lines = csv.stdout.trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^entry,model,figure,unit,median,low,high,coverage,runs,against,/);
    // What others took is told below the figures of each entry.
    expect(lines).toHaveLength(1 + 2 * (12 + noiseFigures.length));
    expect(lines.filter((line) => /^(epoll-lt|poll),\1,othersCpu,%,[\d.]+,/.test(line))).toHaveLength(2);
  });

  describe('an entry that cannot be run', () => {
    const args = [
      'compare',
      'epoll-lt',
      'external',
      '--command',
      'false',
      '--port',
      '8206',
      '--repeats',
      '2',
      ...small,
    ];
    const reason = 'The external server ended with exit code 1.';
    const timesIn = (text: string): number => text.split(reason).length - 1;

    it('has its reason once in a result that is kept as text, and once on stderr', async () => {
      const { code, stdout, stderr } = await runCli(args);
      expect([code, timesIn(stdout), timesIn(stderr)]).toEqual([3, 1, 1]);
      expect(stdout).toContain(`not run: external, in any round: ${stderr.trim()}`);
    });

    it('has it on stderr where the result is for programs', () =>
      withFolder(async (folder) => {
        const out = join(folder, 'result.json');
        const json = await runCli([...args, '--json', '--out', out]);
        expect([json.code, timesIn(json.stderr)]).toEqual([3, 1]);
        expect((JSON.parse(json.stdout) as CompareReport).notRun).toHaveLength(2);
        expect(readFileSync(out, 'utf8')).toBe(json.stdout);
        const csv = await runCli([...args, '--csv']);
        expect([csv.code, timesIn(csv.stdout), timesIn(csv.stderr)]).toEqual([3, 0, 1]);
      }));

    it('has it once on a terminal', ({ skip }) => {
      if (!isInstalled('script')) skip('there is no `script`, which makes a terminal');
      const line = [process.execPath, join(root, 'main/cli/bin.mjs'), ...args].map((word) => `'${word}'`).join(' ');
      // Its exit code is that of what it runs; both streams come out as one.
      const shown = spawnSync('script', ['-qec', line, '/dev/null'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, NO_COLOR: '1' },
      });
      expect([shown.status, timesIn(shown.stdout)]).toEqual([3, 1]);
      expect(shown.stdout).toContain('not run: external, in any round; the reason is below.');
    });
  });

  it('compares whatever differs: a model with itself, another cost, other clients', async () => {
    const subjects = ['epoll-lt', 'epoll-lt', 'epoll-lt:work-us=300', 'epoll-lt:connections=2,profile=churn'];
    const args = ['compare', ...subjects, '--repeats', '1', '--figures', 'throughput,cpuPerRequest', '--json'];
    const { code, stdout } = await runCli([...args, ...small]);
    expect(code).toBe(0);
    const { entries, differences, figures, runs: all } = JSON.parse(stdout) as CompareReport;
    expect(entries.map(({ label }) => label)).toEqual(['epoll-lt', 'epoll-lt (2)', ...subjects.slice(2)]);
    expect(figures).toEqual(['throughput', 'cpuPerRequest']);
    expect(differences).toHaveLength(3 * 2);
    const [own, , costly, few] = entries.map(({ runs }) => all[runs[0] ?? -1]);
    expect(costly?.cpuMicrosPerRequest).toBeGreaterThan(300);
    expect(own?.connections).toBe(4);
    expect(few?.connections).toBe(2);
    expect(few?.accepts).toBeGreaterThan(2);
  });

  it('takes the load and the models of a scenario', async () => {
    const args = ['compare', '--scenario', 'thundering-herd', '--repeats', '1', '--seconds', '0.2', '--json'];
    const { code, stdout } = await runCli(args);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as CompareReport;
    expect(result.entries.map(({ label }) => label)).toEqual(['herd', 'exclusive', 'epoll-reactors']);
    expect(result.runs[result.entries[0]?.runs[0] ?? -1]).toMatchObject({
      connections: 1,
      options: { exclusive: false },
    });
  });

  it('Ctrl-C keeps what is done: the result on stdout, exit code 130', async () => {
    const args = ['compare', 'epoll-lt', 'poll', '--repeats', '50', '--clients', '2', '--seconds', '0.3', '--json'];
    const started = startCli(args);
    await expect.poll(() => hasClients(started.pid), { timeout: 60_000 }).toBe(true);
    started.kill('SIGINT');
    const { code, stdout, stderr } = await started.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/cancelled/);
    const result = JSON.parse(stdout) as CompareReport;
    expect(result.isCancelled).toBe(true);
    expect(result.entries.flatMap(({ runs }) => runs).length).toBeLessThan(100);
  });

  it.each([
    [['epoll-lt'], 2, 'at least two'],
    [['epoll-lt', 'poll', '--figures', 'p98'], 2, '--figures cannot compare "p98"'],
    [['epoll-lt', 'poll', '--limit', '20'], 2, '--limit goes with --until-resolved'],
    [['epoll-lt', 'poll:work-us=x'], 2, 'work-us takes a time'],
    [['epoll-lt', 'pol'], 2, 'did you mean "poll"'],
    [['epoll-lt', 'poll:batch'], 2, 'name=value'],
    [['epoll-lt', 'poll', '--repeats', '0'], 2, 'Repeats must be a whole number'],
    [['epoll-lt', 'poll', '--seed', '-1'], 2, '--seed must be'],
    [['epoll-lt', 'poll', '--json', '--csv'], 2, '--json and --csv'],
    [['--scenario', 'idle-thousands', '--variant', 'x'], 2, 'no variant "x"; it has "900 idle"'],
  ])('%j is refused in a sentence', async (args, code, sentence) => {
    const ran = await runCli(['compare', ...args]);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(sentence);
  });
});
