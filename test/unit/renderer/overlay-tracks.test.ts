/** The charts of two sessions over each other. */
import { describe, expect, it } from 'vitest';
import { overlayTracks } from '../../../renderer/screens/sessions/overlay-tracks.ts';
import { overviewSchema, type Overview } from '../../../shared/session/overview.ts';

const latency = { p50: 50, p90: 60, p99: 70, p999: 80, max: 90, mean: 50, count: 300 };
const seconds = [100, 100, 100];
const ofClients = { clientRequests: seconds, latencyCount: seconds, p50Ns: seconds, p99Ns: seconds };
const ofServer = {
  ...{ serverRequests: seconds, serverCpuNs: [1e8, 1e8, 1e8], voluntarySwitches: seconds, syscalls: [0, 0, 0] },
  rssBytes: [1e6, 1e6, 1e6],
};
const overviewOf = (columns: object): Overview =>
  overviewSchema.parse({
    ...{ startedNs: 0, endedNs: 3e9, syscalls: {}, lostFrames: 0, moments: [] },
    ...{ latency: { corrected: latency, uncorrected: latency }, columns },
  });

describe('two sessions over each other', () => {
  it('no call was counted of a server that was watched from outside, whose CPU and switches are known', () => {
    const moments = [{ timeNs: 0, source: 'server', kind: 'model', name: 'external' }];
    const outside = overviewSchema.parse({
      ...overviewOf({ ...ofClients, ...ofServer, serverRequests: [0, 0, 0] }),
      moments,
    });
    const side = { label: 'nginx', startNs: 0, overview: outside };
    const whole = Object.fromEntries(
      overlayTracks(side, side).map((track) => [track.id, track.statistics(0, 3e9)[0]?.value]),
    );
    expect(whole).toMatchObject({ throughput: '100/s', cpu: '10%', switches: '100/s', syscalls: '–' });
  });

  it('figures of a server that nobody looked into are unknown, and those of one that made no call are 0', () => {
    const a = { label: 'mine', startNs: 0, overview: overviewOf(ofClients) };
    const b = { label: 'epoll-lt', startNs: 0, overview: overviewOf({ ...ofClients, ...ofServer }) };
    const whole = Object.fromEntries(
      overlayTracks(a, b).map((track) => [track.id, track.statistics(0, 3e9).map(({ value }) => value)]),
    );
    expect(whole.throughput).toEqual(['100/s', '100/s']);
    expect(whole.cpu).toEqual(['–', '10%']);
    expect(whole.switches).toEqual(['–', '100/s']);
    expect(whole.syscalls).toEqual(['–', '0/s']);
  });
});
