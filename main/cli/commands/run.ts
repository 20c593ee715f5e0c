/** `fdscope run`: a scenario with all its models, or a single model; measured from both ends. */
import type { RunResult } from '../../../shared/run-result.ts';
import { planScenario, type PlannedRun, type Scenario } from '../../../shared/schemas/scenario.ts';
import { runSettingsSchema } from '../../../shared/schemas/settings.ts';
import { LabError } from '../../lab/errors.ts';
import type { LabService, Outcome } from '../../lab/lab-service.ts';
import type { CliContext, Register } from '../command.ts';
import { parseSettings } from '../input.ts';
import {
  addClients,
  addJson,
  addOut,
  addServer,
  type ClientFlags,
  type OutputFlags,
  type ServerFlags,
} from '../options.ts';
import { checkOut, deliver, failOnErrors } from '../output.ts';
import { runName, runText } from '../print.ts';
import { ProgressBar } from '../progress-bar.ts';
import { checkHost, clientsInput, given, noThreadsSentence, serverInput, timeInput, withThreads } from '../settings.ts';

interface RunFlags extends ServerFlags, ClientFlags, OutputFlags {
  readonly pin?: boolean;
}

interface Plan {
  readonly scenario?: { readonly name: string; readonly title: string; readonly question: string };
  readonly runs: readonly PlannedRun[];
  /** Models that --threads does not apply to. */
  readonly withoutThreads: ReadonlySet<string>;
}

/** Behind `forward` the lab starts a server of its own, unless another is named; then replies are that server's. */
function upstreamInput(flags: RunFlags, server: Record<string, unknown>, from: unknown): unknown {
  if (server.handler !== 'forward' || server.upstream !== undefined) return undefined;
  return { ...(from ?? {}), ...given({ responseBytes: flags.responseBytes }) };
}

/** The scenario under one model: as the scenario has it, where it has it. */
function onlyModel(scenario: Scenario, model: string): Scenario {
  const own = scenario.models.find((entry) => (typeof entry === 'string' ? entry : entry.model) === model);
  // A name that is no model is found when the settings are checked, with all others.
  return { ...scenario, models: [own ?? (model as never)] };
}

function planned(flags: RunFlags, from?: PlannedRun): PlannedRun {
  const server = serverInput(flags, from?.settings.server);
  const settings = parseSettings(
    runSettingsSchema,
    given({
      ...from?.settings,
      ...timeInput(flags),
      ...{ server, clients: clientsInput(flags, from?.settings.clients), pin: flags.pin },
      upstream: upstreamInput(flags, server, from?.settings.upstream),
    }),
  );
  return { ...from, settings };
}

async function planOf(name: string | undefined, flags: RunFlags, lab: LabService): Promise<Plan> {
  const opened = name === undefined ? undefined : lab.openScenario(name);
  if (!opened && flags.model === undefined) {
    throw new LabError('bad-input', 'Say what to run: a scenario, such as quick-tour, or a model with --model.');
  }
  const scenario = opened && flags.model !== undefined ? onlyModel(opened.scenario, flags.model) : opened?.scenario;
  const runs = scenario ? planScenario(scenario).map((run) => planned(flags, run)) : [planned(flags)];
  const models = await lab.listModels();
  const withoutThreads = new Set<string>();
  const threaded = runs.map((run): PlannedRun => {
    const { settings: server, isUnused } = withThreads(run.settings.server, flags, models);
    if (isUnused) withoutThreads.add(server.model);
    return { ...run, settings: { ...run.settings, server } };
  });
  const [first] = withoutThreads;
  if (first !== undefined && runs.every(({ settings }) => withoutThreads.has(settings.server.model))) {
    throw new LabError('bad-input', noThreadsSentence(first));
  }
  if (!opened) return { runs: threaded, withoutThreads };
  const { title, question } = opened.scenario;
  return { scenario: { name: opened.name, title, question }, runs: threaded, withoutThreads };
}

function withThreadsNotice(result: RunResult, { withoutThreads }: Plan): RunResult {
  if (!withoutThreads.has(result.model)) return result;
  const text = noThreadsSentence(result.model);
  return { ...result, notices: [...result.notices, { level: 'info', code: 'noThreads', text, source: 'lab' }] };
}

/** One run is an object of its own; several are the list `runs`, beside those that could not be made. */
function report({ scenario, runs }: Plan, results: readonly RunResult[], others: readonly Outcome[]): object {
  const named = scenario ? { scenario: scenario.name, title: scenario.title } : {};
  const [only] = results;
  return runs.length === 1 && only ? { ...only, ...named } : { ...named, runs: results, notRun: others };
}

async function run(name: string | undefined, flags: RunFlags, { lab, signal }: CliContext): Promise<void> {
  checkOut(flags);
  checkHost(flags);
  const plan = await planOf(name, flags, lab);
  const bar = new ProgressBar(plan.runs.map(({ settings }) => settings.durationSeconds));
  const outcomes: Outcome[] = [];
  const finish = async (): Promise<void> => {
    bar.end();
    const results = outcomes.flatMap((each) => (each.kind === 'done' ? [withThreadsNotice(each.result, plan)] : []));
    const others = outcomes.filter((each) => each.kind !== 'done');
    if (results.length > 0) {
      await deliver(flags, report(plan, results, others), () => runText(plan.scenario, results));
    }
    if (others.length === 0) {
      failOnErrors(results.flatMap(({ notices }) => notices));
      return;
    }
    const kind = others.some((each) => each.kind === 'failed') ? 'failed' : 'unavailable';
    throw new LabError(kind, others.map((each) => each.sentence).join('\n'));
  };
  try {
    await lab.runPlan(plan.runs, {
      signal,
      onProgress: ({ elapsedSeconds }, index) => {
        const current = plan.runs[index];
        if (current) bar.update(index, runName(current.settings.server.model, current.variant), elapsedSeconds);
      },
      onOutcome: (outcome) => outcomes.push(outcome),
    });
  } catch (error) {
    // What was measured before is not lost; the fault still decides the exit code.
    await finish().catch(() => {});
    throw error;
  }
  await finish();
}

export const registerRun: Register = (program, context) => {
  const command = program.command('run').description('run a scenario or a single model, and measure it');
  command.argument('[scenario]', 'name of a built-in scenario, or a YAML file');
  command.option('--model <id>', 'this model only, as `fdscope models` lists them');
  addJson(addOut(addClients(addServer(command)))).action((name: string | undefined, flags: RunFlags) =>
    run(name, flags, context),
  );
};
