/** `fdscope switch-cost`: its shape and what it counts. How long a switch takes is the machine's affair. */
import { beforeAll, describe, expect, it } from 'vitest';
import { switchCostSchema } from '../../shared/switch-cost.ts';
import { itWith, output } from '../support/tools.ts';
import { engine } from '../support/engines.ts';
import { hasEngine, runCli, startCli } from '../cli/command-line.ts';

const ids = [
  ...['thread-futex-same-core', 'thread-futex-across-cores', 'thread-pipe-same-core', 'thread-pipe-across-cores'],
  ...['process-pipe-same-core', 'process-pipe-across-cores'],
  ...['ucontext', 'coroutine-stackful', 'coroutine-stackless', 'system-call'],
];

// Whatever the checkout still lacks is made now, so that no test sees the messages of that.
beforeAll(() => runCli(['--version']));

describe('switch-cost', () => {
  it('--json: every way with its spread, and switches of the kernel where the kernel switches', async () => {
    const { code, stdout, stderr } = await runCli(['switch-cost', '--rounds', '3', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { rounds, cpus, switches } = switchCostSchema.parse(JSON.parse(stdout));
    expect(rounds).toBe(3);
    expect(switches.map(({ id }) => id)).toEqual(ids);
    for (const way of switches) {
      const isAcross = way.id.endsWith('across-cores');
      expect(way.available, way.id).toBe(!isAcross || cpus.length > 1);
      if (!way.available) continue;
      const { min, p25, median, p75, max } = way.ns;
      expect(min, way.id).toBeGreaterThan(0);
      expect([min, p25, median, p75, max], way.id).toEqual([min, p25, median, p75, max].sort((a, b) => a - b));
      // On one core nobody runs before the other has been switched away. Across cores a thread may find that its turn
      // has come before it slept.
      if (way.id.endsWith('same-core')) expect(way.kernelSwitches, way.id).toBeGreaterThan(0.9);
      if (!/^(thread|process)/.test(way.id)) expect(way.kernelSwitches, way.id).toBeLessThan(0.1);
    }
  });

  itWith('taskset', 'on a single core the ways across cores say why they are missing', async () => {
    const text = await output('taskset', '-c', '0', engine, 'switch-cost', '--rounds', '1');
    const { cpus, switches } = switchCostSchema.parse(JSON.parse(text));
    expect(cpus).toEqual([0]);
    const missing = switches.filter(({ available }) => !available);
    expect(missing.map(({ id }) => id)).toEqual(ids.filter((id) => id.endsWith('across-cores')));
    for (const way of missing) expect(way).toMatchObject({ reason: 'This process may use one core only.' });
  });

  it('for people: a line for each way', async () => {
    const { code, stdout } = await runCli(['switch-cost', '--rounds', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/│ C\+\+20 coroutine +│ +[\d.]+ │ +[\d.]+ – [\d.]+ │/);
    expect(stdout).toMatch(/^1 rounds on CPUs? \d/m);
  });

  it('Ctrl-C ends it: exit code 130 and a sentence', async () => {
    const run = startCli(['switch-cost', '--rounds', '1000', '--json']);
    // Its engine is there: it measures.
    await expect.poll(() => hasEngine(run.pid, 'switch-cost'), { timeout: 60_000 }).toBe(true);
    run.kill('SIGINT');
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stdout, stderr }).toEqual({
      ...{ code: 130, stdout: '', stderr: 'The measurement was interrupted before its end.\n' },
    });
  });

  it.each(['0', '1.5', '1001'])('--rounds %s is refused', async (rounds) => {
    const { code, stderr } = await runCli(['switch-cost', '--rounds', rounds]);
    expect([code, stderr]).toEqual([2, `--rounds must be a whole number from 1 to 1000, not ${rounds}.\n`]);
  });
});
