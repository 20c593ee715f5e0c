/** What each model did when it last served in this lab: the figures beside its button. */
import { defineStore } from 'pinia';
import { computed, reactive, ref, shallowRef } from 'vue';
import { modelIds, type ModelId } from '../../shared/catalogue.ts';
import { useExperiments } from './experiments.ts';
import {
  errorNames,
  figureIds,
  figuresBetween,
  recentStretch,
  settleNs,
  type FigureId,
  type Figures,
} from './figures.ts';
import type { TelemetryHistory } from './history.ts';
import { useLab } from './lab.ts';
import { useMeasuredCost } from './measured-cost.ts';
import type { CounterSeries } from './series.ts';
import { useSetup } from './setup.ts';
import { history as runHistory } from './telemetry.ts';

export interface Channel {
  readonly figures: Figures;
  /** Requests per second of late, oldest first. */
  readonly trend: readonly number[];
  /** Under which conditions (setup.conditions). */
  readonly conditions: string;
}

const trendLength = 32;

export interface Gauges {
  readonly openFds: number;
  readonly openConnections: number;
  readonly threads: number;
  readonly rssBytes: number;
}

/** Of one core a client thread: from here on the clients set the rate. */
const busyClientShare = 0.9;

const isModelId = (id: string): id is ModelId => (modelIds as readonly string[]).includes(id);

function errorsOf(clients: CounterSeries): { readonly total: number; readonly words: string } {
  const kinds = errorNames
    .map((name) => ({ word: errorWords(name), count: clients.total(name) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const total = kinds.reduce((sum, { count }) => sum + count, 0);
  return { total, words: kinds.length === 0 ? 'in all' : kinds.map(({ word }) => word).join(', ') };
}

/** "errorFdLimit" as "fd limit". */
const errorWords = (name: string): string =>
  name
    .slice('error'.length)
    .replace(/(?<!^)([A-Z])/g, ' $1')
    .toLowerCase();

export const useChannels = defineStore('channels', () => {
  const lab = useLab();
  const setup = useSetup();
  const experiments = useExperiments();
  const cost = useMeasuredCost();
  const byModel = reactive(new Map<ModelId, Channel>());
  /** Of the last second or two, whoever serves; undefined where nothing runs or too little is known. */
  const now = shallowRef<Figures>();
  const gauges = shallowRef<Gauges>();
  /** At the clients, since the start. */
  const errors = shallowRef<{ readonly total: number; readonly words: string }>();
  const elapsedSeconds = ref(0);
  let lastNs = Number.NaN;

  /** A few times a second; high-rate data itself stays outside. */
  function sample(history: TelemetryHistory = runHistory): void {
    const serving = history.moments.models.at(-1);
    const toNs = history.newestNs;
    if (!(lab.isRunning || experiments.isRunning) || !history.hasData) {
      now.value = undefined;
      gauges.value = undefined;
      errors.value = undefined;
      return;
    }
    elapsedSeconds.value = (toNs - history.originNs) / 1e9;
    if (toNs === lastNs) return;
    lastNs = toNs;
    const { server, clients } = history.counters;
    gauges.value = {
      openFds: server.gauge('openFds'),
      openConnections: server.gauge('openConnections'),
      threads: server.gauge('threads'),
      rssBytes: server.gauge('rssBytes'),
    };
    errors.value = errorsOf(clients);
    const { steadySinceNs } = history;
    const recent = recentStretch(steadySinceNs, server.ring);
    const figures = recent && figuresBetween(history, recent.fromNs, recent.toNs);
    now.value = figures;
    if (figures === undefined) return;
    // What an experiment measures has its settings, and is no channel of this lab.
    if (!lab.isRunning) return;
    // While the clients are paused nothing is measured, and what was measured before still holds.
    const isQuiet = lab.state.paused || !figures.requestsPerSecond;
    if (!serving || !isModelId(serving.model) || lab.phase === 'switching' || isQuiet) return;
    const old = byModel.get(serving.model);
    const { conditions } = setup;
    cost.take(history, { model: serving.model, conditions }, steadySinceNs + settleNs);
    const trend = old?.conditions === conditions ? old.trend : [];
    byModel.set(serving.model, {
      figures,
      conditions,
      trend: [...trend, figures.requestsPerSecond].slice(-trendLength),
    });
  }

  const isClientTheLimit = computed(() => {
    // Of an experiment's clients nobody here knows the number of threads.
    if (!lab.isRunning) return false;
    const threads = lab.state.settings?.load.threads ?? 1;
    return (now.value?.clientCpuCores ?? 0) > busyClientShare * threads;
  });

  const isStale = (channel: Channel): boolean => channel.conditions !== setup.conditions;

  /** The largest of each figure among comparable channels: the length of a full bar. */
  const largest = computed<Readonly<Record<FigureId, number>>>(() => {
    const channels = [...byModel.values()].filter((channel) => !isStale(channel));
    return Object.fromEntries(
      figureIds.map((id) => [id, Math.max(0, ...channels.map((channel) => channel.figures[id] ?? 0))]),
    ) as Record<FigureId, number>;
  });

  function clear(): void {
    byModel.clear();
  }

  return { byModel, now, gauges, errors, isClientTheLimit, elapsedSeconds, largest, isStale, sample, clear };
});
