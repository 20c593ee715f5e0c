/** Scenario files: one experiment, written so that others can repeat it. */
import { z } from 'zod';
import { externalId } from '../catalogue.ts';
import { parseExpectation, type Names } from '../expectations/expression.ts';
import { ExpressionError } from '../expectations/tree.ts';
import { phaseMistakes } from './phases.ts';
import { clientsAtRate, clientsWithIdle } from './sweep-axes.ts';
import {
  clientSchema,
  limits,
  phaseSchema,
  runTimeSchema,
  scenarioLoadSchema,
  scenarioServerSchema,
  scenarioSubjectSchema,
  serverChangesSchema,
  upstreamSchema,
  type Client,
  type RunServer,
  type RunSettings,
  type ScenarioSubject,
} from './settings.ts';

const text = z.string().trim().min(1);

/** Sections of the launch page, in the order in which they are taught. */
export const chapters = ['start', 'blocking', 'polling', 'multiplexing', 'coroutines', 'trouble', 'measuring'] as const;
export type Chapter = (typeof chapters)[number];

/** A sentence that the run bears out or not, as shared/expectations reads it. */
const expectationSchema = z.strictObject({
  expect: text,
  /** Why it should hold; a first draft has none. */
  because: text.default(''),
  /** What it may mean where it does not hold on some machine. */
  otherwise: text.default(''),
});
export type Expectation = z.infer<typeof expectationSchema>;

/** What the user is asked before the run. The right choice is the one whose `when` the measured figures bear out. */
const predictionSchema = z.strictObject({
  ask: text,
  choices: z
    .array(z.strictObject({ text, when: text }))
    .min(2)
    .max(6),
});
export type Prediction = z.infer<typeof predictionSchema>;

/** What a variant may change; the rest is as in the scenario. */
const variantSchema = z.strictObject({
  label: text,
  server: serverChangesSchema.optional(),
  connections: runTimeSchema.connections.unwrap().optional(),
  clients: z.array(clientSchema).min(1).max(64).optional(),
  durationSeconds: runTimeSchema.durationSeconds.unwrap().optional(),
  warmupSeconds: runTimeSchema.warmupSeconds.unwrap().optional(),
});

type Variant = z.infer<typeof variantSchema>;

/** Threads are an option of models, of each another: list the models with that option. */
const scenarioSweepSchema = z.strictObject({
  over: z.enum(['clients', 'rate', 'size', 'idle']),
  values: z.array(z.number()).min(1).max(50),
});

const sweepLimits = {
  clients: limits.connections,
  rate: limits.ratePerSecond,
  size: limits.bodyBytes,
  idle: [0, 1],
} as const;

/** Without what holds between its keys. */
export const scenarioShape = z.strictObject({
  version: z.literal(1),
  title: text,
  /** What the reader should be able to answer afterwards. */
  question: text,
  /** Where to look, a sentence each. */
  watch: z.array(text).default([]),
  /** What it means, a paragraph each; shown when its runs are over, as it tells what came out. */
  explain: z.array(text).min(1).optional(),
  /** What to try next, a sentence each. */
  next: z.array(text).min(1).optional(),
  /** Name of the lesson that it belongs to. */
  lesson: text.optional(),
  server: scenarioServerSchema.prefault({}),
  ...runTimeSchema,
  clients: z.array(clientSchema).min(1).max(64),
  load: scenarioLoadSchema.prefault({}),
  /** With the handler `forward`: the server behind it. */
  upstream: upstreamSchema.optional(),
  models: z.array(scenarioSubjectSchema).min(1),
  chapter: z.enum(chapters).optional(),
  predict: predictionSchema.optional(),
  expectations: z.array(expectationSchema).min(1).optional(),
  phases: z.array(phaseSchema).min(1).optional(),
  /** Every run is made so often, in turn; figures are medians. */
  repeats: z.number().int().min(1).max(20).default(1),
  /** The whole is run once for each, for every model. */
  variants: z.array(variantSchema).min(1).optional(),
  /** In place of variants: one thing varied. Expectations name a value as a variant: `p99(poll, "clients=1000")`. */
  sweep: scenarioSweepSchema.optional(),
});

export type Scenario = z.infer<typeof scenarioShape>;

export const scenarioSchema = scenarioShape.superRefine((scenario, context) =>
  checkScenario(scenario, (path, message) => context.addIssue({ code: 'custom', path, message })),
);

/** What holds between the keys of a scenario, or of what is run as one. Expressions are checked apart. */
export function checkRuns(scenario: Omit<Scenario, ScenarioTexts>, mistake: Mistake): void {
  const variants = scenario.variants ?? [];
  const forwards = [scenario, ...variants].some((each) => each.server?.handler === 'forward');
  if (forwards && !scenario.upstream) {
    mistake(['server', 'handler'], 'the handler forward needs the key "upstream": the server behind it');
  }
  if (!forwards && scenario.upstream) {
    mistake(['upstream'], 'an upstream is used by the handler forward only, and no server here has that handler');
  }
  checkClients(scenario.clients, scenario.connections, ['clients'], mistake);
  variants.forEach((variant, index) => {
    const clients = variant.clients ?? scenario.clients;
    const path = ['variants', index, ...(variant.clients ? ['clients'] : [])];
    checkClients(clients, variant.connections ?? scenario.connections, path, mistake);
    if (variants.findIndex((other) => other.label === variant.label) < index) {
      mistake(['variants', index, 'label'], `two variants have the label "${variant.label}"`);
    }
  });
  checkModels(scenario.models, mistake);
  checkPhases(scenario, mistake);
  checkSweep(scenario, mistake);
}

function checkScenario(scenario: Scenario, mistake: Mistake): void {
  checkRuns(scenario, mistake);
  checkExpressions(scenario, mistake);
}

type Swept = Pick<Scenario, 'connections' | 'clients'> & Partial<Pick<Scenario, 'sweep'>>;

/** Keys that say something, and change no run. */
type ScenarioTexts =
  'version' | 'title' | 'question' | 'watch' | 'explain' | 'next' | 'lesson' | 'chapter' | 'predict' | 'expectations';

export type Mistake = (path: (string | number)[], message: string) => void;

/** What expectations call an entry of `models`. */
export const labelOf = (entry: ScenarioSubject): string =>
  typeof entry === 'string' ? entry : (entry.label ?? entry.model);

function checkModels(models: readonly ScenarioSubject[], mistake: Mistake): void {
  const labels = models.map(labelOf);
  labels.forEach((label, index) => {
    if (labels.indexOf(label) < index) {
      mistake(['models', index], `two entries are called "${label}": give one of them a label`);
    }
  });
  models.forEach((entry, index) => {
    if (typeof entry === 'string' || entry.model !== externalId) return;
    if ((entry.command === undefined) === (entry.pid === undefined)) {
      mistake(['models', index], 'an external server has either a command that starts it or the pid of a running one');
    }
  });
}

function checkPhases(
  { phases = [], durationSeconds }: Pick<Scenario, 'phases' | 'durationSeconds'>,
  mistake: Mistake,
): void {
  for (const { index, key, message } of phaseMistakes(phases, durationSeconds)) {
    mistake(['phases', index, ...(key === undefined ? [] : [key])], message);
  }
}

/** Values of a sweep as the variants that they are. */
function sweepVariants({ sweep, connections, clients }: Swept): Variant[] {
  if (!sweep) return [];
  const changesOf = (value: number): Omit<Variant, 'label'> => {
    switch (sweep.over) {
      case 'clients':
        return { connections: value };
      case 'rate':
        return { clients: clientsAtRate(clients, value) ?? [...clients] };
      case 'size':
        return { server: { responseBytes: value } };
      case 'idle':
        return clientsWithIdle({ connections, clients }, value);
    }
  };
  return sweep.values.map((value) => ({ label: `${sweep.over}=${value}`, ...changesOf(value) }));
}

/** The questions of a scenario: its variants, or the values of its sweep. */
export const variantsOf = (
  scenario: Swept & { readonly variants?: readonly Variant[] | undefined },
): readonly Variant[] => scenario.variants ?? sweepVariants(scenario);

function checkSweep(scenario: Omit<Scenario, ScenarioTexts>, mistake: Mistake): void {
  const { sweep, server, connections, clients } = scenario;
  if (!sweep) return;
  if (scenario.variants) mistake(['sweep'], 'a scenario has either variants or a sweep, whose values are its variants');
  if (sweep.over === 'rate' && !clientsAtRate(clients, 1)) {
    mistake(['sweep', 'over'], 'a sweep over the rate needs one client of the profile closed or rate');
  }
  if (sweep.over === 'size' && server.handler !== 'respond') {
    mistake(['sweep', 'over'], 'a sweep over the size of replies needs the handler respond');
  }
  sweep.values.forEach((value, index) => {
    const at = ['sweep', 'values', index];
    const [low, high] = sweepLimits[sweep.over];
    const isWhole = sweep.over === 'clients' || sweep.over === 'size';
    if (value < low || value > high || (isWhole && !Number.isInteger(value))) {
      mistake(
        at,
        `a value of ${sweep.over} is ${isWhole ? 'a whole number ' : ''}from ${low} to ${high}, not ${value}`,
      );
    } else if (sweep.over === 'idle' && clientsWithIdle({ connections, clients }, value).connections === 0) {
      mistake(at, `of ${connections} connections none would be left to ask`);
    }
    if (sweep.values.indexOf(value) < index) mistake(at, `${value} is there twice`);
  });
}

/** What expressions of a scenario may name. */
export const namesIn = (scenario: Named): Names => ({
  models: scenario.models.map(labelOf),
  variants: variantsOf(scenario).map(({ label }) => label),
  profiles: [...new Set(clientsIn(scenario).map(({ profile }) => profile))],
});

/** All clients that it ever has. */
const clientsIn = (scenario: Named): Client[] => [
  ...scenario.clients,
  ...variantsOf(scenario).flatMap(({ clients }) => clients ?? []),
  ...(scenario.phases ?? []).flatMap(({ clients }) => clients ?? []),
];

function checkExpressions(scenario: Scenario, mistake: Mistake): void {
  const names = namesIn(scenario);
  const check = (expression: string, path: (string | number)[]): void => {
    try {
      parseExpectation(expression, names);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      mistake(path, error.message);
    }
  };
  scenario.expectations?.forEach(({ expect }, index) => check(expect, ['expectations', index, 'expect']));
  scenario.predict?.choices.forEach(({ when }, index) => check(when, ['predict', 'choices', index, 'when']));
}

function checkClients(
  clients: readonly Client[],
  connections: number,
  path: readonly (string | number)[],
  mistake: Mistake,
): void {
  clients.forEach((client, index) => {
    if (client.connections !== undefined && client.weight !== undefined) {
      mistake([...path, index, 'weight'], 'a client has either connections of its own or a weight, not both');
    }
  });
  const sharing = clients.filter((client) => client.connections === undefined).length;
  if (sharing > connections) {
    mistake([...path], `${sharing} clients share ${connections} connections, so some would have none`);
  }
}

/** One run of a scenario. */
export interface PlannedRun {
  /** What the scenario calls its model, where that is not the model's id. */
  readonly label?: string;
  /** The label of its variant, where the scenario has variants. */
  readonly variant?: string;
  readonly settings: RunSettings;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined, so that spreading it changes only what is given. */
export const given = <T extends object>(changes: T): Defined<T> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Defined<T>;

/** The part of a server's settings that an entry of `models` gives. */
function subjectOf(entry: ScenarioSubject): Pick<RunServer, 'model' | 'options'> & Partial<RunServer> {
  if (typeof entry === 'string') return { model: entry, options: {} };
  if (entry.model !== externalId) return { model: entry.model, options: entry.options };
  const { model, command, pid, port } = entry;
  return { model, options: {}, port, ...given({ command, pid }) };
}

/** What of a scenario its expectations name. */
export type Named = Swept & Pick<Scenario, 'models'> & Partial<Pick<Scenario, 'variants' | 'phases'>>;

/** What of a scenario its runs are made of. */
export type Plannable = Pick<
  Scenario,
  'server' | 'durationSeconds' | 'warmupSeconds' | 'connections' | 'clients' | 'load' | 'models'
> &
  Partial<Pick<Scenario, 'upstream' | 'variants' | 'sweep' | 'phases'>>;

/** All runs of a scenario, once: every model for the first variant, then for the second. */
export function planScenario(scenario: Plannable): PlannedRun[] {
  const questions = variantsOf(scenario);
  const variants = questions.length > 0 ? questions : [undefined];
  return variants.flatMap((variant) =>
    scenario.models.map((entry): PlannedRun => {
      const { model } = subjectOf(entry);
      const named = labelOf(entry) === model ? {} : { label: labelOf(entry) };
      const { label, server: serverChanges, ...changes } = variant ?? { label: undefined, server: undefined };
      const server = { ...scenario.server, ...given(serverChanges ?? {}) };
      const { durationSeconds, warmupSeconds, connections, clients } = { ...scenario, ...given(changes) };
      const settings: RunSettings = {
        ...{ durationSeconds, warmupSeconds, connections, clients, pin: true, load: scenario.load },
        ...(scenario.phases ? { phases: scenario.phases } : {}),
        server: {
          ...server,
          ...subjectOf(entry),
          host: '127.0.0.1',
          exposeToNetwork: false,
          allowRemoteUpstream: false,
        },
        ...(server.handler === 'forward' && scenario.upstream ? { upstream: scenario.upstream } : {}),
      };
      return { ...named, ...(label === undefined ? {} : { variant: label }), settings };
    }),
  );
}
