/** What a conclusion tells: figures in a sentence, the runs in small, whole runs; and what is shown before anything ran. */
import { mount } from '@vue/test-utils';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import BriefingPane from '../../../renderer/screens/conclusion/BriefingPane.vue';
import { momentThatMatters, toldRuns } from '../../../renderer/screens/conclusion/outcome-tracks.ts';
import { toldFigures } from '../../../renderer/screens/conclusion/told-figures.ts';
import WholeRuns from '../../../renderer/screens/conclusion/WholeRuns.vue';
import SocketFields from '../../../renderer/screens/scope/SocketFields.vue';
import { withProfile } from '../../../renderer/stores/profiles.ts';
import type { UsableScenario } from '../../../renderer/stores/scenarios.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import { liveSettingsOf } from '../../../shared/contract/live.ts';
import type { ScenarioOutcome } from '../../../shared/contract/experiments.ts';
import { socketOptionNames } from '../../../shared/schemas/settings.ts';
import { parseScenario } from '../../../shared/schemas/scenario-text.ts';
import { planScenario } from '../../../shared/schemas/scenario.ts';

const folder = join(import.meta.dirname, '../../../shared/scenarios');
const scenarioOf = (name: string) => parseScenario(readFileSync(join(folder, `${name}.yaml`), 'utf8'), name);

let pinia: ReturnType<typeof createPinia>;
beforeEach(() => {
  pinia = createPinia();
  setActivePinia(pinia);
});

describe('figures of an expectation', () => {
  const figure = (text: string, value: number | null, unit: string) => ({ text, value, unit });

  it('are told in a sentence, with how far apart two are', () => {
    expect(
      toldFigures({
        figures: [
          figure('cpuPerRequest(poll, "9,000 idle")', 252, 'µs'),
          figure('cpuPerRequest(epoll-lt, "9,000 idle")', 9, 'µs'),
        ],
      }),
    ).toBe(
      'CPU/request: 252 µs under poll, 9,000 idle, 9 µs under epoll-lt, 9,000 idle; the first is 28 times the other.',
    );
  });

  it('say so where two are alike, where there is one, and where one is infinite', () => {
    const alike = [figure('p99(a)', 100, 'µs'), figure('p99(b)', 102, 'µs')];
    expect(toldFigures({ figures: alike })).toContain('the two are alike');
    expect(toldFigures({ figures: [figure('timeouts(undrained)', 12, '')] })).toBe('Timeouts: 12 under undrained.');
    expect(
      toldFigures({ figures: [figure('cpuPerRequest(a)', null, 'µs'), figure('cpuPerRequest(b)', 2, 'µs')] }),
    ).toContain('∞ under a');
  });

  it('are not told where they cannot be read', () => {
    expect(toldFigures({ figures: [] })).toBeUndefined();
    expect(toldFigures({ figures: [figure('nothing(x)', 1, '')] })).toBeUndefined();
  });
});

const seconds = [0.2, 0.4, 0.6, 0.8, 1];
const timeline = (p99Us: number[]) => ({
  seconds,
  p99Us,
  requestsPerSecond: [100, 100, 100, 100, 100],
  cpuCores: [0.1, 0.1, 0.1, 0.1, 0.1],
});
const outcome = (p99s: number[][]): ScenarioOutcome => ({
  scenario: scenarioOf('forgotten-close'),
  runs: p99s.map((_, at) => ({
    ...{ model: 'epoll-lt', variant: `v${at}`, durationSeconds: 1, requests: 50, accepts: 50, peakFds: 80 },
    ...{ peakConnections: 20, moments: [] },
  })) as unknown as ScenarioOutcome['runs'],
  stories: p99s.map((p99) => ({ timeline: timeline(p99), whole: { seconds: 1.4, requests: 70, accepts: 71 } })),
  notRun: [],
  conclusion: { expectations: [] },
  isCancelled: false,
});

describe('the runs in small', () => {
  it('mark the step that is farthest from what is usual in its run', () => {
    const entries = toldRuns(
      outcome([
        [10, 11, 10, 12, 10],
        [10, 10, 900, 10, 10],
      ]),
    );
    expect(entries.map(({ label }) => label)).toEqual(['epoll-lt, v0', 'epoll-lt, v1']);
    expect(momentThatMatters(entries, 'p99Us')).toEqual({ seconds: 0.6, value: 900, entry: 1, text: 'epoll-lt, v1' });
  });

  it('mark nothing where all goes on evenly', () => {
    const entries = toldRuns(outcome([[10, 11, 10, 12, 10]]));
    expect(momentThatMatters(entries, 'p99Us')).toBeUndefined();
    expect(momentThatMatters(entries, 'requestsPerSecond')).toBeUndefined();
  });

  it('repeats of a model under a variant are one entry', () => {
    const both = outcome([
      [1, 1, 1, 1, 1],
      [2, 2, 2, 2, 2],
    ]);
    const runs = both.runs.map((run) => ({ ...run, variant: 'same' }));
    expect(toldRuns({ ...both, runs })).toMatchObject([{ label: 'epoll-lt, same', timelines: [{}, {}] }]);
  });
});

it('whole runs stand beside the measured interval', () => {
  const table = mount(WholeRuns, { props: { outcome: outcome([[1, 1, 1, 1, 1]]) }, global: { plugins: [pinia] } });
  const cells = table.findAll('tbody td').map((cell) => cell.text());
  expect(cells).toEqual(['1.4 s', '1.0 s', '70', '50', '71', '50', '80', '20']);
});

describe('before the run', () => {
  const shipped = readdirSync(folder).map((file) => file.replace('.yaml', ''));

  it.each(shipped)('%s: nothing beside the question tells where to look, why, or what it means', (name) => {
    const scenario = scenarioOf(name);
    const chosen: UsableScenario = {
      ...{ name, scenario, origin: 'built-in', source: { name }, mistakes: [], commands: [] },
      plan: { runs: 1, seconds: 1 },
    };
    const text = mount(BriefingPane, { props: { chosen }, global: { plugins: [pinia] } })
      .text()
      .replaceAll(/\s+/g, ' ');
    const told = [
      ...scenario.watch,
      ...(scenario.explain ?? []),
      ...(scenario.expectations ?? []).flatMap(({ expect: sentence, because, otherwise }) => [
        sentence,
        because,
        otherwise,
      ]),
    ];
    expect(told.filter((line) => text.includes(line.slice(0, 40)))).toEqual([]);
    expect(text).toContain(scenario.question.slice(0, 30));
    const lessons = readdirSync(join(folder, '../lessons')).map((file) => file.replace('.md', ''));
    if (scenario.lesson !== undefined) expect(lessons).toContain(scenario.lesson);
    // What it means is told afterwards, with what to try next.
    expect([scenario.explain?.length, scenario.next?.length].every((count) => (count ?? 0) > 0)).toBe(true);
  });
});

describe('in Scope', () => {
  it('a run opens with its variant, its options and every setting of its server', () => {
    const plan = planScenario(scenarioOf('forgotten-close'));
    const forgets = plan.find(({ variant }) => variant === 'forgets');
    const live = forgets && liveSettingsOf(forgets.settings, 'Forgotten close');
    expect(live?.server.forgetsToClose).toBe(true);
    const setup = useSetup();
    if (live) setup.take(live, 'forgotten-close');
    expect(setup.toStart.server).toMatchObject({ forgetsToClose: true, model: forgets?.settings.server.model });
    expect(setup.toStart.load).toEqual(forgets?.settings.load);
  });

  it('a run opens with what its sockets are told, on both sides; the fields change that, and say what waits for a restart', () => {
    const scenario = parseScenario(
      [
        'version: 1',
        'title: T',
        'question: Q?',
        'watch: [W]',
        'server: { noDelay: false, sendBufferBytes: 4096, deferAcceptSeconds: 5 }',
        'clients: [{ profile: closed, receiveBufferBytes: 2048 }]',
        'models: [epoll-lt]',
      ].join('\n'),
      't.yaml',
    );
    const [run] = planScenario(scenario);
    const live = run && liveSettingsOf(run.settings, 'T');
    const setup = useSetup();
    if (live) setup.take(live, 't');
    expect(setup.toStart.server).toMatchObject({ noDelay: false, sendBufferBytes: 4096, deferAcceptSeconds: 5 });
    expect(setup.toStart.clients).toEqual([{ profile: 'closed', receiveBufferBytes: 2048 }]);
    const before = setup.conditions;
    setup.setSockets({ noDelay: undefined, sendBufferBytes: 8192, deferAcceptSeconds: undefined });
    expect(JSON.parse(JSON.stringify(setup.toStart.server))).toMatchObject({ sendBufferBytes: 8192 });
    expect(JSON.stringify(setup.toStart.server)).not.toMatch(/noDelay|deferAccept/);
    expect(setup.conditions).not.toBe(before);
    expect(withProfile({ profile: 'closed', noDelay: false, sendBufferBytes: 4096 }, 'churn')).toEqual({
      ...{ profile: 'churn', noDelay: false, sendBufferBytes: 4096 },
    });
  });

  it('the fields of sockets are labelled, and 0 leaves them to the kernel', async () => {
    const wrapper = mount(SocketFields, { props: { whose: 'Server’s', sockets: {}, mayDefer: true } });
    const labels = wrapper.findAll('label').map((label) => label.text());
    for (const name of ['Server’s send buffer', 'Server’s receive buffer', 'Accepts with the first bytes']) {
      expect(
        labels.some((label) => label.startsWith(name)),
        name,
      ).toBe(true);
    }
    const [send] = wrapper.findAll('input');
    await send?.setValue('100');
    await send?.setValue('0');
    await wrapper.get('input[type=checkbox]').setValue(true);
    expect(wrapper.emitted('change')).toEqual([
      [{ sendBufferBytes: 1024 }],
      [{ sendBufferBytes: undefined }],
      [{ noDelay: false }],
    ]);
  });

  it('options of the model are those of the run, not those that were set by hand before', () => {
    const setup = useSetup();
    setup.setOptions('epoll-et', { drain: true, batch: 7 });
    const undrained = planScenario(scenarioOf('level-against-edge')).find(({ label }) => label === 'undrained');
    const live = undrained && liveSettingsOf(undrained.settings, 'x');
    if (live) setup.take(live, 'level-against-edge');
    expect(setup.toStart.server.options).toEqual({ drain: false });
  });

  it('every setting of a scenario’s server and load has its field', () => {
    const panels = ['ServerPanel', 'SetupSheet', 'UpstreamFields', 'LoadFields', 'SocketFields']
      .map((file) => readFileSync(join(import.meta.dirname, `../../../renderer/screens/scope/${file}.vue`), 'utf8'))
      .join('\n');
    const { server, load } = scenarioOf('forward-proxy');
    const keys = [
      ...Object.keys(server),
      ...socketOptionNames,
      ...Object.keys(load),
      'requestBytes',
      'sourceAddresses',
    ];
    expect(keys.length).toBeGreaterThan(10);
    expect(keys.filter((key) => !new RegExp(`\\b${key}(?:: | \\})`).test(panels))).toEqual([]);
  });
});
