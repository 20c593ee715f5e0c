/** How figures are judged: red where they are wrong, on any machine; inconclusive, with the reason, where time was not ours. */
import { describe, expect, it } from 'vitest';
import { measured, whenQuiet } from '../support/figures.ts';
import { thisMachine, type Machine } from '../support/machine.ts';

/** A machine of two cores that, from look to look, gives others, its host and a busy loop these shares. */
function machine(...looks: { others?: number; stolen?: number; lost?: number }[]): Machine {
  let reads = 0;
  let now = { atMs: 0, usedMs: 0, ownMs: 0, stolenMs: 0 };
  const look = (): { others?: number; stolen?: number; lost?: number } =>
    looks[Math.min(Math.floor((reads - 1) / 2), looks.length - 1)] ?? {};
  return {
    cores: 2,
    read() {
      reads++;
      const { others = 0, stolen = 0 } = look();
      now = {
        atMs: now.atMs + 1000,
        // We use a core, whatever the others do.
        usedMs: now.usedMs + 1000 * (1 + others),
        ownMs: now.ownMs + 1000,
        stolenMs: now.stolenMs + 2000 * stolen,
      };
      return now;
    },
    lostShare: () => look().lost ?? 0,
  };
}

const quiet = machine({});
const busy = machine({ others: 1.4 });

/** What became of a test: its error, what it was skipped with, or undefined where it passed. */
async function outcome(
  on: Machine,
  attempt: () => void,
): Promise<{ attempts: number; error?: unknown; skipped?: string }> {
  let attempts = 0;
  let skipped: string | undefined;
  const skip = (reason: string): void => void (skipped = reason);
  try {
    await measured(
      { skip },
      () => {
        attempts++;
        attempt();
      },
      { machine: on, calmMs: 0 },
    );
    return { attempts, ...(skipped === undefined ? {} : { skipped }) };
  } catch (error) {
    return { attempts, error };
  }
}

const wrongCount = (): void => expect(99).toBe(100);
const late = (): void => whenQuiet(() => expect(1500).toBeLessThan(1000));

describe('a figure', () => {
  it('that is wrong is red at once, on a quiet machine and on a busy one', async () => {
    for (const on of [quiet, busy]) {
      const { attempts, error, skipped } = await outcome(on, wrongCount);
      expect({ attempts, skipped }).toEqual({ attempts: 1, skipped: undefined });
      expect((error as Error).message).toContain('expected 99 to be 100');
    }
  });

  it('of time that is wrong twice is red on a machine that was quiet', async () => {
    const { attempts, error, skipped } = await outcome(quiet, late);
    expect({ attempts, skipped }).toEqual({ attempts: 2, skipped: undefined });
    expect((error as Error).message).toContain('expected 1500 to be less than 1000');
  });

  it('of time that was wrong on a quiet machine is red, or seen to be right, and never passed over', async () => {
    const quietThenBusy = machine({}, { others: 1.4 });
    const { attempts, error, skipped } = await outcome(quietThenBusy, late);
    expect({ attempts, skipped }).toEqual({ attempts: 3, skipped: undefined });
    expect((error as Error).message).toContain('expected 1500 to be less than 1000');
    let tries = 0;
    expect(await outcome(quiet, () => whenQuiet(() => expect(++tries).toBeGreaterThan(1)))).toEqual({ attempts: 2 });
  });

  it.each([
    ['others had the cores', { others: 1.4 }, 'other programs had 1.4 of 2 cores'],
    ['the host stole time', { stolen: 0.1 }, "10% of the machine's time was stolen by its host"],
    ['a busy loop did not get its core', { lost: 0.4 }, 'a busy loop was kept from its core for 40% of its time'],
  ])('of time is inconclusive after three tries where %s', async (_what, look, reason) => {
    const { attempts, error, skipped } = await outcome(machine(look), late);
    expect({ attempts, error, skipped }).toEqual({
      ...{ attempts: 3, error: undefined, skipped: `inconclusive, 3 times: ${reason}` },
    });
  });

  it('of time that is right passes on any machine', async () => {
    for (const on of [quiet, busy]) {
      expect(await outcome(on, () => whenQuiet(() => expect(500).toBeLessThan(1000)))).toEqual({ attempts: 1 });
    }
  });

  it('is judged anew once the machine is quiet again: then it is right, or red', async () => {
    let tries = 0;
    const atFirst = (): void => whenQuiet(() => expect(++tries).toBeGreaterThan(1));
    expect(await outcome(machine({ others: 1 }, {}), atFirst)).toEqual({ attempts: 2 });
    const { attempts, error } = await outcome(machine({ others: 1 }, {}), late);
    expect(attempts).toBe(3);
    expect((error as Error).message).toContain('expected 1500 to be less than 1000');
  });
});

describe('this machine', () => {
  it('tells time of its own and of all, and what a busy loop lost', () => {
    const before = thisMachine.read();
    while (performance.now() - before.atMs < 200);
    const after = thisMachine.read();
    const [own, used] = [after.ownMs - before.ownMs, after.usedMs - before.usedMs];
    // By ticks of 10 ms, some of which may have been somebody else's.
    expect(own).toBeGreaterThanOrEqual(10);
    expect(used).toBeGreaterThanOrEqual(own - 40);
    const lost = thisMachine.lostShare();
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThan(1);
  });
});
