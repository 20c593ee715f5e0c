/** Scenario files: one experiment, written so that others can repeat it. */
import { z } from 'zod';
import { modelIds } from '../catalogue.ts';
import {
  clientSchema,
  modelOptionsSchema,
  runTimeSchema,
  scenarioLoadSchema,
  scenarioServerSchema,
  serverChangesSchema,
  upstreamSchema,
  type Client,
  type RunSettings,
} from './settings.ts';

/** A model by its id, or with options. */
const scenarioModelSchema = z.union([
  z.enum(modelIds),
  z.strictObject({ model: z.enum(modelIds), options: modelOptionsSchema }),
]);

const text = z.string().trim().min(1);

/** What a variant may change; the rest is as in the scenario. */
const variantSchema = z.strictObject({
  label: text,
  server: serverChangesSchema.optional(),
  connections: runTimeSchema.connections.unwrap().optional(),
  clients: z.array(clientSchema).min(1).max(64).optional(),
  durationSeconds: runTimeSchema.durationSeconds.unwrap().optional(),
  warmupSeconds: runTimeSchema.warmupSeconds.unwrap().optional(),
});

const scenarioShape = z.strictObject({
  version: z.literal(1),
  title: text,
  /** What the reader should be able to answer afterwards. */
  question: text,
  /** Where to look, a sentence each. */
  watch: z.array(text).min(1),
  server: scenarioServerSchema.prefault({}),
  ...runTimeSchema,
  clients: z.array(clientSchema).min(1).max(64),
  load: scenarioLoadSchema.prefault({}),
  /** With the handler `forward`: the server behind it. */
  upstream: upstreamSchema.optional(),
  models: z.array(scenarioModelSchema).min(1),
  /** The whole is run once for each, for every model. */
  variants: z.array(variantSchema).min(1).optional(),
});

export type Scenario = z.infer<typeof scenarioShape>;

export const scenarioSchema = scenarioShape.superRefine((scenario, context) => {
  const mistake = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
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
});

function checkClients(
  clients: readonly Client[],
  connections: number,
  path: readonly (string | number)[],
  mistake: (path: (string | number)[], message: string) => void,
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

/** One run of a scenario. `variant` is the label of its variant, where the scenario has variants. */
export interface PlannedRun {
  readonly variant?: string;
  readonly settings: RunSettings;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined, so that spreading it changes only what is given. */
const given = <T extends object>(changes: T): Defined<T> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Defined<T>;

/** All runs of a scenario: every model for the first variant, then for the second. */
export function planScenario(scenario: Scenario): PlannedRun[] {
  const variants = scenario.variants ?? [undefined];
  return variants.flatMap((variant) =>
    scenario.models.map((entry): PlannedRun => {
      const { model, options } = typeof entry === 'string' ? { model: entry, options: {} } : entry;
      const { label, server: serverChanges, ...changes } = variant ?? { label: undefined, server: undefined };
      const server = { ...scenario.server, ...given(serverChanges ?? {}) };
      const { durationSeconds, warmupSeconds, connections, clients } = { ...scenario, ...given(changes) };
      const settings: RunSettings = {
        ...{ durationSeconds, warmupSeconds, connections, clients, pin: true, load: scenario.load },
        server: { ...server, model, options, host: '127.0.0.1', exposeToNetwork: false },
        ...(server.handler === 'forward' && scenario.upstream ? { upstream: scenario.upstream } : {}),
      };
      return label === undefined ? { settings } : { variant: label, settings };
    }),
  );
}
