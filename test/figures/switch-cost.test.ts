/** What `switch-cost` says of the kernel's switches, beside perf's own bench of the same. */
import { describe, expect, it } from 'vitest';
import { switchCostSchema } from '../../shared/switch-cost.ts';
import { engine } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { isInstalled, output } from '../support/tools.ts';

const loops = 10_000;
/** Rounds of both, in turn. The fastest of each is compared: what disturbs a round only ever makes it slower. */
const mostRounds = 15;
const agreement = 1.5;

/** Nanoseconds for one switch by `perf bench`, on the first core; seconds are all that its simple format prints. */
async function perfPipeNs(...options: string[]): Promise<number> {
  const bench = ['perf', 'bench', '-f', 'simple', 'sched', 'pipe', '-l', String(loops), ...options];
  const seconds = Number(await output('taskset', '-c', '0', ...bench));
  return (seconds * 1e9) / (2 * loops);
}

async function fastestNs(): Promise<Map<string, number>> {
  const text = await output('taskset', '-c', '0', engine, 'switch-cost', '--rounds', '3');
  const { switches } = switchCostSchema.parse(JSON.parse(text));
  return new Map(switches.flatMap((way) => (way.available ? [[way.id, way.ns.min]] : [])));
}

const pairs = { 'thread-pipe-same-core': ['--threaded'], 'process-pipe-same-core': [] };

describe('switch-cost', () => {
  const missing = ['perf', 'taskset'].find((tool) => !isInstalled(tool));
  if (missing) {
    it.skip(`agrees with perf bench sched pipe — skipped: ${missing} is not installed`);
    return;
  }
  it('agrees with perf bench sched pipe', (context) =>
    measured(context, async () => {
      const ours = new Map<string, number>();
      const perfs = new Map<string, number>();
      const lower = (of: Map<string, number>, id: string, ns: number): void => {
        of.set(id, Math.min(ns, of.get(id) ?? Infinity));
      };
      const ratio = (id: string): number => (ours.get(id) ?? NaN) / (perfs.get(id) ?? NaN);
      const isAgreed = (id: string): boolean => ratio(id) < agreement && ratio(id) > 1 / agreement;
      for (let round = 0; round < mostRounds; round++) {
        const figures = await fastestNs();
        for (const [id, options] of Object.entries(pairs)) {
          lower(ours, id, figures.get(id) ?? NaN);
          lower(perfs, id, await perfPipeNs(...options));
        }
        if (round >= 2 && Object.keys(pairs).every(isAgreed)) break;
      }
      for (const id of Object.keys(pairs))
        whenQuiet(() => expect(isAgreed(id), `${id}: ${ratio(id)} of what perf measures`).toBe(true));
    }));
});
