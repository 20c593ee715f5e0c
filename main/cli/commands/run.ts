/** `fdscope run`: a scenario with all its models, or a single model; measured from both ends. */
import { externalId } from '../../../shared/catalogue.ts';
import { conclude, type Conclusion } from '../../../shared/expectations/conclude.ts';
import type { RunResult } from '../../../shared/run-result.ts';
import { planScenario, type PlannedRun, type Scenario } from '../../../shared/schemas/scenario.ts';
import type { Phase, RunSettings } from '../../../shared/schemas/settings.ts';
import { visibleTexts } from '../../../shared/visible.ts';
import { LabError, throwIfInterrupted } from '../../lab/errors.ts';
import type { LabService } from '../../lab/lab-service.ts';
import type { Outcome } from '../../lab/progress.ts';
import { builtInNames } from '../../lab/scenario-files.ts';
import type { RunPlaces } from '../../lab/places/run-places.ts';
import type { CliContext, Register } from '../command.ts';
import {
  addClients,
  addCsv,
  addExternal,
  addHistogram,
  addJson,
  addMarkdown,
  addModel,
  addNumber,
  addOut,
  addServer,
  type ClientFlags,
  type OutputFlags,
  type ServerFlags,
} from '../options.ts';
import { runsCsv } from '../figures-csv.ts';
import { latencyBins, type LatencyBin } from '../histogram.ts';
import { planned } from '../planning.ts';
import { checkFormat, checkOut, deliver, failOnErrors, failOnUnmet } from '../output.ts';
import { addPlaces, askedOf, refuseRecordingAtPlaces, withPlaces, type PlaceFlags } from '../places.ts';
import { askPrediction, mayAsk } from '../predict.ts';
import { detailTables } from '../print-details.ts';
import { runName, runText } from '../print.ts';
import { ProgressBar } from '../progress-bar.ts';
import { addRecord, recordedLine, startRecording, type RecordFlags } from '../recording.ts';
import { addRequest } from '../request-options.ts';
import { suggestArguments } from '../spellings.ts';
import { tell } from '../terminal.ts';
import { parseSwitches, withSwitches } from '../switches.ts';
import { checkExternal, checkAddresses, noThreadsSentence, withThreads } from '../settings.ts';

interface RunFlags extends ServerFlags, ClientFlags, OutputFlags, RecordFlags, PlaceFlags {
  readonly histogram?: boolean;
  readonly repeats?: number;
  readonly pin?: boolean;
  readonly switch?: readonly Phase[];
}

interface Plan {
  readonly scenario?: { readonly name: string; readonly opened: Scenario; readonly text: string };
  readonly runs: readonly PlannedRun[];
  /** Models that --threads does not apply to. */
  readonly withoutThreads: ReadonlySet<string>;
}

/** The scenario under one model: as the scenario has it, where it has it. */
function onlyModel(scenario: Scenario, model: string): Scenario {
  const own = scenario.models.find((entry) => (typeof entry === 'string' ? entry : entry.model) === model);
  // A name that is no model is found when the settings are checked, with all others.
  return { ...scenario, models: [own ?? (model as never)] };
}

function withSwitchesOf({ switch: switches }: RunFlags, settings: RunSettings): RunSettings {
  if (!switches) return settings;
  if (settings.server.model === externalId) {
    throw new LabError('bad-input', '--switch changes the models of the lab; an external server has none.');
  }
  return { ...settings, phases: withSwitches(settings.phases, switches, settings.durationSeconds) };
}

async function planOf(name: string | undefined, flags: RunFlags, lab: LabService): Promise<Plan> {
  const opened = name === undefined ? undefined : lab.openScenario(name);
  if (!opened && flags.model === undefined) {
    throw new LabError('bad-input', 'Say what to run: a scenario, such as quick-tour, or a model with --model.');
  }
  const scenario = opened && flags.model !== undefined ? onlyModel(opened.scenario, flags.model) : opened?.scenario;
  const once = scenario ? planScenario(scenario).map((run) => planned(flags, run)) : [planned(flags)];
  // Repeats are interleaved, so that a machine that slows down meets all models alike.
  const repeats = flags.repeats ?? scenario?.repeats ?? 1;
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > 20) {
    throw new LabError('bad-input', `--repeats must be a whole number from 1 to 20, not ${repeats}.`);
  }
  const runs = Array.from({ length: repeats }, () => once).flat();
  const models = await lab.listModels();
  const withoutThreads = new Set<string>();
  for (const { settings } of once) checkExternal(settings.server, flags);
  const threaded = runs.map((run): PlannedRun => {
    const { settings: server, isUnused } = withThreads(run.settings.server, flags, models);
    if (isUnused) withoutThreads.add(server.model);
    return { ...run, settings: { ...withSwitchesOf(flags, run.settings), server } };
  });
  const [first] = withoutThreads;
  if (first !== undefined && runs.every(({ settings }) => withoutThreads.has(settings.server.model))) {
    throw new LabError('bad-input', noThreadsSentence(first));
  }
  if (!opened) return { runs: threaded, withoutThreads };
  return {
    scenario: { name: opened.name, opened: opened.scenario, text: opened.text },
    runs: threaded,
    withoutThreads,
  };
}

function withThreadsNotice(result: RunResult, { withoutThreads }: Plan): RunResult {
  if (!withoutThreads.has(result.model)) return result;
  const text = noThreadsSentence(result.model);
  return { ...result, notices: [...result.notices, { level: 'info', code: 'noThreads', text, source: 'lab' }] };
}

/** The list `runs`, also of one, beside those that could not be made. */
function report(
  { scenario }: Plan,
  {
    results,
    others,
    conclusion,
  }: { results: readonly RunResult[]; others: readonly Outcome[]; conclusion: Conclusion },
): object {
  const named = scenario ? { scenario: scenario.name, title: scenario.opened.title } : {};
  const concluded = conclusion.expectations.length > 0 || conclusion.prediction ? { conclusion } : {};
  return { ...named, runs: results, notRun: others, ...concluded };
}

const histogramOf = (bins: readonly LatencyBin[] | undefined): { readonly histogram?: readonly LatencyBin[] } =>
  bins === undefined ? {} : { histogram: bins };

async function run(name: string | undefined, flags: RunFlags, context: CliContext): Promise<void> {
  checkFormat(flags);
  checkOut(flags);
  checkAddresses(flags);
  const plan = await planOf(name, flags, context.lab);
  refuseRecordingAtPlaces(flags);
  await withPlaces(flags, { loads: askedOf(plan.runs), signal: context.signal }, (places) =>
    runAt(places, plan, flags, context),
  );
}

async function runAt(
  places: RunPlaces | undefined,
  plan: Plan,
  flags: RunFlags,
  { lab, signal, isVerbose }: CliContext,
): Promise<void> {
  const predict = plan.scenario?.opened.predict;
  const guess = predict && mayAsk(flags) ? await askPrediction(predict, signal) : undefined;
  let recordingFault: string | undefined;
  const recording = await startRecording(flags, plan, (sentence) => {
    recordingFault = sentence;
    tell(`${sentence} The run goes on.\n`);
  });
  const bar = new ProgressBar(plan.runs.map(({ settings }) => settings.durationSeconds));
  const outcomes: Outcome[] = [];
  const histograms: (readonly LatencyBin[])[] = [];
  const finish = async (): Promise<void> => {
    bar.end();
    const recorded = await recording?.stop();
    const results = outcomes.flatMap((each, index) =>
      each.kind === 'done' ? [{ ...withThreadsNotice(each.result, plan), ...histogramOf(histograms[index]) }] : [],
    );
    const others = outcomes.filter((each) => each.kind !== 'done');
    const conclusion = plan.scenario ? conclude(plan.scenario.opened, results) : { expectations: [] };
    if (results.length > 0) {
      await deliver(
        flags,
        { ...report(plan, { results, others, conclusion }), ...(recorded ? { recording: recorded } : {}) },
        () => {
          const [scenario, runs, judged] = visibleTexts([plan.scenario?.opened, results, conclusion] as const);
          return runText(scenario, runs, judged, { guess, details: detailTables(runs, isVerbose?.() ?? false) });
        },
        () => runsCsv(results, flags.csvFormulas),
      );
    }
    if (recorded && recordingFault === undefined) tell(recordedLine(recorded));
    if (others.length === 0) {
      if (recordingFault !== undefined) throw new LabError('failed', recordingFault);
      failOnErrors(results.flatMap(({ notices }) => notices));
      failOnUnmet(conclusion);
      return;
    }
    const kind = others.some((each) => each.kind === 'failed') ? 'failed' : 'unavailable';
    throw new LabError(
      kind,
      others.map((each) => each.sentence),
    );
  };
  try {
    await lab.runPlan(plan.runs, {
      ...{ signal, watch: recording, detail: recording?.detail, places },
      onRun: ({ label, variant, settings }) => recording?.next(runName(label ?? settings.server.model, variant)),
      onProgress: ({ elapsedSeconds }, index) => {
        const current = plan.runs[index];
        if (current)
          bar.update(index, runName(current.label ?? current.settings.server.model, current.variant), elapsedSeconds);
      },
      onOutcome: (outcome) => outcomes.push(outcome),
      keepsInterrupted: true,
      onLatency: ({ corrected }, index) => {
        if (flags.histogram === true) histograms[index] = latencyBins(corrected);
      },
    });
    throwIfInterrupted(signal);
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
  suggestArguments(command, { values: builtInNames(), files: true });
  addModel(command, 'this model only, as `fdscope models` lists them');
  command.option('--switch <times>', 'models that take over while it runs: 2s:epoll-lt,4s:io_uring', parseSwitches);
  addNumber(command, '-r, --runs, --repeats', 'make every run so often, in turn');
  addRecord(command);
  addHistogram(command);
  addRequest(command);
  addPlaces(command, { hasServer: true });
  addJson(addMarkdown(addCsv(addOut(addClients(addExternal(addServer(command))))))).action(
    (name: string | undefined, flags: RunFlags) => run(name, flags, context),
  );
};
