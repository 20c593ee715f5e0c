/** What others took from a run, of texts as the kernel writes them. */
import { describe, expect, it } from 'vitest';
import { cpuTimes, processMs, throttling } from '../../main/lab/machine-noise.ts';
import { Diagnosis } from '../../main/lab/diagnosis/diagnosis.ts';
import { machineNoiseSchema, noiseSentence, type MachineNoise } from '../../shared/machine-noise.ts';
import { encodeCounters } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { countersFrame, startNs } from './session-frames.ts';

const stat = `cpu  300 10 60 900 5 1 2 9 0 0
cpu0 100 4 20 400 5 1 0 2 0 0
cpu1 200 6 40 500 0 0 2 7 0 0
cpu11 999 0 0 0 0 0 0 0 0 0
intr 5
`;

const quiet: MachineNoise = {
  ...{ seconds: 1, othersShare: 0.02, stealShare: 0, readyShare: 0.01, pressureShare: 0.1 },
  ...{ throttledPeriods: null, throttledMs: null },
};

describe('what the kernel sums up', () => {
  it('is that of the CPUs asked for, without idle time, and stolen time apart', () => {
    expect(cpuTimes(stat, [1])).toEqual({ busyMs: 2480, stealMs: 70 });
    expect(cpuTimes(stat, [0, 1])).toEqual({ busyMs: 3730, stealMs: 90 });
    expect(cpuTimes(undefined, [0])).toEqual({ busyMs: 0, stealMs: 0 });
  });

  it('has a process whose name has brackets and spaces, and its children', () => {
    expect(processMs('12 (a ) b) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 20 0')).toBe(1270);
    expect(processMs(undefined)).toBe(0);
  });

  it('has the quota of a cgroup of version 2 and of version 1, and none where nothing is limited', () => {
    const of = (files: Record<string, string>) => throttling((path) => files[path]);
    const v2 = 'usage_usec 9\nnr_periods 40\nnr_throttled 7\nthrottled_usec 123000\n';
    expect(of({ '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/a/cpu.stat': v2 })).toEqual({ periods: 7, ms: 123 });
    const v1 = 'nr_periods 40\nnr_throttled 3\nthrottled_time 5000000\n';
    const groups = '2:cpuacct:/\n1:cpu:/b\n0::/\n';
    expect(of({ '/proc/self/cgroup': groups, '/sys/fs/cgroup/cpu/b/cpu.stat': v1 })).toEqual({ periods: 3, ms: 5 });
    const unlimited = 'nr_periods 0\nnr_throttled 0\nthrottled_time 0\n';
    expect(of({ '/proc/self/cgroup': groups, '/sys/fs/cgroup/cpu/b/cpu.stat': unlimited })).toBeUndefined();
    expect(of({})).toBeUndefined();
  });
});

describe('the sentence about the machine', () => {
  it("is none where the figures are the server's own", () => {
    expect(machineNoiseSchema.parse(quiet)).toEqual(quiet);
    expect(noiseSentence(quiet)).toBeUndefined();
    // Its own threads waiting for each other are no neighbour.
    expect(noiseSentence({ ...quiet, readyShare: 0.9, pressureShare: 1 })).toBeUndefined();
  });

  it('names who took what, and asks to repeat', () => {
    const text = noiseSentence({ ...quiet, othersShare: 0.4, readyShare: 0.3 });
    expect(text).toContain(
      "other programs had 40% of the server's CPU time; its threads were ready without a core for 30%",
    );
    expect(text).toContain('repeat the run');
    expect(noiseSentence({ ...quiet, stealShare: 0.1 })).toContain('the host gave 10% of it to other machines');
    expect(noiseSentence({ ...quiet, throttledPeriods: 4, throttledMs: 210 })).toContain('in 4 periods, for 210 ms');
  });
});

describe('the finding', () => {
  const findings = (noise: MachineNoise): string[] => {
    const diagnosis = new Diagnosis();
    diagnosis.takeNoise(noise);
    return Array.from({ length: 80 }, (_, tick) =>
      encodeCounters(countersFrame(startNs + tick * 50e6, { requests: tick })).subarray(frameHeaderBytes),
    ).flatMap((payload) => diagnosis.take('server', frameKinds.counters, payload).map(({ code }) => code));
  };

  it('is said once while others take the core, and not on a quiet machine', () => {
    expect(findings({ ...quiet, othersShare: 0.5 })).toEqual(['machineBusy']);
    expect(findings(quiet)).toEqual([]);
  });
});
