/** Switches of the command line, and the figures of servers that followed one another. */
import { describe, expect, it } from 'vitest';
import { momentLines } from '../../main/cli/print.ts';
import { parseSwitches, withSwitches } from '../../main/cli/switches.ts';
import { mergeParts, type ServerPart } from '../../main/lab/merge-figures.ts';
import type { Errors, RunResult } from '../../shared/run-result.ts';
import { errorKinds } from '../../shared/telemetry/wire.ts';

describe('--switch', () => {
  it('is read in the order of its times, fractions too', () => {
    expect(parseSwitches('4s:io_uring, 2.5s:epoll-lt')).toEqual([
      { at: 2.5, switch: 'epoll-lt' },
      { at: 4, switch: 'io_uring' },
    ]);
  });

  it.each(['', '2s', 'epoll-lt', '-1s:poll', '2s:nothing', '2s:poll,,3s:select'])('refuses "%s"', (text) => {
    expect(() => parseSwitches(text)).toThrow('--switch takes times and models');
  });

  it('goes between the phases of the scenario, and not after the end', () => {
    const switches = parseSwitches('1s:poll');
    expect(
      withSwitches(
        [
          { at: 0.5, waitMs: 1 },
          { at: 2, waitMs: 0 },
        ],
        switches,
        3,
      ).map(({ at }) => at),
    ).toEqual([0.5, 1, 2]);
    expect(() => withSwitches(undefined, switches, 1)).toThrow('comes after the run has ended');
  });
});

const noErrors = Object.fromEntries(errorKinds.map((kind) => [kind, 0])) as Errors;

const part = (requests: number, cpu: number, peak: number, read: number): ServerPart => ({
  figures: {
    ...{ syscalls: { read, write: 1 }, syscallsPerRequest: 0, cpuMicrosPerRequest: 0, switchesPerRequest: 0 },
    ...{ eagain: 1, wakeups: 2, readyEvents: 3, accepts: 4, closes: 5, coroutineSwitches: 6 },
    contextSwitches: { voluntary: requests, involuntary: 0 },
    cpuSeconds: { user: cpu, system: 0 },
    ...{ maxRssBytes: peak, peakThreads: peak, peakFds: peak, peakConnections: peak },
    steps: [],
    threads: [{ name: 'main', threads: 1, requests, cpuSeconds: cpu, voluntarySwitches: 1, involuntarySwitches: 0 }],
    telemetry: { cpuSeconds: 1 },
    ...{ pid: requests, options: {}, sourceFile: `${requests}.cpp` },
  },
  ...{ requests, bytesIn: 10, bytesOut: 20, errors: { ...noErrors, reset: 1 } },
});

describe('figures of servers that followed one another', () => {
  it('are sums, highest peaks and ratios of the sums', () => {
    const { figures, ...sums } = mergeParts([part(100, 1, 7, 30), part(300, 2, 5, 10)]);
    expect(sums).toEqual({ requests: 400, bytesIn: 20, bytesOut: 40, errors: { ...noErrors, reset: 2 } });
    expect(figures).toMatchObject({
      ...{ syscalls: { read: 40, write: 2 }, syscallsPerRequest: 42 / 400, cpuMicrosPerRequest: 3e6 / 400 },
      ...{ switchesPerRequest: 1, peakFds: 7, eagain: 2, sourceFile: '100.cpp', telemetry: { cpuSeconds: 2 } },
      threads: [{ name: 'main', threads: 2, requests: 400, cpuSeconds: 3 }],
    });
  });

  it('are those of the only one where nobody followed', () => {
    const only = part(5, 1, 1, 1);
    expect(mergeParts([only])).toBe(only);
  });
});

describe('moments of a run, for people', () => {
  it('name the pause, what was kept, and why something was refused', () => {
    const report = { model: 'poll', previous: 'epoll-lt', how: 'live', pauseMs: 1.234, keptConnections: 50 } as const;
    const moments = [
      { atSeconds: 2, what: 'poll took over from epoll-lt', switch: report },
      { atSeconds: 3, what: 'select took over from poll', refused: 'It cannot.' },
      { atSeconds: 4, what: 'upstream wait 300 ms a request', label: 'stall' },
    ];
    expect(momentLines([{ model: 'epoll-lt', moments } as unknown as RunResult])).toEqual([
      '2.00 s: poll took over from epoll-lt; pause 1.23 ms, 50 connections kept',
      '3.00 s: refused: select instead of poll. It cannot.',
      '4.00 s: stall: upstream wait 300 ms a request',
    ]);
  });
});
