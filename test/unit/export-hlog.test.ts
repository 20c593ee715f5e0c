/** The HdrHistogram log, read by two implementations that had no part in writing it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HistogramLogReader, type Histogram } from 'hdr-histogram-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/engines.ts';
import { isInstalled, output } from '../support/tools.ts';
import { recordedRun, type RecordedRun } from './export-support.ts';

let run: RecordedRun;
let log: string;
beforeAll(async () => {
  run = await recordedRun();
  log = join(run.folder, 'out.hlog');
  await run.export('hlog');
});
afterAll(() => run.remove());

/** HdrHistogram for Java: Debian's libhdrhistogram-java, or one that Maven has brought. */
function hdrHistogramJar(): string | undefined {
  const maven = join(homedir(), '.m2/repository/org/hdrhistogram/HdrHistogram');
  const versions = existsSync(maven) ? readdirSync(maven) : [];
  const jars = versions.map((version) => join(maven, version, `HdrHistogram-${version}.jar`));
  return ['/usr/share/java/HdrHistogram.jar', ...jars].find((path) => existsSync(path));
}

/** What is known of the interval `i` of a clock: four latencies, 10 µs apart, and as many ns more as ticks went by. */
function checkInterval(i: number, { count, p50, max }: { count: number; p50: number; max: number }): void {
  expect(count).toBe(4);
  expect(Math.abs(p50 / (20_000 + i + 1) - 1)).toBeLessThan(0.001);
  expect(Math.abs(max / (40_000 + i + 1) - 1)).toBeLessThan(0.001);
}

describe('a session as an HdrHistogram log', () => {
  it('says what it is, and when it began', () => {
    const lines = readFileSync(log, 'utf8').split('\n');
    expect(lines[0]).toBe('#[Latencies of the fdscope session "epoll against poll", in ns; Interval_Max is in ms]');
    expect(lines).toContain('#[StartTime: 1700000000.000 (seconds since epoch), Tue, 14 Nov 2023 22:13:20 GMT]');
    expect(lines.find((line) => /^\d/.test(line))).toMatch(/^0\.000,0\.050,0\.040,HISTF/);
    expect(lines.find((line) => line.startsWith('Tag='))).toMatch(/^Tag=uncorrected,0\.000,0\.050,0\.040,HISTF/);
  });

  it('is read by hdr-histogram-js, which finds every latency in its interval', () => {
    const reader = new HistogramLogReader(readFileSync(log, 'utf8'), 64);
    const found = new Map<string, Histogram[]>();
    for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
      found.set(next.tag, [...(found.get(next.tag) ?? []), next]);
    }
    expect([...found.keys()].sort()).toEqual(['NO TAG', 'uncorrected']);
    for (const histograms of found.values()) {
      expect(histograms.length).toBe(60);
      histograms.forEach((histogram, i) => {
        const { totalCount: count, maxValue: max } = histogram;
        checkInterval(i, { count, max, p50: histogram.getValueAtPercentile(50) });
      });
    }
  });

  const jar = hdrHistogramJar();
  const missing =
    jar === undefined ? 'HdrHistogram for Java (libhdrhistogram-java)' : isInstalled('java') ? '' : 'java';
  const skipped = missing === '' ? '' : ` — skipped: ${missing} is not installed`;
  it.skipIf(missing !== '')(`is read by HdrHistogram for Java, to the same figures and times${skipped}`, async () => {
    const printed = await output('java', '-cp', jar ?? '', join(root, 'test/support/HistogramLogDump.java'), log);
    const rows = printed
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(rows.length).toBe(120);
    for (const tag of ['null', 'uncorrected']) {
      const ofTag = rows.filter(([rowTag]) => rowTag === tag);
      expect(ofTag.length).toBe(60);
      ofTag.forEach(([, start, end, count, p50, , max], i) => {
        checkInterval(i, { count: Number(count), p50: Number(p50), max: Number(max) });
        // The reader makes whole ms of seconds in floating point, and cuts what is behind the point.
        for (const [n, ms] of [
          [i, start],
          [i + 1, end],
        ] as const) {
          expect([0, 1]).toContain(1_700_000_000_000 + 50 * n - Number(ms));
        }
      });
    }
  });

  it.skipIf(missing !== '')(`gives HistogramLogProcessor percentiles without an option${skipped}`, async () => {
    const printed = await output('java', '-cp', jar ?? '', 'org.HdrHistogram.HistogramLogProcessor', '-i', log);
    // 60 intervals of four, and nothing of the other clock.
    expect(printed).toMatch(/Total count\s*=\s*240\b/);
  });
});
