/** Engines that count wrong, on a machine whose cores others use: the tests of the truth are red all the same. */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { counterEntry, type Counters } from '../../shared/telemetry/codec.ts';
import type { CounterName } from '../../shared/telemetry/wire.ts';
import { measured, watchMachine } from '../support/figures.ts';
import { thisMachine } from '../support/machine.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';
import { expectProcessFigures } from '../truth/process-figures.ts';
import { expectSwitchFigures } from '../truth/switch-figures.ts';

/** A loop a core, by a shell of its own, so that the loops are not ours; they end by themselves if this file does not. */
const loop = 'const end = Date.now() + 120_000; while (Date.now() < end);';
const loops: ChildProcess[] = [];
beforeAll(() => {
  for (let i = 0; i < availableParallelism(); i++) {
    loops.push(spawn(process.execPath, ['-e', loop], { stdio: 'ignore' }));
  }
});
afterAll(() => loops.forEach((each) => each.kill('SIGKILL')));

const asItIs = ServerUnderTest.planted;
afterEach(() => {
  ServerUnderTest.planted = asItIs;
});

/** An engine that tells so many times as much of these counters as there was. */
const wrong =
  (names: readonly CounterName[], times: number) =>
  (frame: Counters): Counters => {
    const counters = frame.counters.slice();
    for (const name of names) counters[counterEntry(name)] = Math.round((counters[counterEntry(name)] ?? 0) * times);
    return { ...frame, counters };
  };

const epollLt = { id: 'epoll-lt', execution: 'event-loop' };

/** What `measured` makes of it: red, skipped or passed. */
async function verdict(check: () => Promise<void>): Promise<string> {
  let skipped: string | undefined;
  try {
    await measured({ skip: (reason) => (skipped = reason) }, check);
    return skipped ?? 'passed';
  } catch (error) {
    return `red: ${(error as Error).message}`;
  }
}

describe('beside busy loops on every core', () => {
  it.each<[CounterName[], number, () => Promise<void>]>([
    [['bytesOut'], 1.01, () => expectProcessFigures(epollLt)],
    [['bytesIn'], 0.99, () => expectProcessFigures(epollLt)],
    // Both: of the little that the server does, the kernel may call nearly nothing user time. Their sum it counts itself.
    [['cpuUserNs', 'cpuSystemNs'], 5, () => expectProcessFigures(epollLt)],
    [['voluntarySwitches'], 1.05, () => expectSwitchFigures('epoll-lt')],
  ])('%s, %d times what it is, is red', async (names, times, check) => {
    ServerUnderTest.planted = wrong(names, times);
    expect(await verdict(check)).toMatch(/^red: /);
  });

  it('the same figures as they are pass', async () => {
    expect(await verdict(() => expectProcessFigures(epollLt))).toBe('passed');
    expect(await verdict(() => expectSwitchFigures('epoll-lt'))).toBe('passed');
  });

  it('the machine is told to be busy by those who share it', async () => {
    const before = thisMachine.read();
    const unfit = watchMachine({ ...thisMachine, read: () => ({ ...thisMachine.read(), ownMs: before.ownMs }) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(unfit()).toMatch(/^(other programs had \d\.\d of \d+ cores|\d+% of the machine's time was stolen)/);
  });
});
