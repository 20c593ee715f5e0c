/** Figures by client profile: what a slow client gets is not what the others get. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunResult } from '../../shared/run-result.ts';
import { runCli, withFolder } from './command-line.ts';

beforeAll(() => runCli(['--version']));

interface Ran {
  readonly runs: readonly RunResult[];
  readonly held: readonly (boolean | null)[];
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs a scenario that is given as text. */
async function runText(text: string): Promise<Ran> {
  let ran: Ran | undefined;
  await withFolder(async (folder) => {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, text);
    const { stdout, stderr, code } = await runCli(['run', file, '--json']);
    const value = (stdout === '' ? { runs: [] } : JSON.parse(stdout)) as Partial<RunResult> & {
      runs?: RunResult[];
      conclusion?: { expectations: { held: boolean | null }[] };
    };
    const held = value.conclusion?.expectations.map((each) => each.held) ?? [];
    ran = { runs: value.runs ?? [value as RunResult], held, stderr, code };
  });
  if (!ran) throw new Error('it was not run');
  return ran;
}

const head = 'version: 1\ntitle: T\nquestion: Q?\nwatch: [W]\n';
const mixed = `${head}connections: 6
clients:
  - profile: churn
    thinkMs: 5
  - { profile: slow-writer, connections: 1, chunkBytes: 1, intervalMs: 20 }
durationSeconds: 1.5
models: [blocking-iterative, epoll-lt]
`;

describe('figures by profile', () => {
  it('add up to those of the whole, and expectations name them', async () => {
    const expectations = `expectations:
  - { expect: 'latencyP99(epoll-lt, slow-writer) > 3 * latencyP50(epoll-lt, churn)', because: b, otherwise: o }
  - { expect: 'requests(epoll-lt, churn) > 20 * requests(epoll-lt, slow-writer)', because: b, otherwise: o }
  - { expect: 'servedShare(epoll-lt, churn) >= 1 and errors(epoll-lt, churn) <= 0', because: b, otherwise: o }
`;
    const { runs, held } = await runText(mixed + expectations);
    expect(held).toEqual([true, true, true]);
    for (const { requests, requestsSent, latency, profiles, clientsAtEnd } of runs) {
      const all = Object.values(profiles);
      expect(Object.keys(profiles).sort()).toEqual(['churn', 'slow-writer']);
      const sum = (of: (each: (typeof all)[number]) => number): number =>
        all.reduce((total, each) => total + of(each), 0);
      expect(sum((each) => each.requests)).toBe(requests);
      expect(sum((each) => each.requestsSent)).toBe(requestsSent);
      expect(sum(({ latency: { corrected } }) => corrected.count)).toBe(latency.corrected.count);
      expect(Math.max(...all.map(({ latency: { corrected } }) => corrected.max))).toBe(latency.corrected.max);
      expect(sum((each) => each.clientsAtEnd?.asked ?? 0)).toBe(clientsAtEnd?.asked);
    }
    const [iterative] = runs;
    // The others stand behind the dribbler, whose replies are its own.
    expect(iterative?.profiles.churn?.latency.corrected.p50).toBeGreaterThan(100_000);
  });

  it.each([
    [
      'p99(epoll-lt, rate) > 1',
      'names the profile "rate", which the scenario does not have; its clients are churn, slow-writer',
    ],
    ['rss(epoll-lt, churn) > 1', 'asks for rss of one profile, and it is known of the whole only'],
  ])('that cannot be are refused: %s', async (expectation, sentence) => {
    const { code, stderr } = await runText(
      `${mixed}expectations:\n  - { expect: '${expectation}', because: b, otherwise: o }\n`,
    );
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});

describe('a client that waits for its connection', () => {
  it('has that in its latency, whether or not it gets through', async () => {
    const text = `${head}server: { workUs: 2000 }
connections: 100
clients: [{ profile: churn }]
load: { sourceAddresses: 10 }
warmupSeconds: 0
durationSeconds: 2.5
models: [{ model: blocking-iterative, options: { backlog: 1 } }]
`;
    const [run] = (await runText(text)).runs;
    // A SYN that found no room comes again a second later.
    expect(run?.latency.corrected.max).toBeGreaterThan(900_000);
    expect(run?.latency.corrected.max).toBeGreaterThanOrEqual(run?.latency.uncorrected.max ?? Infinity);
    expect(run?.requests).toBeGreaterThan(10);
  });
});
