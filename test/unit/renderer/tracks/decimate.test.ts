import { describe, expect, it } from 'vitest';
import { SeriesRing } from '../../../../renderer/stores/rings.ts';
import { decimate, LinePoints, rowAt } from '../../../../renderer/tracks/decimate.ts';

function ringOf(values: readonly number[], stepNs = 50e6): SeriesRing {
  const ring = new SeriesRing(1, 100_000);
  values.forEach((value, i) => ring.set(0, ring.append(i * stepNs), value));
  return ring;
}
const valueOf = (ring: SeriesRing) => (row: number) => ring.at(0, row);

describe('decimation', () => {
  it('makes at most a point a pixel, and none of the samples is outside what it says', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 7) * 100 + (i === 12_345 ? 900 : 0));
    const ring = ringOf(values);
    const points = decimate(ring, valueOf(ring), { fromNs: 0, toNs: 20_000 * 50e6, widthPx: 400 }, new LinePoints());
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
    const points = decimate(ring, valueOf(ring), { fromNs: 110e6, toNs: 190e6, widthPx: 80 }, new LinePoints());
    expect([...points.xs.subarray(0, points.count)]).toEqual([-10, 40, 90]);
    expect([...points.means.subarray(0, points.count)]).toEqual([3, 4, 5]);
  });

  it('breaks the line where nothing was measured', () => {
    const ring = ringOf([1, 2, Number.NaN, 4]);
    const points = decimate(ring, valueOf(ring), { fromNs: 0, toNs: 150e6, widthPx: 150 }, new LinePoints());
    const means = [...points.means.subarray(0, points.count)];
    expect(means.filter((value) => !Number.isNaN(value))).toEqual([1, 2, 4]);
    expect(Number.isNaN(means[means.indexOf(4) - 1] ?? 0)).toBe(true);
  });

  it('breaks the line across a pause without frames', () => {
    const ring = new SeriesRing(1, 10);
    for (const timeNs of [0, 50e6, 10e9, 10.05e9]) ring.set(0, ring.append(timeNs), 7);
    const points = decimate(ring, valueOf(ring), { fromNs: 0, toNs: 11e9, widthPx: 1100 }, new LinePoints());
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
});
