/** What each level of detail cost in this lab: CPU per request under it, measured while it was on. */
import { defineStore } from 'pinia';
import { reactive, shallowRef } from 'vue';
import { detailLevels, type DetailLevel } from '../../shared/telemetry/wire.ts';
import { duration, percent } from './format.ts';
import type { TelemetryHistory } from './history.ts';

interface Measured {
  readonly cpuNs: number;
  readonly seconds: number;
}

/** All that must be the same but for what is compared. */
interface Under {
  readonly model: string;
  readonly conditions: string;
  readonly level: DetailLevel;
  readonly switches: boolean;
}

/** A shorter stretch says more of chance than of cost; a longer one forgets how it is now. */
const shortestNs = 2e9;
const longestNs = 15e9;

const keyOf = ({ model, conditions, level, switches }: Under): string =>
  JSON.stringify([model, conditions, level, switches]);

export const useMeasuredCost = defineStore('measured-cost', () => {
  const measured = reactive(new Map<string, Measured>());
  const now = shallowRef<Under>();

  /** `sinceNs`: from when on nothing has changed. */
  function take(history: TelemetryHistory, which: Pick<Under, 'model' | 'conditions'>, sinceNs: number): void {
    const { server } = history.counters;
    const toNs = history.newestNs;
    const fromNs = Math.max(sinceNs, toNs - longestNs);
    const level = detailLevels[server.gauge('detailLevel')] ?? 'counters';
    now.value = { ...which, level, switches: server.gauge('recordsSwitches') === 1 };
    if (toNs - fromNs < shortestNs) return;
    const rate = (name: Parameters<typeof server.rateBetween>[0]): number => server.rateBetween(name, fromNs, toNs);
    const cpuNs = (rate('counter.cpuUserNs') + rate('counter.cpuSystemNs')) / rate('counter.requests');
    if (Number.isFinite(cpuNs)) measured.set(keyOf(now.value), { cpuNs, seconds: (toNs - fromNs) / 1e9 });
  }

  function told(under: Under, base: Under, baseName: string): string | undefined {
    const at = measured.get(keyOf(under));
    if (at === undefined) return undefined;
    const from = measured.get(keyOf(base));
    const figure = `Measured here, ${under.model}: ${duration(at.cpuNs)} of CPU a request over ${at.seconds.toFixed(0)} s`;
    if (keyOf(under) === keyOf(base)) return `${figure}.`;
    if (from === undefined) return `${figure}; ${baseName} has to run for some seconds to compare.`;
    const more = at.cpuNs / from.cpuNs - 1;
    return `${figure}, ${percent(Math.abs(more))} ${more < 0 ? 'less' : 'more'} than ${baseName}.`;
  }

  /** In a sentence; undefined where it has not been measured under what holds now. */
  function costOf(what: DetailLevel | 'switches'): string | undefined {
    if (now.value === undefined) return undefined;
    if (what === 'switches') {
      return told({ ...now.value, switches: true }, { ...now.value, switches: false }, 'the same without them');
    }
    return told({ ...now.value, level: what }, { ...now.value, level: 'counters' }, 'counters alone');
  }

  return { take, costOf };
});
