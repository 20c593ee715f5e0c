/** What each model did when it last served in this lab: the figures beside its button. */
import { defineStore } from 'pinia';
import { useThrottleFn } from '@vueuse/core';
import { computed, reactive, ref, shallowRef, watch } from 'vue';
import { modelIds, type ModelId } from '../../shared/catalogue.ts';
import type { GaugeName } from '../../shared/telemetry/wire.ts';
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
import { useRuns } from './runs.ts';
import { useSetup } from './setup.ts';
import { history as runHistory } from './telemetry.ts';
import { labThreadsAt } from './threads-of-lab.ts';
import { useTimebase } from './timebase.ts';

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
  /** Those that serve, */
  readonly modelThreads: number;
  /** and those of the lab in the same process. */
  readonly labThreads: number;
  readonly rssBytes: number;
}

/** Of one core a client thread: from here on the clients set the rate. */
const busyClientShare = 0.9;

const isModelId = (id: string): id is ModelId => (modelIds as readonly string[]).includes(id);

function errorsOf(clients: CounterSeries, atNs: number): { readonly total: number; readonly words: string } {
  const kinds = errorNames
    .map((name) => ({ word: errorWords(name), count: clients.valueAt(`counter.${name}`, atNs) }))
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

/** What the figures of the strip are of. */
export type FiguresAsOf =
  | { readonly kind: 'now' }
  /** The picture is held, or a session stands there. `sinceStartNs`: the moment in the run. */
  | { readonly kind: 'held'; readonly sinceStartNs: number }
  /** It was stopped, or came to its end. */
  | { readonly kind: 'ended'; readonly sinceStartNs: number };

const keptChannels = 'fdscope.channels';

/** What was measured before the window was loaded anew; nothing where it cannot be read. */
function channelsBefore(): [ModelId, Channel][] {
  try {
    return JSON.parse(sessionStorage.getItem(keptChannels) ?? '[]') as [ModelId, Channel][];
  } catch {
    return [];
  }
}

export const useChannels = defineStore('channels', () => {
  const lab = useLab();
  const setup = useSetup();
  const experiments = useExperiments();
  const runs = useRuns();
  const timebase = useTimebase();
  const cost = useMeasuredCost();
  const byModel = reactive(new Map<ModelId, Channel>(channelsBefore()));
  /** What was measured while the picture is held, and is shown when it is let go. */
  const waiting = new Map<ModelId, Channel>();
  /** Of the last second or two up to `asOf`, whoever serves; undefined where nothing ran or too little is known. */
  const now = shallowRef<Figures>();
  const gauges = shallowRef<Gauges>();
  /** At the clients, since the start. */
  const errors = shallowRef<{ readonly total: number; readonly words: string }>();
  const asOf = shallowRef<FiguresAsOf>();
  const elapsedSeconds = ref(0);
  let measuredNs = Number.NaN;
  let shownKey = '';

  /** A few times a second; high-rate data itself stays outside. */
  function sample(history: TelemetryHistory = runHistory): void {
    measure(history);
    show(history);
  }

  /** The channel of who serves; of the lab alone, as what an experiment measures has its own settings. */
  function measure(history: TelemetryHistory): void {
    if (!lab.isRunning || runs.shown === 'experiment' || !history.hasData) return;
    const { newestNs, steadySinceNs } = history;
    elapsedSeconds.value = (newestNs - history.originNs) / 1e9;
    if (newestNs === measuredNs) return;
    measuredNs = newestNs;
    const serving = history.moments.models.at(-1);
    const recent = recentStretch(steadySinceNs, history.counters.server.ring);
    const figures = recent && figuresBetween(history, recent.fromNs, recent.toNs);
    if (figures === undefined) return;
    // While the clients are paused nothing is measured, and what was measured before still holds.
    const isQuiet = lab.state.paused || !figures.requestsPerSecond;
    if (!serving || !isModelId(serving.model) || lab.phase === 'switching' || isQuiet) return;
    const { model } = serving;
    const old = waiting.get(model) ?? byModel.get(model);
    const { conditions } = setup;
    cost.take(history, { model, conditions }, steadySinceNs + settleNs);
    const trend = old?.conditions === conditions ? old.trend : [];
    waiting.set(model, { figures, conditions, trend: [...trend, figures.requestsPerSecond].slice(-trendLength) });
  }

  function publish(): void {
    if (waiting.size === 0) return;
    for (const [model, channel] of waiting) byModel.set(model, channel);
    waiting.clear();
    void keep();
  }

  /** A window that is loaded anew has them still. */
  const keep = useThrottleFn(
    () => {
      try {
        sessionStorage.setItem(keptChannels, JSON.stringify([...byModel]));
      } catch {
        // A browser that keeps nothing has no figures next time.
      }
    },
    1000,
    true,
  );

  // What stands beside the models is of the held moment, too, and not of the last look before it.
  watch(
    () => timebase.heldNs,
    (heldNs, before) => {
      if (heldNs === undefined || before !== undefined) return;
      measure(runHistory);
      publish();
    },
    { flush: 'sync' },
  );

  /** What the strip says: of the moment that is held, of the end of what ran, or of now. */
  function show(history: TelemetryHistory): void {
    const isGoing = !runs.isKeptShown && (runs.fed === 'experiment' ? experiments.isRunning : lab.isRunning);
    const { heldNs } = timebase;
    if (heldNs === undefined) publish();
    if (!history.hasData) {
      now.value = undefined;
      gauges.value = undefined;
      errors.value = undefined;
      asOf.value = undefined;
      shownKey = '';
      return;
    }
    const { server, clients } = history.counters;
    const lastNs = isGoing ? history.newestNs : Math.min(history.lastNs, clients.ring.newestNs || history.lastNs);
    const untilNs = Math.min(heldNs ?? Number.POSITIVE_INFINITY, lastNs);
    const key = [history.epoch, untilNs, isGoing, heldNs].join();
    if (key === shownKey) return;
    shownKey = key;
    const sinceStartNs = untilNs - history.originNs;
    // A session that is replayed stands at a moment, too.
    const isHeldBefore = (heldNs !== undefined && (isGoing || heldNs < lastNs)) || runs.shown === 'session';
    asOf.value = isHeldBefore
      ? { kind: 'held', sinceStartNs }
      : isGoing
        ? { kind: 'now' }
        : { kind: 'ended', sinceStartNs };
    const gauge = (name: GaugeName): number => server.valueAt(`gauge.${name}`, untilNs);
    const labThreads = labThreadsAt(history, untilNs);
    gauges.value = {
      openFds: gauge('openFds'),
      openConnections: gauge('openConnections'),
      modelThreads: Math.max(0, gauge('threads') - labThreads),
      labThreads,
      rssBytes: gauge('rssBytes'),
    };
    errors.value = errorsOf(clients, untilNs);
    const recent = recentStretch(history.steadySince(untilNs), server.ring, untilNs);
    now.value = recent && figuresBetween(history, recent.fromNs, recent.toNs);
  }

  const isClientTheLimit = computed(() => {
    // Of an experiment's clients nobody here knows the number of threads.
    if (runs.shown !== 'own') return false;
    const { threads } = (lab.state.settings ?? setup.draft).load;
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
    waiting.clear();
    void keep();
  }

  return { byModel, now, gauges, errors, asOf, isClientTheLimit, elapsedSeconds, largest, isStale, sample, clear };
});
