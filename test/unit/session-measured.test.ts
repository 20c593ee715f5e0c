/** The figures of a session are those of the time that was measured, and say so. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { infoText } from '../../main/cli/commands/info.ts';
import { sessionsReportHtml } from '../../main/lab/report/sessions-report.ts';
import { detailsOf } from '../../main/lab/sessions/card.ts';
import { compareSessions, type Difference } from '../../shared/session/compare.ts';
import { figuresOf, wholeFigures } from '../../shared/session/figures.ts';
import type { SessionFrame } from '../../shared/session/format.ts';
import { encodeJson, encodeLatency } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { recordFrames } from './export-support.ts';
import { latencyBytes, smallRun, startNs } from './session-frames.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-measured-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (seconds: number): number => startNs + seconds * 1e9;
const json = (kind: 'mark' | 'machine', source: 'clients' | 'lab', seconds: number, value: object): SessionFrame => ({
  ...{ source, kind: frameKinds[kind], receivedNs: at(seconds) },
  payload: encodeJson(frameKinds[kind], { ...value, timeNs: at(seconds) }).subarray(frameHeaderBytes),
});
const counts = (replies: number, answered: number): object => ({
  ...{ sent: replies + 1, replies, errors: 2, bytesIn: replies * 128, bytesOut: replies * 90 },
  clients: { asked: 4, answered, waiting: 0, connecting: 0, unsent: 0, oldestNs: 0 },
});
const noise = (seconds: number, othersShare: number): SessionFrame =>
  json('machine', 'lab', seconds, {
    ...{ seconds: 1, othersShare, stealShare: 0.02, readyShare: 0.5, pressureShare: null },
    ...{ throttledPeriods: 3, throttledMs: 40 },
  });
const latency = (seconds: number, profile: 'closed' | 'slow-reader', ns: number): SessionFrame => ({
  ...{ source: 'clients', kind: frameKinds.latency, receivedNs: at(seconds) },
  payload: encodeLatency({ timeNs: at(seconds), kind: 'corrected', profile, encoded: latencyBytes([ns]) }).subarray(
    frameHeaderBytes,
  ),
});

/** Three seconds of four replies each 50 ms, of which those from 0.525 to 2.5 s are measured. */
async function details(answered = 4, name = 'run'): ReturnType<typeof detailsOf> {
  const plain = smallRun().frames.filter(({ kind }) => kind !== frameKinds.mark && kind !== frameKinds.latency);
  const frames = [
    ...plain,
    latency(0.2, 'closed', 9e9),
    json('mark', 'clients', 0.525, { name: 'steady', profiles: { closed: counts(40, 4) } }),
    ...[latency(1, 'closed', 1e6), latency(1.2, 'closed', 3e6), latency(1.5, 'slow-reader', 5e8)],
    // The first second lies before the interval for its greater part.
    ...[noise(1, 0.9), noise(2, 0.1), noise(2.4, 0.3)],
    json('mark', 'clients', 2.5, {
      ...{ name: 'loadDone', profiles: { closed: counts(198, answered), 'slow-reader': counts(1, 1) } },
    }),
  ].sort((a, b) => a.receivedNs - b.receivedNs);
  return detailsOf(await recordFrames(frames, join(folder, `${name}.fdscope`)));
}

describe('the figures of a session', () => {
  it('are those of the measured interval, also where it begins and ends between two frames', async () => {
    const { overview } = await details();
    const figures = figuresOf(overview);
    expect(figures.of).toBe('measured');
    expect(figures.seconds).toBeCloseTo(1.975, 6);
    // 80 replies a second, by the server's frames of each 50 ms; the clients' own count is that of their marks.
    expect(figures.counts.serverRequests).toBeCloseTo(158, 6);
    expect(figures.requests).toBe(159);
    expect(figures.clients).toEqual({ asked: 8, answered: 5 });
    // A latency of the warm-up is in the whole alone.
    expect(figures.latency.corrected.count).toBe(3);
    expect(figures.latency.corrected.max).toBeLessThan(1e6);
    expect(wholeFigures(overview).latency.corrected.count).toBe(4);
    expect(wholeFigures(overview).counts.serverRequests).toBe(240);
    // What is not a peak of the interval is none of it: memory grows by a megabyte each frame.
    expect(figures.peaks.rssBytes).toBe(50e6);
    expect(wholeFigures(overview).peaks.rssBytes).toBe(60e6);
  });

  it('tell the clients of each profile apart, and what others took', async () => {
    const found = await details();
    const figures = figuresOf(found.overview);
    const [closed, slow] = figures.profiles;
    expect(closed).toMatchObject({ profile: 'closed', counts: { replies: 158, answered: 4 } });
    expect(closed?.latency.corrected.p50).toBeCloseTo(1000, -1);
    expect(slow).toMatchObject({
      profile: 'slow-reader',
      counts: { replies: 1 },
      latency: { corrected: { count: 1 } },
    });
    expect(figures.noise).toMatchObject({ seconds: 2, readyShare: 0.5, throttledPeriods: 6, throttledMs: 80 });
    expect(figures.noise?.othersShare).toBeCloseTo(0.2, 9);
    const text = infoText(found);
    expect(text).toMatch(/figures +Of the measured interval, 1\.98 s/);
    expect(text).toMatch(/clients: slow-reader +\d of \d served, 1 replies, 2 errors; p50 \d+ µs/);
    expect(text).toMatch(/periods throttled \(nr_throttled\) +6 periods/);
  });

  it('are of the whole recording where nothing marks an interval, and say that', async () => {
    const frames = smallRun().frames.filter(({ kind }) => kind !== frameKinds.mark);
    const found = await detailsOf(await recordFrames(frames, join(folder, 'old.fdscope')));
    expect(found.overview.measured).toBeUndefined();
    expect(figuresOf(found.overview).counts.serverRequests).toBe(240);
    expect(infoText(found)).toContain('Of the whole recording, with connecting and warming up');
  });
});

describe('two sessions', () => {
  const named = (differences: readonly Difference[], measure: string): Difference | undefined =>
    differences.find((each) => each.measure === measure);

  it('are compared by their measured intervals, latencies too where the same part was served', async () => {
    const [a, b] = [await details(4, 'a'), await details(4, 'b')];
    const { differences, caveats } = compareSessions(a, b);
    expect(named(differences, 'requestsPerSecond')?.a).toBeCloseTo(159 / 1.975, 6);
    expect(named(differences, 'latencyP99Us')).toMatchObject({ ratio: 1 });
    expect(caveats).toContain('Of the measured interval of each: without connecting and warming up.');
  });

  it('have a report of both, with their figures, over time, and how to cite each', async () => {
    const [a, b] = [await details(4, 'a'), await details(4, 'b')];
    const html = sessionsReportHtml({ ...compareSessions(a, b), sessions: [a, b], noise: ['Two runs.'] });
    expect(html).not.toMatch(/<script|https?:|src=|NaN|undefined|Infinity/);
    expect(html).toContain('without connecting and warming up');
    const [throughput = ''] = html.slice(html.indexOf('<h3>Throughput')).split('</figure>');
    expect(throughput.match(/<path class="line own thin/g)).toHaveLength(2);
    expect(html.match(/@misc\{fdscope-/g)).toHaveLength(2);
  });

  it('do not have their latencies compared where they served other parts of their clients', async () => {
    const [a, b] = [await details(4, 'a'), await details(1, 'b')];
    const { differences, caveats } = compareSessions(a, b);
    expect(named(differences, 'latencyP99Us')?.ratio).toBeUndefined();
    expect(named(differences, 'latencyP99Us')?.a).toBeGreaterThan(0);
    expect(named(differences, 'cpuUsPerRequest')?.ratio).toBeGreaterThan(0);
    expect(caveats[0]).toMatch(/^Latencies are not compared: .* answered 5 of 8 clients, .* answered 2 of 8 clients/);
  });
});
