/** Rates of frames that came late, of processes that took over, and of changes. */
import { describe, expect, it } from 'vitest';
import { encodeCounters, encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../shared/telemetry/wire.ts';
import type { MachineNoise } from '../../../shared/machine-noise.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { palettes } from '../../../renderer/theme/palette.ts';
import { makeTracks } from '../../../renderer/tracks/catalogue.ts';
import { decimate, LinePoints } from '../../../renderer/tracks/decimate.ts';
import { totalSamples } from '../../../renderer/tracks/samples.ts';
import { countersFrame, startNs } from '../session-frames.ts';
import { SvgPen } from '../../../renderer/tracks/svg-pen.ts';

interface Told {
  readonly atMs: number;
  readonly requests: number;
  readonly cpuMs?: number;
}

function historyOf(frames: readonly Told[], source: 'server' | 'clients' = 'clients'): TelemetryHistory {
  const history = new TelemetryHistory();
  for (const { atMs, requests, cpuMs = 0 } of frames) {
    const frame = countersFrame(startNs + atMs * 1e6, { requests, cpuUserNs: cpuMs * 1e6 });
    history.take(source, frameKinds.counters, encodeCounters(frame).subarray(frameHeaderBytes));
  }
  return history;
}

const requestsOf = (history: TelemetryHistory, source: 'server' | 'clients' = 'clients') =>
  totalSamples(() => history.counters[source], ['counter.requests'], { hasRange: true });

/** What can be done is 32,000 a second; the process has one core, and its telemetry is held up now and then. */
function heldUp(): Told[] {
  const frames: Told[] = [];
  for (let tick = 0; tick < 200; tick++) {
    const dueMs = tick * 50;
    // Late by up to 47 ms every seventh time: the next one, on time, comes 3 ms after it, and what it counts is at its
    // own moment but for the 1 ms that the thread was held between the clock and the counters.
    const atMs = tick % 7 === 3 ? dueMs + 47 : dueMs;
    const countedMs = tick % 7 === 4 ? atMs + 1 : atMs;
    frames.push({ atMs, requests: Math.round(countedMs * 32), cpuMs: countedMs });
  }
  return frames;
}

describe('a rate', () => {
  it('is of no stretch so short that a process seems to do what none can', () => {
    const history = historyOf(heldUp());
    for (const [fromMs, toMs] of [
      [0, 10_000],
      [2000, 4000],
      [3000, 3300],
    ] as const) {
      const scale = { fromNs: startNs + fromMs * 1e6, toNs: startNs + toMs * 1e6, widthPx: 800 };
      const points = decimate(requestsOf(history), scale, new LinePoints());
      const highs = [...points.highs.subarray(0, points.count)].filter((value) => !Number.isNaN(value));
      expect(highs.length).toBeGreaterThan(5);
      // 1 ms of 40 at the most, where the frames told 4 ms' worth in 3.
      expect(Math.max(...highs)).toBeLessThan(32_000 * 1.03);
      const means = [...points.means.subarray(0, points.count)].filter((value) => !Number.isNaN(value));
      expect(Math.max(...means)).toBeLessThan(32_000 * 1.006);
      expect(Math.min(...means)).toBeGreaterThan(32_000 * 0.994);
    }
  });

  it('of CPU time has no band, and its line is never above the core that there is', () => {
    const history = historyOf(heldUp());
    const track = makeTracks(history).find(({ id }) => id === 'clientCpu');
    const view = {
      ...{ fromNs: startNs, toNs: startNs + 10e9, widthPx: 800, heightPx: 84, pixelRatio: 1 },
      palette: palettes.dark,
    };
    track?.draw(new SvgPen(), view);
    for (let ms = 600; ms < 9900; ms += 13) {
      const [user, kernel] = track?.legend(startNs + ms * 1e6, palettes.dark) ?? [];
      expect(Number.parseFloat(user?.value ?? '')).toBeLessThanOrEqual(100.5);
      expect(kernel?.value).toBe('0%');
    }
  });

  it('is over half a second, and goes from its lowest to its highest frame', () => {
    // 100 in every other frame: 1000 a second at mean, from 0 to 2000.
    const frames = Array.from({ length: 60 }, (_, tick) => ({ atMs: tick * 50, requests: Math.ceil(tick / 2) * 100 }));
    const history = historyOf(frames);
    const scale = { fromNs: startNs + 1000e6, toNs: startNs + 2000e6, widthPx: 1000 };
    const points = decimate(requestsOf(history), scale, new LinePoints());
    for (let i = 0; i < points.count; i++) {
      expect(points.means[i]).toBeCloseTo(1000, 6);
      expect(points.lows[i]).toBe(0);
      expect(points.highs[i]).toBeCloseTo(2000, 6);
    }
  });

  it('is not of two processes, nor of before and after a change', () => {
    const before = Array.from({ length: 40 }, (_, tick) => ({ atMs: tick * 50, requests: tick * 500 }));
    const restarted = Array.from({ length: 40 }, (_, tick) => ({ atMs: 2000 + tick * 50, requests: tick * 50 }));
    const { rates, ring } = historyOf([...before, ...restarted], 'server').counters.server;
    const column = 0;
    expect(ring.rows).toBe(80);
    const requests = requestsOf(historyOf([...before, ...restarted], 'server'), 'server');
    expect(requests.valueOf(39)).toBeCloseTo(10_000, 6);
    expect(requests.valueOf(40)).toBeNaN();
    for (const row of [41, 45, 60]) expect(requests.valueOf(row)).toBeCloseTo(1000, 6);
    expect(rates.over(column, 40, 40, 0)).toBeNaN();

    const slower = Array.from({ length: 40 }, (_, tick) => ({ atMs: 2000 + tick * 50, requests: 20_000 + tick * 50 }));
    const history = historyOf([...before, ...slower], 'server');
    const mark = { name: 'change', timeNs: startNs + 2000e6, text: 'Work of 50 µs' };
    history.take('lab', frameKinds.mark, encodeJson(frameKinds.mark, mark).subarray(frameHeaderBytes));
    const samples = requestsOf(history, 'server');
    // The frame after the change is of half a second that ends there, not of a mixture.
    expect(samples.valueOf(41)).toBeCloseTo(1000, 6);
    expect(samples.valueOf(60)).toBeCloseTo(1000, 6);
    expect(samples.valueOf(39)).toBeCloseTo(10_000, 6);
  });

  it('needs two frames', () => {
    expect(requestsOf(historyOf([{ atMs: 0, requests: 5 }])).valueOf(0)).toBeNaN();
  });
});

describe('the machine’s own noise', () => {
  const noiseOf = (history: TelemetryHistory, second: number, noise: Partial<MachineNoise>): void => {
    const frame = {
      ...{ seconds: 1, othersShare: 0, labShare: 0.02, runnable: 1, stealShare: 0, readyShare: 0, pressureShare: 0 },
      ...{ throttledPeriods: null, throttledMs: null, ...noise, timeNs: startNs + second * 1e9 },
    };
    history.take('lab', frameKinds.machine, encodeJson(frameKinds.machine, frame).subarray(frameHeaderBytes));
  };
  const valuesOf = (history: TelemetryHistory, timeNs?: number): Record<string, string> => {
    const track = makeTracks(history).find(({ id }) => id === 'machine');
    return Object.fromEntries(track?.legend(timeNs, palettes.dark).map(({ label, value }) => [label, value]) ?? []);
  };

  it('is a track of what others had, second by second, and a dash where the kernel tells nothing', () => {
    const history = historyOf(heldUp(), 'server');
    expect(
      makeTracks(history)
        .find(({ id }) => id === 'machine')
        ?.emptyText(),
    ).toContain('Not in this recording');
    noiseOf(history, 1, { othersShare: 0.1 });
    noiseOf(history, 2, { othersShare: 0.5, readyShare: 0.3, pressureShare: null });
    noiseOf(history, 3, { othersShare: 0.2, stealShare: 0.04, pressureShare: null });
    expect(
      makeTracks(history)
        .find(({ id }) => id === 'machine')
        ?.emptyText(),
    ).toBeUndefined();
    expect(valuesOf(history)).toMatchObject({ others: '20%', steal: '4%', throttled: '–' });
    // At the cursor that of the second that it stands in.
    expect(valuesOf(history, startNs + 1.3e9)).toMatchObject({ others: '50%', 'no core': '30%' });
    expect(valuesOf(history, startNs + 9e9).others).toBe('–');
    const track = makeTracks(history).find(({ id }) => id === 'machine');
    const over = track?.statistics(startNs + 0.5e9, startNs + 3e9).find(({ label }) => label === 'others');
    expect(over?.value).toBe('26.7%');
    history.reset();
    expect(history.machine.ring.rows).toBe(0);
  });
});
