/** What a comparison or a sweep is to measure: under which load, which models with which options. One draft for both. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { externalId, type ModelId, type ModelInfo } from '../../shared/catalogue.ts';
import { labelOf, variantsOf } from '../../shared/schemas/scenario.ts';
import type { ModelOptions, ScenarioSubject } from '../../shared/schemas/settings.ts';
import type { SweepAxis } from '../../shared/sweep-result.ts';
import type { CompareStart, SweepStart } from './experiments.ts';
import { commandedServers, type CommandedServer } from './own-commands.ts';
import { useScenarios } from './scenarios.ts';
import { useSetup } from './setup.ts';

/** The load that the Scope screen is set to; other values name a scenario. */
export const scopeLoad = '';

export interface DraftSubject {
  readonly key: number;
  readonly model: ModelId;
  readonly options: ModelOptions;
  /** What is its own of the load. */
  readonly own: OwnLoad;
}

/** What entries may differ in beside their models; what is not there is as the load has it. */
export interface OwnLoad {
  readonly workUs?: number;
  readonly responseBytes?: number;
  readonly connections?: number;
}
export const ownLoadWords: Readonly<Record<keyof OwnLoad, string>> = {
  workUs: 'work, µs',
  responseBytes: 'reply, bytes',
  connections: 'connections',
};
export const ownLoadKeys = Object.keys(ownLoadWords) as (keyof OwnLoad)[];

/** A server of the user's own, which runs already. */
export interface OwnServer {
  readonly key: number;
  readonly pid: number;
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly label: string;
}

/** `blocking-pool threads=4`: only what differs from the model's own defaults is said. */
export function subjectLabel({ model, options, own }: DraftSubject, info: ModelInfo | undefined): string {
  const said = Object.entries(options).filter(
    ([name, value]) => info?.options.find((option) => option.name === name)?.default !== value,
  );
  return [model, ...[...said, ...Object.entries(own)].map(([name, value]) => `${name}=${String(value)}`)].join(' ');
}

export const axisValues: Readonly<Record<SweepAxis, readonly number[]>> = {
  clients: [10, 100, 500, 1000, 2000],
  rate: [100, 1000, 5000, 10_000, 20_000],
  size: [64, 1024, 16_384, 131_072],
  threads: [1, 2, 4, 8, 16],
  idle: [0, 0.5, 0.9, 0.99],
};

export const axisWords: Readonly<Record<SweepAxis, string>> = {
  clients: 'Connections',
  rate: 'Requests a second, open loop',
  size: 'Bytes of a message',
  threads: 'Threads of the model',
  idle: 'Idle part of the connections',
};

/** Numbers apart from each other by commas or blanks, ascending; undefined where one is none. */
export function parseValues(text: string): readonly number[] | undefined {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const values = words.map(Number);
  if (values.length === 0 || values.length > 100 || values.some((value) => !Number.isFinite(value) || value < 0)) {
    return undefined;
  }
  return [...new Set(values)].sort((a, b) => a - b);
}

export const useExperimentSetup = defineStore('experiment-setup', () => {
  const setup = useSetup();
  const scenarios = useScenarios();
  let nextKey = 1;
  const subject = (model: ModelId, options: ModelOptions = {}, own: OwnLoad = {}): DraftSubject => ({
    ...{ key: nextKey++, model, options, own },
  });

  const loadName = ref(scopeLoad);
  const variant = ref('');
  const subjects = ref<readonly DraftSubject[]>([subject('blocking-threads'), subject('select'), subject('epoll-lt')]);
  const ownServers = ref<readonly OwnServer[]>([]);
  /** Servers of the scenario that a command would start, which only its own run asks the user about. */
  const leftOut = ref<readonly CommandedServer[]>([]);
  const entryCount = computed(() => subjects.value.length + ownServers.value.length);
  const repeats = ref(10);
  const sweepRepeats = ref(3);
  const durationSeconds = ref(2);
  const record = ref(false);
  const axis = ref<SweepAxis>('clients');
  const valuesText = ref(axisValues.clients.join(', '));
  const values = computed(() => parseValues(valuesText.value));

  const scenario = computed(() => scenarios.runnable.find(({ name }) => name === loadName.value));
  const variants = computed(() =>
    scenario.value ? variantsOf(scenario.value.scenario).map(({ label }) => label) : [],
  );

  function setAxis(next: SweepAxis): void {
    axis.value = next;
    valuesText.value = axisValues[next].join(', ');
  }

  /** Takes a scenario's load, its models, and the servers of the user's own that run already. */
  function takeScenario(name: string): void {
    loadName.value = name;
    variant.value = variants.value[0] ?? '';
    leftOut.value = [];
    if (scenario.value === undefined) return;
    const taken: DraftSubject[] = [];
    const own: OwnServer[] = [];
    for (const entry of scenario.value.scenario.models) {
      if (typeof entry === 'string') taken.push(subject(entry));
      else if (entry.model !== externalId) taken.push(subject(entry.model, entry.options));
      else if (entry.pid !== undefined)
        own.push({ key: nextKey++, pid: entry.pid, port: entry.port, label: labelOf(entry) });
    }
    if (taken.length > 0) subjects.value = taken;
    ownServers.value = own;
    leftOut.value = commandedServers(scenario.value.scenario);
  }

  function addOwnServer(server: Omit<OwnServer, 'key'>): void {
    ownServers.value = [...ownServers.value, { ...server, key: nextKey++ }];
    leftOut.value = leftOut.value.filter(({ label }) => label !== server.label);
  }

  function toggle(model: ModelId): void {
    const isThere = subjects.value.some((each) => each.model === model);
    subjects.value = isThere
      ? subjects.value.filter((each) => each.model !== model)
      : [...subjects.value, subject(model)];
  }
  function duplicate(key: number): void {
    subjects.value = subjects.value.flatMap((each) =>
      each.key === key ? [each, subject(each.model, each.options, each.own)] : [each],
    );
  }
  function remove(key: number): void {
    subjects.value = subjects.value.filter((each) => each.key !== key);
    ownServers.value = ownServers.value.filter((each) => each.key !== key);
  }
  function setOption(key: number, name: string, value: number | boolean | string): void {
    subjects.value = subjects.value.map((each) =>
      each.key === key ? { ...each, options: { ...each.options, [name]: value } } : each,
    );
  }

  /** NaN: as the load has it. */
  function setOwn(key: number, name: keyof OwnLoad, value: number): void {
    subjects.value = subjects.value.map((each) => {
      if (each.key !== key) return each;
      const { [name]: _before, ...others } = each.own;
      return { ...each, own: Number.isFinite(value) ? { ...others, [name]: value } : others };
    });
  }

  function load(): CompareStart['load'] {
    if (scenario.value !== undefined) {
      const { source } = scenario.value;
      return variant.value === '' ? { scenario: source } : { scenario: source, variants: [variant.value] };
    }
    const { server, connections, clients, load: loadSettings, upstream } = setup.draft;
    const { protocol, handler, responseBytes, chunks, workUs, waitMs, forgetsToClose } = server;
    return {
      server: { protocol, handler, responseBytes, chunks, workUs, waitMs, forgetsToClose },
      ...{ connections, clients, load: loadSettings },
      ...(upstream && handler === 'forward' && { upstream }),
    };
  }

  /** The same one twice is a comparison with itself, which shows what chance alone does. */
  function labelsOf(infoOf: (id: ModelId) => ModelInfo | undefined): string[] {
    const labels = [
      ...subjects.value.map((each) => subjectLabel(each, infoOf(each.model))),
      ...ownServers.value.map(({ label }) => label),
    ];
    return labels.map((label, index) => {
      const time = labels.slice(0, index + 1).filter((each) => each === label).length;
      return time === 1 ? label : `${label} (${time})`;
    });
  }

  function asSubjects(infoOf: (id: ModelId) => ModelInfo | undefined): ScenarioSubject[] {
    const labels = labelsOf(infoOf);
    return [
      ...subjects.value.map(({ model, options }, index) => ({
        ...{ model, options: { ...options }, label: labels[index] ?? model },
      })),
      ...ownServers.value.map(
        ({ pid, port, label }, index) =>
          ({ model: externalId, pid, port, label: labels[subjects.value.length + index] ?? label }) as const,
      ),
    ];
  }

  const changes = (): { changes?: NonNullable<CompareStart['changes']> } =>
    subjects.value.every(({ own }) => Object.keys(own).length === 0)
      ? {}
      : {
          changes: [
            ...subjects.value.map(({ own: { connections, ...server } }) => ({
              ...{ server },
              ...(connections === undefined ? {} : { connections }),
            })),
            ...ownServers.value.map(() => null),
          ],
        };

  const compareRequest = (infoOf: (id: ModelId) => ModelInfo | undefined): CompareStart => ({
    ...{ load: load(), subjects: asSubjects(infoOf), ...changes() },
    ...{ repeats: repeats.value, durationSeconds: durationSeconds.value, record: record.value },
  });
  const sweepRequest = (infoOf: (id: ModelId) => ModelInfo | undefined): SweepStart => ({
    ...{
      load: load(),
      subjects: asSubjects(infoOf),
      ...changes(),
      axis: axis.value,
      values: [...(values.value ?? [])],
    },
    ...{ repeats: sweepRepeats.value, durationSeconds: durationSeconds.value, record: record.value },
  });

  return {
    ...{
      loadName,
      variant,
      variants,
      subjects,
      ownServers,
      leftOut,
      entryCount,
      repeats,
      sweepRepeats,
      durationSeconds,
      record,
      axis,
      valuesText,
      values,
    },
    ...{ scenario, setAxis, takeScenario, addOwnServer, toggle, duplicate, remove, setOption, setOwn },
    ...{ compareRequest, sweepRequest },
  };
});
