/**
 * `npm run bench -- drawing [--help]`
 *
 * What the tracks cost the main thread of a browser while frames come every 50 ms: taking them in, drawing, and all
 * tasks together by the browser's own account; and whether the heap grows. The frames are made up (page/synthetic-server.ts)
 * and so are those of nothing else in this program.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { resolve } from 'node:path';
import type { CDPSession, Page } from '@playwright/test';
import Table from 'cli-table3';
import { build } from 'vite';
import { findFiles, readStatic } from '../../main/web/static-files.ts';
import { launchBrowser } from '../support/browser.ts';
import { benchOptions } from './options.ts';

const { seconds, fds, threads, ...named } = benchOptions('drawing', 'What the tracks cost a browser.', {
  seconds: ['how long is measured', 30],
  fds: ['rows of the readiness raster', 10_000],
  threads: ['rows of the thread timeline', 2000],
  browser: ['path of a Chromium other than the one that is found', ''],
  profile: ['a CPU profile of the second half goes to this file, for the browser’s own tools', ''],
});
const size = { fds, threads };
/** Filling the first screen and compiling the code belong to no steady state. */
const warmUpSeconds = 5;
const frameMs = 50;

interface Driven {
  readonly takeMs: readonly number[];
  readonly drawMs: readonly number[];
  readonly historyBytes: number;
}

declare global {
  // What page/page.ts puts there.
  var tracksPage: {
    drive(options: { fds: number; threads: number; seconds: number; isIdle?: boolean }): Promise<Driven>;
  };
}

function browserPath(): string {
  const found = [named.browser, process.env.FDSCOPE_BROWSER].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) {
    throw new Error('No Chromium was found here: install one, or name it with --browser PATH.');
  }
  return found;
}

/** Serves a folder on loopback; resolves to its port. */
async function serve(folder: string): Promise<{ server: Server; port: number }> {
  const files = findFiles(folder);
  const server = createServer((request, response) => {
    const file = files.get(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('content-type', file.type);
    response.end(readStatic(file));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The page could not be served on loopback.');
  return { server, port: address.port };
}

const quantile = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * share)] ?? Number.NaN;

interface Load {
  /** CPU seconds that the main thread spent in tasks of all kinds. */
  readonly tasks: number;
  readonly heapBytes: number;
}

async function loadOf(session: CDPSession): Promise<Load> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return { tasks: value('TaskDuration'), heapBytes: value('JSHeapUsedSize') };
}

/** With `--profile`; profiling costs time of its own, so the figures of such a run are not to be kept. */
async function profiled<T>(session: CDPSession, work: () => Promise<T>): Promise<T> {
  if (named.profile === '') return work();
  await session.send('Profiler.enable');
  await session.send('Profiler.start');
  const result = await work();
  const { profile } = await session.send('Profiler.stop');
  writeFileSync(named.profile, JSON.stringify(profile));
  return result;
}

async function measure(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  // CPU time: on a shared machine the clock on the wall would measure the neighbours as well.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const drive = (time: number, isIdle = false): Promise<Driven> =>
    page.evaluate((options) => tracksPage.drive(options), { ...size, seconds: time, isIdle });
  await drive(1, true);
  const idleFrom = await loadOf(session);
  const idle = await drive(warmUpSeconds, true);
  const idleTo = await loadOf(session);
  await drive(warmUpSeconds);
  const before = await loadOf(session);
  const first = await drive(seconds / 2);
  const middle = await loadOf(session);
  const second = await profiled(session, () => drive(seconds / 2));
  const after = await loadOf(session);
  const takeMs = [...first.takeMs, ...second.takeMs];
  const drawMs = [...first.drawMs, ...second.drawMs];
  const table = new Table({ head: ['ms a frame of 50 ms', 'median', '90 %', 'most'] });
  const row = (name: string, ms: readonly number[]): void => {
    table.push([name, ...[0.5, 0.9, 1].map((share) => quantile(ms, share).toFixed(2))]);
  };
  row('taking frames in', takeMs);
  row('an animation frame', drawMs);
  console.log(`${size.fds} fds, ${size.threads} threads, ${takeMs.length} frames, ${drawMs.length} animation frames`);
  console.log(table.toString());
  const making = ((idleTo.tasks - idleFrom.tasks) * 1000) / idle.takeMs.length;
  const whole = ((after.tasks - before.tasks) * 1000) / takeMs.length - making;
  console.log(
    `Main thread in all, painting included: ${whole.toFixed(2)} ms of CPU a frame at mean ` +
      `(making the frames, ${making.toFixed(2)} ms, is taken off).`,
  );
  const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  console.log(
    `Heap after collecting garbage: ${[before, middle, after].map((load) => mebibytes(load.heapBytes)).join(' → ')}; ` +
      `typed arrays of the history: ${mebibytes(second.historyBytes)}.`,
  );
  const median = quantile(takeMs, 0.5) + (quantile(drawMs, 0.5) * drawMs.length) / takeMs.length;
  console.log(`Aim: at most 8 ms of ${frameMs} at median; measured ${median.toFixed(2)} ms.`);
}

const executablePath = browserPath();
await build({ configFile: resolve('test/bench/page/vite.config.ts'), logLevel: 'error' });
const { server, port } = await serve(resolve('out/bench-page'));
const browser = await launchBrowser(executablePath);
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`http://127.0.0.1:${port}/`);
  await measure(page);
} finally {
  await browser.close();
  server.close();
}
