/**
 * Each expectation of each shipped scenario fails when what it is about is taken away: the server without the delay, the
 * clients without the slow one, one model under the other's name. One that held all the same would hold for another reason.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LabService } from '../../main/lab/lab-service.ts';
import { builtInNames } from '../../main/lab/scenario-files.ts';
import { conclude } from '../../shared/expectations/conclude.ts';
import { figuresOf, parseExpectation } from '../../shared/expectations/expression.ts';
import { parseScenario } from '../../shared/schemas/scenario-text.ts';
import { labelOf, namesIn, planScenario, type Scenario } from '../../shared/schemas/scenario.ts';
import type { Client, ScenarioSubject } from '../../shared/schemas/settings.ts';
import { root } from '../support/engines.ts';

type Change = (scenario: Scenario) => Partial<Scenario>;
interface Plant {
  readonly what: string;
  readonly change: Change;
  /** Which expectations are then not borne out, from 0 on. */
  readonly fails: readonly number[];
}

/** Others serve under a model's name. */
const impostors =
  (taken: Readonly<Record<string, ScenarioSubject>>): Change =>
  ({ models }) => ({
    models: models.map((entry) => {
      const label = labelOf(entry);
      const other = taken[label];
      if (other === undefined) return entry;
      return typeof other === 'string' ? { model: other, options: {}, label } : { ...other, label };
    }),
  });
const withOptions = (model: 'blocking-pool' | 'blocking-iterative' | 'epoll-shared' | 'epoll-et', options: object) =>
  ({ model, options }) as ScenarioSubject;
const inVariant =
  (label: string, changes: Partial<NonNullable<Scenario['variants']>[number]>): Change =>
  ({ variants }) => ({ variants: variants?.map((each) => (each.label === label ? { ...each, ...changes } : each)) });
const server =
  (changes: Partial<Scenario['server']>): Change =>
  (scenario) => ({ server: { ...scenario.server, ...changes } });
const both =
  (...changes: readonly Change[]): Change =>
  (scenario) =>
    changes.reduce((changed, change) => ({ ...changed, ...change({ ...scenario, ...changed }) }), {});

const closed: Client = { profile: 'closed' };
const slow = (connections: number, intervalMs: number): Client => ({
  ...{ profile: 'slow-writer', connections, chunkBytes: 1, intervalMs },
});

const plants: Readonly<Record<string, readonly Plant[]>> = {
  'accept-queue-overflow': [
    {
      what: 'room for all',
      change: impostors({ 'short-queue': withOptions('blocking-iterative', { backlog: 4096 }) }),
      fails: [0],
    },
    {
      what: 'no room',
      change: impostors({ 'long-queue': withOptions('blocking-iterative', { backlog: 8 }) }),
      fails: [1],
    },
    {
      what: 'no room and no patience',
      change: both(impostors({ 'long-queue': withOptions('blocking-iterative', { backlog: 8 }) }), ({ load }) => ({
        load: { ...load, timeoutMs: 300 },
      })),
      fails: [2],
    },
  ],
  'busy-polling': [
    {
      what: 'nobody polls',
      change: impostors({ 'polling-scan': 'epoll-lt', 'polling-threads': 'epoll-lt' }),
      fails: [0, 2, 3],
    },
    {
      what: 'one that serves one at a time',
      change: both(impostors({ 'polling-scan': 'blocking-iterative' }), () => ({
        clients: [{ ...closed, thinkMs: 20 }],
      })),
      fails: [1],
    },
  ],
  'connection-churn': [
    { what: 'connections that stay', change: inVariant('new for each', { clients: [closed] }), fails: [0, 1, 2] },
    { what: 'no threads', change: impostors({ 'blocking-threads': 'epoll-lt' }), fails: [3] },
  ],
  'cpu-bound': [
    { what: 'no work', change: server({ workUs: 10 }), fails: [1] },
    {
      what: 'one that polls, and clients that think',
      change: both(server({ workUs: 0 }), impostors({ 'epoll-lt': 'polling-scan' }), () => ({
        clients: [{ ...closed, thinkMs: 100 }],
      })),
      fails: [0],
    },
  ],
  'forgotten-close': [
    {
      what: 'one that closes',
      change: inVariant('forgets', { server: { forgetsToClose: false } }),
      fails: [0, 1, 2],
    },
    { what: 'one that forgets', change: inVariant('closes', { server: { forgetsToClose: true } }), fails: [3] },
  ],
  'forward-proxy': [
    {
      what: 'a thread for everybody',
      change: impostors({ 'blocking-pool': withOptions('blocking-pool', { poolSize: 150 }) }),
      fails: [0, 1],
    },
    {
      what: 'an upstream that answers at once',
      change: both(impostors({ 'blocking-pool': withOptions('blocking-pool', { poolSize: 150 }) }), () => ({
        clients: [closed],
        upstream: { model: 'epoll-lt', handler: 'respond', responseBytes: 64, workUs: 0, waitMs: 0 },
      })),
      fails: [3],
    },
    { what: 'no coroutines', change: impostors({ 'coroutine-stackful': 'blocking-threads' }), fails: [2] },
  ],
  'fragmented-requests': [
    {
      what: 'whole requests',
      change: inVariant('in pieces', { clients: [{ ...closed, thinkMs: 20 }] }),
      fails: [0, 1],
    },
    { what: 'one at a time', change: impostors({ 'coroutine-stackful': 'blocking-iterative' }), fails: [2] },
  ],
  'head-of-line': [
    {
      what: 'nobody slow',
      change: inVariant('with a slow one', { clients: [{ profile: 'churn', thinkMs: 20 }] }),
      fails: [0, 1, 2],
    },
    {
      what: 'one slow where there is none',
      change: inVariant('without', { clients: [{ profile: 'churn', thinkMs: 20 }, slow(1, 50)] }),
      fails: [3],
    },
  ],
  'idle-thousands': [
    { what: 'epoll under the name of poll', change: impostors({ poll: 'epoll-lt' }), fails: [0, 1] },
    { what: 'poll under the name of epoll', change: impostors({ 'epoll-lt': 'poll' }), fails: [2] },
    { what: 'no fd_set', change: impostors({ select: 'poll' }), fails: [3] },
  ],
  'io-uring-against-epoll': [
    { what: 'no ring', change: impostors({ io_uring: 'epoll-lt' }), fails: [0] },
    {
      what: 'a process for each',
      change: both(impostors({ io_uring: 'blocking-fork' }), () => ({
        clients: [{ profile: 'churn' }],
        connections: 20,
      })),
      fails: [1],
    },
  ],
  'level-against-edge': [
    { what: 'one that drains', change: impostors({ undrained: 'epoll-et' }), fails: [1, 2, 3] },
    {
      what: 'nobody drains',
      change: impostors({ 'epoll-et': withOptions('epoll-et', { drain: false }) }),
      fails: [0],
    },
    { what: 'no edges', change: impostors({ 'epoll-et': 'epoll-lt' }), fails: [4] },
  ],
  'open-against-closed-loop': [
    {
      what: 'an open loop in its place',
      change: inVariant('closed loop', { clients: [{ profile: 'rate', rate: 800 }] }),
      fails: [0],
    },
    {
      what: 'no stall',
      change: ({ phases }) => ({ phases: phases?.map((each) => ({ ...each, waitMs: 0 })) }),
      fails: [1, 2],
    },
  ],
  'quick-tour': [
    {
      what: 'epoll under all names',
      change: impostors({ 'blocking-threads': 'epoll-lt', 'polling-scan': 'epoll-lt' }),
      fails: [0, 1],
    },
    {
      what: 'four threads for fifty clients',
      change: impostors({ select: withOptions('blocking-pool', { poolSize: 4 }) }),
      fails: [2],
    },
  ],
  'six-steps': [
    { what: 'connections that stay', change: inVariant('new for each', { clients: [closed] }), fails: [0, 2] },
    { what: 'new ones', change: inVariant('kept', { clients: [{ profile: 'churn' }] }), fails: [1] },
  ],
  'slow-reader': [
    { what: 'replies that fit', change: server({ responseBytes: 1024 }), fails: [0, 1] },
    { what: 'no threads', change: impostors({ 'blocking-threads': 'epoll-lt' }), fails: [2] },
    { what: 'one that waits in write', change: impostors({ 'epoll-lt': 'blocking-iterative' }), fails: [3] },
  ],
  slowloris: [
    {
      what: 'as many slow ones as leave threads free',
      change: inVariant('sixteen', { clients: [slow(8, 100), { profile: 'churn', startMs: 200, thinkMs: 5 }] }),
      fails: [0],
    },
    {
      what: 'a pool under all names',
      change: impostors({
        'epoll-lt': withOptions('blocking-pool', { poolSize: 16 }),
        'coroutine-stackful': withOptions('blocking-pool', { poolSize: 16 }),
      }),
      fails: [1],
    },
    {
      what: 'a slow one for each thread',
      change: inVariant('eight', { clients: [slow(16, 100), { profile: 'churn', startMs: 200, thinkMs: 5 }] }),
      fails: [2],
    },
  ],
  'switch-cost': [
    {
      what: 'coroutines under the name of threads',
      change: impostors({ 'blocking-threads': 'coroutine-stackful' }),
      fails: [0, 1, 2, 3],
    },
  ],
  'thread-per-connection': [
    {
      what: 'a loop under the name of threads',
      change: impostors({ 'blocking-threads': 'epoll-lt' }),
      fails: [0, 1, 2],
    },
  ],
  'thundering-herd': [
    {
      what: 'nobody but one is woken',
      change: impostors({ herd: withOptions('epoll-shared', { threads: 8, exclusive: true }) }),
      fails: [0, 1],
    },
  ],
  'upstream-wait': [
    {
      what: 'a thread for everybody',
      change: impostors({ 'blocking-pool': withOptions('blocking-pool', { poolSize: 150 }) }),
      fails: [0, 2, 3, 4],
    },
    {
      what: 'threads that compute',
      change: both(
        server({ workUs: 8000, waitMs: 0 }),
        impostors({ 'blocking-pool': withOptions('blocking-pool', { poolSize: 150 }) }),
      ),
      fails: [1],
    },
  ],
};

/** That replies are what they should be is a check of the lab, which its own tests plant faults for. */
const isIntegrity = (text: string): boolean => /^mismatches\([^)]*\) <= 0( and mismatches\([^)]*\) <= 0)*$/.test(text);

const scenarioOf = (name: string): Scenario =>
  parseScenario(readFileSync(join(root, 'shared/scenarios', `${name}.yaml`), 'utf8'), name);

/** With those models and variants only that the expectations name, and short. */
function onlyFor(scenario: Scenario, fails: readonly number[]): Scenario {
  const expectations = fails.flatMap((index) => scenario.expectations?.[index] ?? []);
  const named = expectations.flatMap(({ expect: text }) => figuresOf(parseExpectation(text, namesIn(scenario))));
  const isNamed = (key: 'model' | 'variant', name: string): boolean => named.some((ref) => ref[key] === name);
  const { predict: _predict, ...rest } = scenario;
  return {
    ...rest,
    expectations,
    repeats: 1,
    durationSeconds: Math.min(scenario.durationSeconds, scenario.phases ? 4 : 1.5),
    models: scenario.models.filter((entry) => isNamed('model', labelOf(entry))),
    ...(scenario.variants ? { variants: scenario.variants.filter(({ label }) => isNamed('variant', label)) } : {}),
  };
}

const lab = new LabService();
const limitMs = 240_000;

it('has a fault for every expectation of every scenario', () => {
  expect(Object.keys(plants).sort()).toEqual([...builtInNames()].sort());
  for (const [name, own] of Object.entries(plants)) {
    const failing = new Set(own.flatMap(({ fails }) => fails));
    const all = (scenarioOf(name).expectations ?? []).flatMap(({ expect: text }, i) => (isIntegrity(text) ? [] : [i]));
    expect([...failing].sort(), name).toEqual(all);
  }
});

describe.each(Object.entries(plants))('%s', (name, own) => {
  it.each(own)('with $what', { timeout: limitMs }, async ({ change, fails }) => {
    const original = scenarioOf(name);
    const planted = onlyFor(original, fails);
    const scenario = { ...planted, ...change(planted) };
    const outcomes = await lab.runPlan(planScenario(scenario));
    const runs = outcomes.flatMap((each) => (each.kind === 'done' ? [each.result] : []));
    expect(runs).toHaveLength(outcomes.length);
    // What its expectations may name is what the scenario has, not what the fault has left of it.
    const { expectations } = conclude(planted, runs);
    const told = expectations.map(({ expect: text, held, figures }) => ({
      ...{ text, held, figures: figures.map((figure) => `${figure.text} = ${figure.value ?? 'none'}`) },
    }));
    expect(told.filter(({ held }) => held !== false)).toEqual([]);
  });
});
