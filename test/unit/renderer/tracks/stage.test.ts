/** How often a picture that moves on by itself is drawn. */
import { createPinia, setActivePinia } from 'pinia';
import { effectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeCounters } from '../../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameIntervalMs, frameKinds } from '../../../../shared/telemetry/wire.ts';
import { TelemetryHistory } from '../../../../renderer/stores/history.ts';
import { useStage, type Stage } from '../../../../renderer/tracks/stage.ts';
import { countersFrame, startNs } from '../../session-frames.ts';

describe('a picture that moves on', () => {
  const stepMs = 5;
  let nowMs = 0;
  const waiting: FrameRequestCallback[] = [];
  const history = new TelemetryHistory();
  const scope = effectScope();
  let stage: Stage;
  let draws = 0;
  let costMs = 0;
  let frames = 0;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => waiting.push(callback));
    vi.stubGlobal('cancelAnimationFrame', () => undefined);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  function animate(): void {
    for (const callback of waiting.splice(0)) callback(nowMs);
  }

  /** Frames come as they do; how often was drawn meanwhile. */
  function drawsIn(seconds: number): number {
    const before = draws;
    for (let ms = 0; ms < seconds * 1000; ms += stepMs) {
      if (ms % frameIntervalMs === 0) {
        const timeNs = startNs + ++frames * frameIntervalMs * 1e6;
        const frame = encodeCounters(countersFrame(timeNs, { requests: frames }));
        history.take('server', frameKinds.counters, frame.subarray(frameHeaderBytes));
      }
      nowMs += stepMs;
      vi.advanceTimersByTime(stepMs);
      animate();
    }
    return draws - before;
  }

  it('takes a sixteenth of the time at most, and what people do is drawn at once', () => {
    setActivePinia(createPinia());
    const made = scope.run(() => useStage(history, () => 'dark'));
    if (made === undefined) throw new Error('There is no stage.');
    stage = made;
    stage.plotWidthPx.value = 1000;
    stage.add({
      draw() {
        draws++;
        nowMs += costMs;
      },
    });
    // Each frame, while drawing costs nothing.
    expect(drawsIn(2)).toBeGreaterThan(2 * 18);
    costMs = 10;
    drawsIn(1);
    const fromMs = nowMs;
    const spentMs = drawsIn(10) * costMs;
    expect(spentMs).toBeGreaterThan(0);
    expect(spentMs / (nowMs - fromMs)).toBeLessThan(1.05 / 16);
    // Its pauses have an end.
    costMs = 100;
    drawsIn(2);
    expect(drawsIn(10)).toBeGreaterThanOrEqual(25);
    const before = draws;
    stage.timebase.zoom(0.5);
    animate();
    expect(draws).toBe(before + 1);
    scope.stop();
  });
});
