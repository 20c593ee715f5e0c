/** From what was typed to the runs that it asks for; `run`, `compare` and `sweep` share it. */
import type { Command } from 'commander';
import { externalId, type ModelInfo } from '../../shared/catalogue.ts';
import { labelOf, planScenario, variantsOf, type PlannedRun, type Scenario } from '../../shared/schemas/scenario.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import { LabError } from '../lab/errors.ts';
import type { LabService } from '../lab/lab-service.ts';
import { modelOption, parseSettings } from './input.ts';
import {
  addClients,
  addCsv,
  addExternal,
  addJson,
  addNumber,
  addOut,
  addServer,
  type ClientFlags,
  type OutputFlags,
  type ServerFlags,
} from './options.ts';
import { addSeriesRecord, type SeriesRecordFlags } from './recording.ts';
import { checkExternal, clientsInput, given, serverInput, timeInput, withThreads } from './settings.ts';

export interface PlanFlags extends ServerFlags, ClientFlags {
  readonly pin?: boolean;
  readonly requestBytes?: number;
  readonly scenario?: string;
  readonly variant?: string;
}

/** Of commands that measure several models, or one with several options, under one load. */
export interface SeriesFlags extends PlanFlags, OutputFlags, SeriesRecordFlags {
  readonly repeats?: number;
}

export function addSeries(command: Command): Command {
  command.option('--scenario <name>', 'the load of a scenario; without models, those of the scenario');
  command.option('--variant <label>', 'the variant of the scenario; by default its first');
  addNumber(command, '--request-bytes', 'payload of a request');
  addSeriesRecord(command);
  return addJson(addCsv(addOut(addClients(addExternal(addServer(command))))));
}

/** Behind `forward` the lab starts a server of its own, unless another is named; then replies are that server's. */
function upstreamInput(flags: PlanFlags, server: Record<string, unknown>, from: unknown): unknown {
  if (server.handler !== 'forward' || server.upstream !== undefined) return undefined;
  return { ...(from ?? {}), ...given({ responseBytes: flags.responseBytes }) };
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
      load:
        flags.requestBytes === undefined
          ? from?.settings.load
          : { ...from?.settings.load, requestBytes: flags.requestBytes },
      upstream: upstreamInput(flags, server, from?.settings.upstream),
    }),
  );
  return { ...from, settings };
}

/** `epoll-shared` or `epoll-shared:threads=4,exclusive=true`: a model, and options of its own. Throws LabError. */
export function parseSubject(text: string): { model: string; option: Readonly<Record<string, string>> } {
  const [model = '', ...rest] = text.split(':');
  const pairs = rest.join(':').split(',').filter(Boolean);
  return { model, option: pairs.reduce<Record<string, string>>((options, pair) => modelOption(pair, options), {}) };
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

function subjectRun(text: string, flags: PlanFlags, from: readonly PlannedRun[]): PlannedRun {
  const { model, option } = parseSubject(text);
  const known = from.find((run) => (run.label ?? run.settings.server.model) === text);
  if (known) return planned(flags, known);
  const [like] = from;
  const { option: common, command, pid, port, ...others } = flags;
  // Beside an external server the port is that one's.
  const isBeside = model !== externalId && (command !== undefined || pid !== undefined);
  const external = isBeside ? {} : { command, pid, port };
  // Options of the model that the scenario names are not those of this one.
  const base = like && { settings: { ...like.settings, server: { ...like.settings.server, options: {} } } };
  const run = planned({ ...others, ...given(external), model, option: { ...common, ...option } }, base);
  return text === model ? run : { ...run, label: text };
}

/**
 * A run for each subject, all under the same load: that of the flags, or that of --scenario with what the flags change;
 * then subjects may be left out or be what the scenario calls them. Throws LabError.
 */
export async function subjectRuns(texts: readonly string[], flags: PlanFlags, lab: LabService): Promise<PlannedRun[]> {
  const opened = flags.scenario === undefined ? undefined : lab.openScenario(flags.scenario).scenario;
  const from = opened ? scenarioRuns(opened, flags.variant) : [];
  const names = texts.length > 0 ? texts : (opened?.models ?? []).map(labelOf);
  const models: readonly ModelInfo[] = await lab.listModels();
  return names.map((text) => {
    const run = subjectRun(text, flags, from);
    checkExternal(run.settings.server, flags);
    return { ...run, settings: { ...run.settings, server: withThreads(run.settings.server, flags, models).settings } };
  });
}
