/** `fdscope sweep`: curves for programs and people, refused points, and going on after Ctrl-C. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readSweep, writeSweep } from '../../main/lab/sweep/resume-file.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import type { SweepReport } from '../../main/cli/series-report.ts';
import { hasClients, runCli, startCli, withFolder } from './command-line.ts';

const small = ['--seconds', '0.3', '--warmup', '0'];

beforeAll(() => runCli(['--version']));

describe('sweep', () => {
  it('--json: a point for each value and model, refused ones with their reason', async () => {
    const args = ['sweep', 'epoll-lt', 'blocking-pool', '--over', 'threads=2', '--clients', '4', '--json', ...small];
    const { code, stdout, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([0, '']);
    const { points, axis, runs } = JSON.parse(stdout) as SweepReport;
    expect(axis).toBe('threads');
    expect(points.map(({ label, status }) => [label, status])).toEqual([
      ['epoll-lt', 'refused'],
      ['blocking-pool', 'done'],
    ]);
    expect(points[0]).toMatchObject({
      figures: null,
      reason: expect.stringContaining('given by what it is') as string,
    });
    expect(runs[points[1]?.runs[0] ?? -1]?.options).toMatchObject({ poolSize: 2 });
    expect(points[1]?.figures?.throughput?.median).toBeGreaterThan(0);
  });

  it('--report: curves with the runs of each point, and why a point was refused', () =>
    withFolder(async (folder) => {
      const html = join(folder, 'report.html');
      const over = ['sweep', 'blocking-pool', 'epoll-lt', '--over', 'threads=2,3', '--clients', '4', '-r', '2'];
      const { code, stderr } = await runCli([...over, '--report', html, ...small]);
      expect([code, stderr]).toEqual([0, '']);
      const text = readFileSync(html, 'utf8');
      expect(text).not.toMatch(/<script|https?:|src=|NaN|undefined|Infinity/);
      const [throughput = ''] = text.slice(text.indexOf('<h3>Requests per second')).split('</figure>');
      expect(throughput.match(/<circle class="run model-blocking-pool"/g)).toHaveLength(4);
      expect(throughput).toContain('>threads of the model</text>');
      expect(text).toContain('epoll-lt at 2: refused.');
      expect(text).toContain('@misc{fdscope-');
    }));

  it('--csv: a line a point', async () => {
    const { stdout } = await runCli(['sweep', 'epoll-lt', '--over', 'clients=4,5', '--csv', ...small]);
    const lines = stdout.trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^clients,label,model,status,reason,throughput \(requests\/s\),/);
    expect(lines[1]).toMatch(/^4,epoll-lt,epoll-lt,done,,\d/);
    expect(lines).toHaveLength(3);
  });

  it('Ctrl-C keeps what is done in a file, and --resume goes on with it', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'mine.json');
      const run = runSettingsSchema.parse({
        ...{ server: { model: 'epoll-lt' }, clients: [{ profile: 'closed' }], durationSeconds: 30, warmupSeconds: 0 },
      });
      const plan = { axis: 'clients', values: [2, 3], entries: [{ settings: run }], repeats: 1 } as const;
      writeSweep(file, { plan, records: [] });
      const started = startCli(['sweep', '--resume', file]);
      await expect.poll(() => hasClients(started.pid), { timeout: 60_000 }).toBe(true);
      started.kill('SIGINT');
      const cancelled = await started.ended;
      expect(cancelled.code).toBe(130);
      expect(cancelled.stderr).toBe(
        `The sweep was cancelled with 2 of 2 points not run; \`fdscope sweep --resume ${file}\` goes on with it.\n`,
      );
      const stored = readSweep(file);
      const shorter = [{ settings: { ...run, durationSeconds: 0.5 } }];
      writeSweep(file, { ...stored, plan: { ...stored.plan, entries: shorter } });
      const { code, stdout } = await runCli(['sweep', '--resume', file, '--json']);
      expect(code).toBe(0);
      expect((JSON.parse(stdout) as SweepReport).points.map(({ status }) => status)).toEqual(['done', 'done']);
      expect(readSweep(file).records).toHaveLength(2);
      expect(existsSync(file)).toBe(true);
    }));

  it.each([
    [['epoll-lt'], 'Say what to vary'],
    [['--over', 'clients=1'], 'at least one model'],
    [['epoll-lt', '--over', 'clients=0'], 'A value of clients must be at least 1, not 0.'],
    [['epoll-lt', '--over', 'cleints=1'], 'did you mean "clients"'],
    [['epoll-lt', '--resume', 'x.json'], '--resume goes on with a sweep as it was begun'],
    [['--resume', '/no/such.json'], 'There is no file /no/such.json'],
  ])('%j is refused in a sentence', async (args, sentence) => {
    const ran = await runCli(['sweep', ...args]);
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).toContain(sentence);
  });

  it('a file with a command needs leave to start it', () =>
    withFolder(async (folder) => {
      const file = join(folder, 'theirs.json');
      const server = { model: 'external', command: 'touch ran', port: 9 };
      const run = runSettingsSchema.parse({ server, clients: [{ profile: 'closed' }] });
      const plan = { axis: 'clients', values: [2], repeats: 1, entries: [{ settings: run }] };
      writeFileSync(file, JSON.stringify({ kind: 'fdscope sweep', version: 1, plan, records: [] }));
      const { code, stderr } = await runCli(['sweep', '--resume', file]);
      expect(code).toBe(2);
      expect(stderr).toContain('--allow-commands');
    }));
});
