/** What lies over the tracks in pictures: who served, what people wrote, and what a session does not hold. */
import { describe, expect, it } from 'vitest';
import { TelemetryHistory } from '../../../../renderer/stores/history.ts';
import { palettes } from '../../../../renderer/theme/palette.ts';
import { drawMissing, momentsOver } from '../../../../renderer/tracks/over-tracks.ts';
import { SvgPen } from '../../../../renderer/tracks/svg-pen.ts';
import type { TrackView } from '../../../../renderer/tracks/track.ts';
import { encodeJson } from '../../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../../shared/telemetry/wire.ts';

/** A second is 100 px. */
const view: TrackView = {
  ...{ fromNs: 0, toNs: 10e9, widthPx: 1000, heightPx: 60, pixelRatio: 1, palette: palettes.light },
};

function historyOf(models: readonly (readonly [string, number])[]): TelemetryHistory {
  const history = new TelemetryHistory();
  for (const [model, seconds] of models) {
    const frame = { timeNs: seconds * 1e9, model, options: {}, sourceFile: 'x.cpp', steps: [] };
    history.take('server', frameKinds.model, encodeJson(frameKinds.model, frame).subarray(frameHeaderBytes));
  }
  return history;
}

const drawn = (draw: (pen: SvgPen) => void): string => {
  const pen = new SvgPen();
  draw(pen);
  return pen.document(view.widthPx, view.heightPx, 'over');
};
const wordsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, words = '']) => words);

describe('over the picture of a track', () => {
  it('are the models by name, but for words that would lie over others', () => {
    const history = historyOf([
      ['epoll-lt', 0],
      ['poll', 0.3],
      ['io_uring', 5],
    ]);
    expect(wordsOf(drawn((pen) => momentsOver(history)(pen, view)))).toEqual(['epoll-lt', 'io_uring']);
  });

  it('is what people wrote, within the picture also at its end', () => {
    const history = historyOf([]);
    history.annotate([
      { id: 'a', fromNs: 2e9, toNs: 3e9, text: 'a stall\nhere' },
      { id: 'b', fromNs: 9.9e9, text: 'it ends' },
      { id: 'c', fromNs: 20e9, text: 'elsewhere' },
    ]);
    const svg = drawn((pen) => momentsOver(history)(pen, view));
    expect(wordsOf(svg)).toEqual(['a stall here', 'it ends']);
    expect(svg).toMatch(/<rect[^>]*x="200.5"[^>]*width="99.5"/);
    expect(svg).toMatch(/text-anchor="end"[^>]*>it ends/);
  });

  it('is a hatch where nothing is known, within its stretch', () => {
    const svg = drawn((pen) =>
      drawMissing(
        pen,
        view,
        [
          { fromNs: 2e9, toNs: 3e9 },
          { fromNs: -5e9, toNs: -1e9 },
        ],
        60,
        view.palette,
      ),
    );
    const numbers = [...svg.matchAll(/[ML](-?[\d.]+)[ ,](-?[\d.]+)/g)].map(
      ([, x, y]) => [Number(x), Number(y)] as const,
    );
    expect(numbers.length).toBeGreaterThan(20);
    for (const [x, y] of numbers) {
      expect(x).toBeGreaterThanOrEqual(200);
      expect(x).toBeLessThanOrEqual(300);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(60);
    }
  });
});
