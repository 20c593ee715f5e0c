import { describe, expect, it } from 'vitest';
import { noiseOf, steadinessOf, type ComparedFile } from '../../main/lab/compare/session-files.ts';
import { overviewSchema, type Overview } from '../../shared/session/overview.ts';

const startedNs = 1e12;
const summary = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0, mean: 0, count: 0 };
const overviewOf = (requests: readonly number[], marks: readonly (readonly [string, number])[] = []): Overview =>
  overviewSchema.parse({
    ...{ startedNs, endedNs: startedNs + requests.length * 1e9, syscalls: {}, lostFrames: 0 },
    latency: { corrected: summary, uncorrected: summary },
    columns: { clientRequests: requests, serverRequests: requests, serverCpuNs: requests.map((each) => each * 7000) },
    moments: marks.map(([name, seconds]) => ({
      ...{ kind: 'mark', source: 'clients', name, timeNs: startedNs + seconds * 1e9 },
    })),
  });
const fileOf = (requests: readonly number[]): ComparedFile => ({
  ...{ file: 'x.fdscope', name: 'x', models: [], steadiness: steadinessOf(overviewOf(requests)) },
});

describe('two session files', () => {
  it('are judged by the seconds in which the clients measured', () => {
    const [rate, cost] = steadinessOf(
      overviewOf(
        [5, 100, 120, 110, 3],
        [
          ['steady', 0.9],
          ['loadDone', 4.1],
        ],
      ),
    );
    expect(rate).toMatchObject({ seconds: 3, least: 100, median: 110, most: 120 });
    expect(cost).toMatchObject({ measure: 'cpuUsPerRequest', seconds: 3, least: 7, most: 7 });
  });

  it('have all their seconds where no interval is marked, and none where nothing is whole', () => {
    expect(steadinessOf(overviewOf([5, 100]))[0]).toMatchObject({ seconds: 2, least: 5 });
    expect(
      steadinessOf(
        overviewOf(
          [5, 100],
          [
            ['steady', 0.5],
            ['loadDone', 1.5],
          ],
        ),
      ),
    ).toEqual([]);
  });

  it('never say that a difference is more than noise', () => {
    const apart = noiseOf(fileOf([100, 110]), fileOf([200, 220]));
    expect(apart[0]).toBe(
      'requests per second: A 100 to 110 in 2 seconds, B 200 to 220 in 2 seconds: no second of one is like one of the other, in these two runs.',
    );
    expect(noiseOf(fileOf([100, 210]), fileOf([200, 220]))[0]).toContain('do not show a difference');
    expect(apart.at(-1)).toContain('cannot tell a difference from noise');
  });
});
