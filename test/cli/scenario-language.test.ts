/** What scenario files can say, as the command line runs it: phases that end, killed workers, sweeps, one's own by name. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../shared/run-result.ts';
import { runCli, withFolder, type Ran } from './command-line.ts';

const base = `version: 1
title: Tried
question: Does it?
watch: [it]
clients: [{ profile: closed }]
connections: 4
`;

async function runText(
  text: string,
): Promise<{ code: number | null; stderr: string; report: Record<string, unknown> }> {
  let ran: Ran | undefined;
  await withFolder(async (folder) => {
    const own = join(folder, 'fdscope/scenarios');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'mine.yaml'), base + text);
    ran = await runCli(['run', 'mine', '--json'], { XDG_DATA_HOME: folder });
  });
  if (!ran) throw new Error('nothing was run');
  const { code, stdout, stderr } = ran;
  return { code, stderr, report: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>) };
}

const fail = (): never => {
  throw new Error('there is no run');
};

describe('a scenario of one’s own, by name', () => {
  it('has phases that end, and kills a worker whose client meets the end of its connection', async () => {
    const { code, stderr, report } = await runText(`models: [blocking-fork]
durationSeconds: 4
phases:
  - { at: 0.5, for: 1, waitMs: 20, label: slow }
  - { at: 2, killWorker: true }
`);
    expect(stderr).not.toContain('refused');
    expect(code).toBe(0);
    const [{ moments, errors, requests } = fail()] = report.runs as RunResult[];
    expect(moments?.map(({ what, label }) => label ?? what)).toEqual([
      'slow',
      'end of slow',
      expect.stringMatching(/^worker process \d+ was killed$/),
    ]);
    expect(moments?.[1]?.what).toBe('upstream wait 0 ms a request');
    // One connection of four; the others go on.
    const met = Object.values(errors).reduce((sum, count) => sum + count, 0);
    expect(met).toBeGreaterThanOrEqual(1);
    expect(requests).toBeGreaterThan(20);
  });

  it('cannot kill a worker of a model that has none, and goes on', async () => {
    const { code, report } = await runText(
      'models: [epoll-lt]\ndurationSeconds: 2\nphases: [{ at: 0.5, killWorker: true }]\n',
    );
    expect(code).toBe(0);
    const [{ moments } = fail()] = report.runs as RunResult[];
    expect(moments?.[0]?.refused).toMatch(/^epoll-lt has no worker process .* blocking-fork has one/);
  });

  it('sweeps, and judges what its expectations say of single values', async () => {
    const { code, stderr, report } = await runText(`models: [epoll-lt]
durationSeconds: 1.5
sweep: { over: clients, values: [2, 30] }
expectations:
  - expect: peakConnections(epoll-lt, "clients=30") > 10 * peakConnections(epoll-lt, "clients=2")
    because: there are as many
    otherwise: somebody does not count
`);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { runs, conclusion } = report as { runs: RunResult[]; conclusion: { expectations: { held: boolean }[] } };
    expect(runs.map(({ variant, connections }) => [variant, connections])).toEqual([
      ['clients=2', 2],
      ['clients=30', 30],
    ]);
    expect(conclusion.expectations[0]?.held).toBe(true);
  });
});

describe('fdscope schema', () => {
  it('prints a JSON Schema', async () => {
    const { code, stdout } = await runCli(['schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: 'A scenario of fdscope', properties: { version: { const: 1 } } });
  });
});
