/** What others took from a run, of texts as the kernel writes them. */
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../main/lab/doctor.ts';
import { readFacts } from '../../main/lab/doctor-facts.ts';
import {
  cpuQuota,
  cpuTimes,
  NoiseWatch,
  processMs,
  throttling,
  type MachineGlance,
} from '../../main/lab/machine-noise.ts';
import { Diagnosis } from '../../main/lab/diagnosis/diagnosis.ts';
import { machineNoiseSchema, noiseSentence, repeatSentence, type MachineNoise } from '../../shared/machine-noise.ts';
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
  ...{
    seconds: 1,
    othersShare: 0.02,
    labShare: 0.03,
    runnable: 1,
    stealShare: 0,
    readyShare: 0.01,
    pressureShare: 0.1,
  },
  ...{ throttledPeriods: null, throttledMs: null },
};

describe('what the kernel sums up', () => {
  it('is that of the CPUs asked for, without idle time, and stolen time apart', () => {
    expect(cpuTimes(stat, [1])).toEqual({ busyMs: 2480, stealMs: 70, runnable: 0 });
    expect(cpuTimes(stat, [0, 1])).toEqual({ busyMs: 3730, stealMs: 90, runnable: 0 });
    expect(cpuTimes(undefined, [0])).toEqual({ busyMs: 0, stealMs: 0, runnable: 0 });
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

/** A machine of texts: two CPUs, the lab, a window of its, an engine that it drives, and what the server has forked. */
class Machine {
  /** CPU time by pid and by CPU in ms. */
  readonly ms = new Map<number, number>([
    [process.pid, 0],
    [700, 0],
    [701, 0],
    [702, 0],
    [703, 0],
    [999, 0],
  ]);
  busyMs = 0;
  readyNs = 0;
  readonly #children = new Map([
    [process.pid, [700, 701, 702]],
    [701, [703]],
  ]);

  /** 700: a window, 701: the server, 702: the clients, 703: a child of the server, 999: somebody else's. */
  spend(pid: number, ms: number): void {
    this.ms.set(pid, (this.ms.get(pid) ?? 0) + ms);
    this.busyMs += ms;
  }

  readonly read = (path: string): string | undefined => {
    const [, pid = ''] = /^\/proc\/(\d+)\//.exec(path) ?? [];
    const ticks = (this.ms.get(Number(pid)) ?? 0) / 10;
    if (path === '/proc/stat') return `cpu0 ${this.busyMs / 10} 0 0 0 0 0 0 0\nprocs_running 3\n`;
    if (path.endsWith('/stat')) return `${pid} (x) S 1 2 3 4 5 6 7 8 9 10 ${ticks} 0 0 0 20`;
    if (path.endsWith('/schedstat')) return `${ticks * 1e7} ${Number(pid) === 701 ? this.readyNs : 0} 5`;
    if (path.endsWith('/children')) return (this.#children.get(Number(pid)) ?? []).join(' ');
    return undefined;
  };
  readonly list = (folder: string): string[] => [/(\d+)\/task$/.exec(folder)?.[1] ?? ''];
}

describe('whose time it was', () => {
  const noiseOf = async (serverCpus: string, spend: (machine: Machine) => void): Promise<MachineNoise | undefined> => {
    const machine = new Machine();
    const watched = { serverPid: 701, otherPids: [702], serverCpus };
    const watch = new NoiseWatch(() => watched, machine.read, machine.list);
    await new Promise((resolve) => setTimeout(resolve, 20));
    spend(machine);
    return watch.take();
  };

  it('the lab, its windows and what the server forks are no neighbours, and the lab is told apart', async () => {
    const noise = await noiseOf('0', (machine) => {
      machine.spend(701, 300);
      machine.spend(703, 200);
      machine.spend(700, 100);
      machine.spend(process.pid, 50);
    });
    expect(noise?.othersShare).toBe(0);
    expect(noise?.labShare).toBeGreaterThan(0);
    expect((noise?.labShare ?? 0) * (noise?.seconds ?? 0)).toBeCloseTo(0.15, 6);
    expect(noise?.runnable).toBe(3);
  });

  it('another program is one, and clients are the lab only where they may run on the CPUs of the server', async () => {
    const others = await noiseOf('0', (machine) => machine.spend(999, 400));
    expect((others?.othersShare ?? 0) * (others?.seconds ?? 0)).toBeCloseTo(0.4, 6);
    const pinned = await noiseOf('0', (machine) => machine.ms.set(702, 400));
    expect([pinned?.labShare, pinned?.othersShare]).toEqual([0, 0]);
    const unpinned = await noiseOf('', (machine) => machine.spend(702, 400));
    expect(unpinned?.labShare).toBeGreaterThan(0);
  });

  it('threads of the server that could run and had no core are told, of the time in which they could', async () => {
    const noise = await noiseOf('0', (machine) => {
      machine.spend(701, 300);
      machine.readyNs = 100e6;
    });
    expect(noise?.readyShare).toBeCloseTo(0.25, 6);
  });
});

describe('quotas', () => {
  const files: Record<string, string> = {
    '/proc/7/cgroup': '0::/pod/server\n',
    '/sys/fs/cgroup/pod/server/cpu.stat': 'nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n',
    '/sys/fs/cgroup/pod/cpu.stat': 'nr_periods 40\nnr_throttled 7\nthrottled_usec 123000\n',
    '/sys/fs/cgroup/cpu.stat': 'nr_periods 40\nnr_throttled 2\nthrottled_usec 1000\n',
    '/sys/fs/cgroup/pod/server/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/pod/cpu.max': '150000 100000\n',
  };

  it('of a group that a process lies in hold it back too', () => {
    expect(throttling((path) => files[path], 7)).toEqual({ periods: 9, ms: 124 });
    expect(cpuQuota((path) => files[path], 7)).toBe(1.5);
    expect(cpuQuota(() => undefined)).toBeUndefined();
  });
});

describe('of runs that are compared', () => {
  it('those that others disturbed are a reason to repeat', () => {
    const run = (label: string, round: number, othersShare: number) => ({
      ...{ label, round },
      noise: { ...quiet, othersShare },
    });
    expect(repeatSentence([run('poll', 1, 0.01), run('select', 1, 0.02)])).toBeUndefined();
    const text = repeatSentence([run('poll', 1, 0.01), run('select', 1, 0.6), run('select', 2, 0.3)]);
    expect(text).toContain('2 of 3 runs');
    expect(text).toContain('select in round 1, select in round 2; up to 60%');
    expect(repeatSentence([{ label: 'poll', round: 1, noise: undefined }])).toBeUndefined();
  });
});

describe('Doctor', () => {
  it('says who uses the machine just now, and what a quota leaves', () => {
    const itemsOf = (glance: MachineGlance) =>
      diagnose(
        readFacts({ perfSwitchRecords: { available: true } }, () => undefined),
        [],
        glance,
      ).filter(({ id }) => id === 'noise' || id === 'cpu-quota');
    const [calm, ...none] = itemsOf({ noise: quiet, quota: undefined, throttled: undefined });
    expect(calm).toMatchObject({ status: 'ok', value: 'others 2%, steal 0%, pressure 10%, 1 runnable' });
    expect(none).toMatchObject([{ id: 'cpu-quota', status: 'ok', value: 'none' }]);
    const [busy, limited] = itemsOf({
      ...{ noise: { ...quiet, othersShare: 0.5 }, quota: 1.5, throttled: { periods: 9, ms: 124 } },
    });
    expect(busy?.status).toBe('limited');
    expect(limited).toMatchObject({ status: 'limited', value: '1.5 cores, used up 9 times, for 124 ms' });
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
