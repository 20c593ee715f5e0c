/** From what was typed to the runs that it asks for; `run`, `compare` and `sweep` share it. */
import { randomInt } from 'node:crypto';
import type { Command } from 'commander';
import { externalId, modelIds, type ModelInfo } from '../../shared/catalogue.ts';
import { labelOf, planScenario, variantsOf, type PlannedRun, type Scenario } from '../../shared/schemas/scenario.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import type { Quantity } from '../../shared/quantities.ts';
import { LabError } from '../lab/errors.ts';
import type { LabService } from '../lab/lab-service.ts';
import { builtInNames } from '../lab/scenario-files.ts';
import { modelOption, parseSettings } from './input.ts';
import {
  addClients,
  addCsv,
  addExternal,
  addJson,
  addMarkdown,
  addNumber,
  addOut,
  addReport,
  addServer,
  type ClientFlags,
  type OutputFlags,
  type ServerFlags,
} from './options.ts';
import { addRequest, requestInput, type RequestFlags } from './request-options.ts';
import { addSeriesRecord, type SeriesRecordFlags } from './recording.ts';
import { addSpelled, quantityOption, suggestArguments } from './spellings.ts';
import { checkExternal, clientsInput, given, serverInput, timeInput, withThreads } from './settings.ts';

export interface PlanFlags extends ServerFlags, ClientFlags, RequestFlags {
  readonly pin?: boolean;
  readonly requestBytes?: number;
  readonly scenario?: string;
  readonly variant?: string;
}

/** Of commands that measure several models, or one with several options, under one load. */
export interface SeriesFlags extends PlanFlags, OutputFlags, SeriesRecordFlags {
  readonly repeats?: number;
  readonly report?: string;
}

export function addSeries(command: Command): Command {
  addSpelled(command, '-s, --scenario', '<name>', 'the load of a scenario; without models, those of the scenario', {
    suggests: builtInNames(),
  });
  suggestArguments(command, { values: modelIds, files: true });
  command.option('--variant <label>', 'the variant of the scenario; by default its first');
  addNumber(command, '--request-bytes', 'payload of a request', 'bytes');
  addSeriesRecord(command);
  addRequest(command);
  addReport(command);
  return addJson(addMarkdown(addCsv(addOut(addClients(addExternal(addServer(command)))))));
}

const seedLimit = 2 ** 32;

/** Of the order of runs; a random one where none is given. Throws LabError. */
export function seedOf(seed = randomInt(seedLimit)): number {
  if (Number.isInteger(seed) && seed >= 0 && seed < seedLimit) return seed;
  throw new LabError('bad-input', `--seed must be a whole number from 0 to ${seedLimit - 1}, not ${seed}.`);
}

/** Behind `forward` the lab starts a server of its own, unless another is named; then replies are that server's. */
function upstreamInput(flags: PlanFlags, server: Record<string, unknown>, from: unknown): unknown {
  if (server.handler !== 'forward' || server.upstream !== undefined) return undefined;
  return { ...(from ?? {}), ...given({ responseBytes: flags.responseBytes }) };
}

function loadInput(flags: PlanFlags, from: PlannedRun['settings']['load'] | undefined): unknown {
  const changes = given({ requestBytes: flags.requestBytes, request: requestInput(flags, from?.request) });
  return Object.keys(changes).length === 0 ? from : { ...from, ...changes };
}

/** One run with what the flags say, as changes to `from` where that is given. Throws LabError. */
export function planned(flags: PlanFlags, from?: PlannedRun): PlannedRun {
  const server = serverInput(flags, from?.settings.server);
  const settings = parseSettings(
    runSettingsSchema,
    given({
      ...from?.settings,
      ...timeInput(flags),
      ...{ server, clients: clientsInput(flags, from?.settings.clients), pin: flags.pin },
      load: loadInput(flags, from?.settings.load),
      upstream: upstreamInput(flags, server, from?.settings.upstream),
    }),
  );
  return { ...from, settings };
}

/** `epoll-shared` or `epoll-shared:threads=4,work-us=50`: a model, and what is its own. Throws LabError. */
export function parseSubject(text: string): { model: string; option: Readonly<Record<string, string>> } {
  const [model = '', ...rest] = text.split(':');
  const pairs = rest.join(':').split(',').filter(Boolean);
  return { model, option: pairs.reduce<Record<string, string>>((options, pair) => modelOption(pair, options), {}) };
}

const asText = (text: string): string => text;
const asSwitch = (name: string) => (text: string) => {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new LabError('bad-input', `${name} is true or false, not "${text}".`);
};

/** What may differ between the entries of a comparison beside options of their models: a flag's name, and its value. */
const subjectSettings: Readonly<
  Record<
    string,
    { readonly flag: keyof SeriesFlags; readonly read?: (text: string) => unknown; readonly quantity?: Quantity }
  >
> = {
  protocol: { flag: 'protocol', read: asText },
  handler: { flag: 'handler', read: asText },
  'response-bytes': { flag: 'responseBytes', quantity: 'bytes' },
  'request-bytes': { flag: 'requestBytes', quantity: 'bytes' },
  chunks: { flag: 'chunks' },
  work: { flag: 'workUs', quantity: 'microseconds' },
  'work-us': { flag: 'workUs', quantity: 'microseconds' },
  wait: { flag: 'waitMs', quantity: 'milliseconds' },
  'wait-ms': { flag: 'waitMs', quantity: 'milliseconds' },
  'forgets-to-close': { flag: 'forgetsToClose', read: asSwitch('forgets-to-close') },
  nagle: { flag: 'nagle', read: asSwitch('nagle') },
  'send-buffer': { flag: 'sendBuffer' },
  'receive-buffer': { flag: 'receiveBuffer' },
  'defer-accept': { flag: 'deferAccept' },
  connections: { flag: 'connections' },
  clients: { flag: 'connections' },
  rate: { flag: 'rate', quantity: 'rate' },
  profile: { flag: 'profile', read: asText },
  pipeline: { flag: 'pipeline' },
  threads: { flag: 'threads' },
  pin: { flag: 'pin', read: asSwitch('pin') },
  variant: { flag: 'variant', read: asText },
};

/** Names that a subject may set, for the help. */
export const subjectSettingNames = Object.keys(subjectSettings);

/** Options of its model go before settings of the same name. Throws LabError. */
function splitSubject(
  text: string,
  models: readonly ModelInfo[],
): { model: string; option: Record<string, string>; own: Partial<SeriesFlags> } {
  const { model, option: pairs } = parseSubject(text);
  const info = models.find(({ id }) => id === model);
  const option: Record<string, string> = {};
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(pairs)) {
    const setting = subjectSettings[name];
    const isOption = info?.available === true && info.options.some((each) => each.name === name);
    if (isOption || !setting) option[name] = value;
    else own[setting.flag] = (setting.read ?? quantityOption(name, setting.quantity ?? 'count'))(value);
  }
  return { model, option, own };
}

/** The runs of a scenario's load: of one variant, as variants are other questions. Throws LabError. */
function scenarioRuns(scenario: Scenario, variant: string | undefined): PlannedRun[] {
  const runs = planScenario(scenario);
  const labels = variantsOf(scenario).map(({ label }) => label);
  if (variant !== undefined && !labels.includes(variant)) {
    const there = labels.length === 0 ? 'it has none' : `it has ${labels.map((label) => `"${label}"`).join(', ')}`;
    throw new LabError('bad-input', `The scenario has no variant "${variant}"; ${there}.`);
  }
  return runs.filter((run) => run.variant === (variant ?? labels[0])).map(({ variant: _variant, ...run }) => run);
}

function subjectRun(
  text: string,
  all: PlanFlags,
  scenario: Scenario | undefined,
  models: readonly ModelInfo[],
): { run: PlannedRun; flags: PlanFlags } {
  const { model, option, own } = splitSubject(text, models);
  const flags = { ...all, ...own };
  const from = scenario ? scenarioRuns(scenario, flags.variant) : [];
  const known = from.find((run) => (run.label ?? run.settings.server.model) === text);
  if (known) return { run: planned(flags, known), flags };
  const [like] = from;
  const { option: common, command, pid, port, ...others } = flags;
  // Beside an external server the port is that one's.
  const isBeside = model !== externalId && (command !== undefined || pid !== undefined);
  const external = isBeside ? {} : { command, pid, port };
  const same = from.find((run) => run.settings.server.model === model && run.label === undefined);
  // Options of another model that the scenario names are not those of this one.
  const base = same ?? (like && { settings: { ...like.settings, server: { ...like.settings.server, options: {} } } });
  const run = planned({ ...others, ...given(external), model, option: { ...common, ...option } }, base);
  return { run: text === model ? run : { ...run, label: text }, flags };
}

/** The same one twice is a comparison with itself, which shows what chance alone does. */
function numbered(runs: readonly PlannedRun[]): PlannedRun[] {
  const times = new Map<string, number>();
  return runs.map((run) => {
    const name = run.label ?? run.settings.server.model;
    const time = (times.get(name) ?? 0) + 1;
    times.set(name, time);
    return time === 1 ? run : { ...run, label: `${name} (${time})` };
  });
}

/**
 * A run for each subject, all under the same load: that of the flags, or that of --scenario with what the flags change;
 * then subjects may be left out or be what the scenario calls them. Throws LabError.
 */
export async function subjectRuns(texts: readonly string[], flags: PlanFlags, lab: LabService): Promise<PlannedRun[]> {
  const opened = flags.scenario === undefined ? undefined : lab.openScenario(flags.scenario).scenario;
  const names = texts.length > 0 ? texts : (opened?.models ?? []).map(labelOf);
  const models: readonly ModelInfo[] = await lab.listModels();
  const runs = names.map((text) => {
    const { run, flags: own } = subjectRun(text, flags, opened, models);
    checkExternal(run.settings.server, flags);
    return { ...run, settings: { ...run.settings, server: withThreads(run.settings.server, own, models).settings } };
  });
  return numbered(runs);
}
