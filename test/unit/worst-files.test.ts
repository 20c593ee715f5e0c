/**
 * What the worst files cost their reader. Bounds are of memory and of work (bytes read, mistakes told), not of time, which is
 * told with FDSCOPE_WORST=1, as a table.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LabError } from '../../main/lab/errors.ts';
import { detailsOf } from '../../main/lab/sessions/card.ts';
import { mostProblems } from '../../shared/schemas/problems.ts';
import { parseScenario, ScenarioError } from '../../shared/schemas/scenario-text.ts';
import { worstScenarios, worstSessions } from '../support/fuzz/worst-files.ts';

interface Cost {
  readonly what: string;
  readonly fileKiB: number;
  readonly readKiB: number;
  readonly moreMiB: number;
  readonly cpuMs: number;
  readonly told: string;
}

/** Bytes that this process has read so far, from whatever. */
const readSoFar = (): number => Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
/** The most that was resident since it was last asked. */
function peakBytes(): number {
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  writeFileSync('/proc/self/clear_refs', '5');
  return peak;
}

async function costOf(what: string, fileBytes: number, work: () => Promise<string> | string): Promise<Cost> {
  peakBytes();
  const before = process.memoryUsage().rss;
  const [read, cpu] = [readSoFar(), process.cpuUsage()];
  const told = await work();
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...{ what, fileKiB: Math.round(fileBytes / 1024), readKiB: Math.round((readSoFar() - read) / 1024) },
    ...{
      moreMiB: Math.max(0, Math.round((peakBytes() - before) / 2 ** 20)),
      cpuMs: Math.round((user + system) / 1000),
    },
    told: told.slice(0, 70),
  };
}

function show(costs: readonly Cost[]): void {
  if (process.env.FDSCOPE_WORST !== undefined) console.table([...costs].sort((a, b) => b.cpuMs - a.cpuMs));
}

describe('the worst files', () => {
  it('of sessions are opened or refused in a sentence, within their bounds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fdscope-worst-'));
    const costs: Cost[] = [];
    try {
      for (const { what, bytes } of await worstSessions()) {
        const path = join(folder, 'worst.fdscope');
        writeFileSync(path, bytes);
        const cost = await costOf(what, bytes.length, () =>
          detailsOf(path).then(
            () => 'opened',
            (error: unknown) => {
              expect(error, what).toBeInstanceOf(LabError);
              return (error as LabError).message;
            },
          ),
        );
        costs.push(cost);
        expect(cost.moreMiB, what).toBeLessThan(512);
        // Each of its bytes a few times: when it is walked, when a chunk is unpacked, and when its tail is summed up.
        expect(cost.readKiB, what).toBeLessThan(6 * cost.fileKiB + 4096);
      }
    } finally {
      rmSync(folder, { recursive: true });
      show(costs);
    }
    expect(costs.length).toBeGreaterThan(65);
  });

  it('of scenarios are refused with the mistakes that somebody may read, within their bounds', async () => {
    const costs: Cost[] = [];
    for (const { what, text } of worstScenarios()) {
      const cost = await costOf(what, text.length, () => {
        try {
          parseScenario(text, 'worst.yaml');
          return 'opened';
        } catch (error) {
          expect(error, what).toBeInstanceOf(ScenarioError);
          const { mistakes } = error as ScenarioError;
          expect(mistakes.length, what).toBeLessThanOrEqual(mostProblems);
          return `${mistakes.length}: ${mistakes[0]?.sentence ?? ''}`;
        }
      });
      costs.push(cost);
      expect(cost.told, what).not.toBe('opened');
      expect(cost.moreMiB, what).toBeLessThan(512);
    }
    show(costs);
    expect(costs.length).toBeGreaterThan(25);
  });
});
