/** A bench on which nothing happens does nothing: no time of a CPU, not one context switch, whoever sleeps on it. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BenchUnderTest } from '../support/bench/bench-under-test.ts';

const idleMs = 3000;

interface Cost {
  readonly ticks: number;
  readonly switches: number;
}

/** Of all threads of a process: user and system time in ticks of 10 ms, and switches of both kinds. */
function costOf(pid: number): Cost {
  let [ticks, switches] = [0, 0];
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    for (const [, count] of status.matchAll(/ctxt_switches:\s+(\d+)/g)) switches += Number(count);
  }
  return { ticks, switches };
}

it('costs nothing while nobody calls, with connections open and threads asleep', { timeout: 60_000 }, () =>
  BenchUnderTest.with(async (b) => {
    await b.connected();
    await b.sleeps('server', 'accept4', { fd: 'listener' });
    await b.sleeps('client', 'read', { fd: 'peer', count: 1 });
    const pids = [b.bench.enginePid, ...b.bench.state.processes.map(({ pid }) => pid)];
    expect(pids).toHaveLength(3);
    // What the last call began is over once two counts are the same.
    let before: Cost[] = [];
    await expect
      .poll(
        () => {
          const last = before;
          before = pids.map(costOf);
          return before.map(({ switches }, i) => switches - (last[i]?.switches ?? 0));
        },
        { timeout: 20_000, interval: 300 },
      )
      .toEqual([0, 0, 0]);
    await sleep(idleMs);
    const after = pids.map(costOf);
    expect(after).toEqual(before);
  }),
);
