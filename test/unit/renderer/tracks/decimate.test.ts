import { describe, expect, it } from 'vitest';
import { SeriesRing } from '../../../../renderer/stores/rings.ts';
import { decimate, LinePoints, pointAt, rowAt, type Samples } from '../../../../renderer/tracks/decimate.ts';

function ringOf(values: readonly number[], stepNs = 50e6): SeriesRing {
  const ring = new SeriesRing(1, 100_000);
  values.forEach((value, i) => ring.set(0, ring.append(i * stepNs), value));
  return ring;
}
const samplesOf = (ring: SeriesRing): Samples => ({ ring: () => ring, valueOf: (row) => ring.at(0, row) });

describe('decimation', () => {
  it('makes at most a point a pixel, and none of the samples is outside what it says', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 7) * 100 + (i === 12_345 ? 900 : 0));
    const ring = ringOf(values);
    const points = decimate(samplesOf(ring), { fromNs: 0, toNs: 20_000 * 50e6, widthPx: 400 }, new LinePoints());
    expect(points.count).toBeLessThanOrEqual(401);
    const highs = points.highs.subarray(0, points.count);
    const lows = points.lows.subarray(0, points.count);
    expect(Math.max(...highs)).toBe(Math.max(...values));
    expect(Math.min(...lows)).toBe(Math.min(...values));
    for (let i = 0; i < points.count; i++) {
      expect(points.means[i]).toBeGreaterThanOrEqual(points.lows[i] ?? Number.NaN);
      expect(points.means[i]).toBeLessThanOrEqual(points.highs[i] ?? Number.NaN);
    }
  });

  it('takes a sample on each side of the window, so that the line reaches its edges', () => {
    const ring = ringOf([1, 2, 3, 4, 5, 6]);
    const points = decimate(samplesOf(ring), { fromNs: 110e6, toNs: 190e6, widthPx: 80 }, new LinePoints());
    expect([...points.xs.subarray(0, points.count)]).toEqual([-10, 40, 90]);
    expect([...points.means.subarray(0, points.count)]).toEqual([3, 4, 5]);
  });

  it('breaks the line where nothing was measured', () => {
    const ring = ringOf([1, 2, Number.NaN, 4]);
    const points = decimate(samplesOf(ring), { fromNs: 0, toNs: 150e6, widthPx: 150 }, new LinePoints());
    const means = [...points.means.subarray(0, points.count)];
    expect(means.filter((value) => !Number.isNaN(value))).toEqual([1, 2, 4]);
    expect(Number.isNaN(means[means.indexOf(4) - 1] ?? 0)).toBe(true);
  });

  it('breaks the line across a pause without frames', () => {
    const ring = new SeriesRing(1, 10);
    for (const timeNs of [0, 50e6, 10e9, 10.05e9]) ring.set(0, ring.append(timeNs), 7);
    const points = decimate(samplesOf(ring), { fromNs: 0, toNs: 11e9, widthPx: 1100 }, new LinePoints());
    const xs = [...points.xs.subarray(0, points.count)];
    expect(xs.slice(1).findIndex(Number.isNaN)).toBeGreaterThanOrEqual(0);
  });

  it('reads the frame whose interval encloses the cursor', () => {
    const ring = ringOf([0, 1, 2]);
    expect(rowAt(ring, 60e6)).toBe(2);
    expect(rowAt(ring, 100e6)).toBe(2);
    expect(rowAt(ring, 101e6)).toBe(-1);
    expect(rowAt(ring, -200e6)).toBe(-1);
  });

  it('is what a cursor reads, at every pixel and every zoom', () => {
    const values = Array.from({ length: 2000 }, (_, i) => (i % 97 === 0 ? Number.NaN : Math.sin(i / 7) * 100));
    const ring = new SeriesRing(1, 4000);
    // With a pause, and with frames that are not evenly apart.
    values.forEach((value, i) => ring.set(0, ring.append(i * 50e6 + (i % 3) * 9e6 + (i > 900 ? 20e9 : 0)), value));
    const samples = samplesOf(ring);
    for (const [fromNs, toNs] of [
      [0, 120e9],
      [30e9, 70e9],
      [10e9, 12e9],
      [20e9, 20.5e9],
    ] as const) {
      const scale = { fromNs, toNs, widthPx: 700 };
      const points = decimate(samples, scale, new LinePoints());
      let read = 0;
      for (let i = 0; i < points.count; i++) {
        const x = points.xs[i] ?? Number.NaN;
        if (Number.isNaN(x) || x < 0 || x >= 700) continue;
        const at = pointAt(samples, scale, fromNs + (x * (toNs - fromNs)) / 700);
        // A gap within a pixel parts it; the cursor reads what comes last.
        if (Math.floor(points.xs[i + 2] ?? -1) === Math.floor(x) && Number.isNaN(points.xs[i + 1])) continue;
        expect(at?.value).toBe(points.means[i]);
        expect([at?.low, at?.high]).toEqual([points.lows[i], points.highs[i]]);
        read++;
      }
      expect(read).toBeGreaterThan(5);
    }
    // Between two frames the line is at the height of the second, which tells of the time since the first.
    const close = { fromNs: 10e9, toNs: 10.5e9, widthPx: 1000 };
    const points = decimate(samples, close, new LinePoints());
    const i = 4;
    const middle = ((points.froms[i] ?? 0) + (points.xs[i] ?? 0)) / 2;
    expect(pointAt(samples, close, close.fromNs + middle * 0.5e6)?.value).toBe(points.means[i]);
    // In a pause there is nothing.
    expect(pointAt(samples, { fromNs: 40e9, toNs: 70e9, widthPx: 700 }, 55e9)).toBeUndefined();
  });
});
