import { describe, expect, it } from 'vitest';
import { niceStepNs, nsAt, pxOf, timeLabel, timeTicks } from '../../../../renderer/tracks/time-scale.ts';
import { bytes } from '../../../../renderer/stores/format.ts';
import { FittedScale, fitScale, gridValues, niceTop, shareOf } from '../../../../renderer/tracks/value-scale.ts';

describe('the scale of time', () => {
  const scale = { fromNs: 1e15, toNs: 1e15 + 10e9, widthPx: 1000 };

  it('goes from time to pixels and back', () => {
    expect(pxOf(scale, 1e15 + 5e9)).toBe(500);
    expect(nsAt(scale, 500)).toBe(1e15 + 5e9);
    expect(pxOf(scale, nsAt(scale, 123))).toBeCloseTo(123, 6);
  });

  it('steps by 1, 2 or 5, and by minutes where seconds end', () => {
    expect(niceStepNs(1.1e9)).toBe(2e9);
    expect(niceStepNs(3)).toBe(5);
    expect(niceStepNs(45e9)).toBe(60e9);
    expect(niceStepNs(700e9)).toBe(1200e9);
  });

  it('puts marks at round times after the start, inside the window', () => {
    const originNs = 1e15 - 0.3e9;
    const ticks = timeTicks(scale, originNs, 110);
    expect(ticks.map(({ label }) => label)).toEqual(['2 s', '4 s', '6 s', '8 s', '10 s']);
    expect(ticks[0]?.px).toBeCloseTo(170, 6);
    expect(ticks.every(({ px }) => px >= 0 && px <= scale.widthPx)).toBe(true);
  });

  it('labels to the precision of the step', () => {
    expect(timeLabel(1.2346e9, 1e6)).toBe('1.235 s');
    expect(timeLabel(-5e9, 1e9)).toBe('−5 s');
    expect(timeLabel(123.5e9, 1e8)).toBe('2:03.5');
    expect(timeLabel(119.99e9, 1e9)).toBe('2:00');
  });
});

describe('the scale of values', () => {
  it('ends at a round value at or above the highest', () => {
    expect(niceTop(101)).toBe(150);
    expect(niceTop(100)).toBe(100);
    expect(niceTop(0)).toBe(1);
    expect(niceTop(Number.NaN)).toBe(1);
  });

  it('keeps its top while the values fill a third of it', () => {
    const before = fitScale('linear', 0, 90, undefined);
    expect(fitScale('linear', 0, 40, before)).toBe(before);
    expect(fitScale('linear', 0, 30, before).top).toBe(30);
    expect(fitScale('linear', 0, 120, before).top).toBe(150);
  });

  it('is one for each window of a picture that is held, whatever was looked at in between', () => {
    const scale = new FittedScale();
    const fit = (highest: number, isMoving: boolean): number => scale.fit('linear', [0, highest], isMoving).top;
    expect([fit(90, true), fit(40, true)]).toEqual([100, 100]);
    // Held at 40, moved to where 20 is the most, to where 300 is, and back.
    expect([fit(40, false), fit(20, false), fit(300, false), fit(40, false)]).toEqual([100, 20, 300, 100]);
    expect(fit(40, true)).toBe(100);
  });

  it('is logarithmic over whole decades', () => {
    const scale = fitScale('log', 2e3, 5e6, undefined);
    expect(scale).toEqual({ kind: 'log', bottom: 1e3, top: 1e7 });
    expect(shareOf(scale, 1e5)).toBeCloseTo(0.5, 9);
  });

  it('has grid lines at round values', () => {
    expect(gridValues({ kind: 'linear', bottom: 0, top: 150 }, 4)).toEqual([50, 100, 150]);
    expect(gridValues({ kind: 'linear', bottom: 0, top: 20 }, 4)).toEqual([5, 10, 15, 20]);
    expect(gridValues({ kind: 'linear', bottom: 0, top: 7.5 }, 4)).toEqual([2, 4, 6]);
    expect(gridValues({ kind: 'linear', bottom: 0, top: 0.3 }, 4)).toEqual([0.1, 0.2, 0.3]);
    expect(gridValues({ kind: 'linear', bottom: 0, top: 20 }, 0)).toEqual([]);
    expect(gridValues({ kind: 'log', bottom: 1, top: 1e4 }, 2)).toEqual([1e2, 1e4]);
  });

  it('steps by 1, 2 or 5 whatever the highest value is, and sizes in bytes so in their own unit', () => {
    for (let exponent = -3; exponent < 11; exponent += 0.037) {
      const highest = 10 ** exponent;
      for (const most of [1, 2, 3, 4, 6]) {
        const values = gridValues(fitScale('linear', 0, highest, undefined), most);
        expect(values.length).toBeLessThanOrEqual(most);
        const [step] = values;
        if (step === undefined) continue;
        const digits = Number((step / 10 ** Math.floor(Math.log10(step) + 1e-9)).toFixed(6));
        expect([1, 2, 5]).toContain(digits);

        const scale = fitScale('linear', 0, highest, undefined, 'binary');
        const sizes = gridValues(scale, most, 'binary');
        expect(sizes.length).toBeLessThanOrEqual(most);
        for (const size of sizes) expect(bytes(size)).toMatch(/^(\d+|1\.25|[12]\.50) (B|[KMGT]iB)$/);
      }
    }
    const sizes = (top: number) => gridValues(fitScale('linear', 0, top, undefined, 'binary'), 3, 'binary').map(bytes);
    expect(sizes(20.6e6)).toEqual(['8 MiB', '16 MiB']);
    expect(sizes(900 * 2 ** 20)).toEqual(['512 MiB', '1 GiB']);
  });
});
