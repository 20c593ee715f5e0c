/** What each verb of the contract does. */
import { allowanceOf, type Allowance } from '../../../shared/contract/allowance.ts';
import type { Verb, Verbs } from '../../../shared/contract/contract.ts';
import type { RequestMap } from '../../../shared/contract/channels.ts';
import type { experimentRequests } from '../../../shared/contract/experiments.ts';
import type { labRequests, MachineInfo } from '../../../shared/contract/lab.ts';
import type { liveRequests } from '../../../shared/contract/live.ts';
import type { ScenarioPlace, scenarioRequests } from '../../../shared/contract/scenarios.ts';
import { checkWindowAddresses } from '../address-gate.ts';
import { mayReadFiles } from '../experiments/allowance.ts';
import { readGlossary } from '../glossary.ts';
import type { LabService } from '../lab-service.ts';
import { benchVerbsOf } from './bench-verbs.ts';
import { experimentReport } from '../report/experiment-report.ts';
import { lessonVerbsOf } from './lesson-verbs.ts';
import { sessionVerbsOf } from './session-verbs.ts';
import { readScenario } from '../scenario-library.ts';
import { scenarioJsonSchema } from '../../../shared/schemas/json-schema.ts';

export const verbsOf = (lab: LabService, host: MachineInfo['host']): Verbs => ({
  ...labVerbs(lab, host),
  ...scenarioVerbs(lab, allowanceOf(host)),
  ...experimentVerbs(lab, allowanceOf(host)),
  ...sessionVerbsOf(lab, allowanceOf(host)),
  ...benchVerbsOf(lab, allowanceOf(host)),
  ...lessonVerbsOf(lab, allowanceOf(host), host),
  'glossary.list': () => readGlossary(),
});

type VerbsOf<Room extends RequestMap> = Pick<Verbs, Verb & keyof Room>;

const labVerbs = (lab: LabService, host: MachineInfo['host']): VerbsOf<typeof labRequests & typeof liveRequests> => ({
  'lab.machine': () => lab.machine(host),
  'lab.about': () => lab.about(host),
  'models.list': () => lab.listModels(),
  'models.source': ({ model }) => lab.modelSource(model),
  'scenarios.list': () => lab.scenarioCards(),
  'doctor.report': () => lab.doctor(),
  'live.state': () => lab.live.state,
  'live.start': (settings) => {
    checkWindowAddresses(settings.server, allowanceOf(host));
    lab.experiments.refuseIfRunning();
    return lab.live.start(settings);
  },
  'live.change': (changes) => lab.live.change(changes),
  'live.switch': (request) => lab.live.switchTo(request),
  'live.stop': () => lab.live.stop(),
  'live.mark': ({ text }) => {
    lab.live.mark(text);
    return undefined;
  },
});

const scenarioVerbs = ({ scenarios }: LabService, allowance: Allowance): VerbsOf<typeof scenarioRequests> => {
  const allowed = (place: ScenarioPlace): ScenarioPlace => {
    if ('file' in place) mayReadFiles(allowance);
    return place;
  };
  return {
    'scenario.list': () => scenarios.list(),
    'scenario.open': (place) => scenarios.open(allowed(place)),
    'scenario.check': ({ text }) => readScenario(text),
    'scenario.save': ({ name, text, replace }) => scenarios.save(name, text, replace),
    'scenario.duplicate': ({ from, name }) => scenarios.duplicate(allowed(from), name),
    'scenario.rename': ({ name, to }) => scenarios.rename(name, to),
    'scenario.delete': ({ name }) => {
      scenarios.delete(name);
      return undefined;
    },
    'scenario.schema': () => scenarioJsonSchema(),
  };
};

const experimentVerbs = ({ experiments }: LabService, allowance: Allowance): VerbsOf<typeof experimentRequests> => ({
  'experiment.state': () => experiments.state,
  'scenario.run': (request) => experiments.runScenario(request, allowance),
  'compare.start': (request) => experiments.compare(request, allowance),
  'sweep.start': (request) => experiments.sweep(request, allowance),
  'sweep.resume': () => experiments.resumeSweep(allowance),
  'experiment.cancel': () => experiments.cancel(),
  'experiment.result': () => experiments.result,
  'experiment.results': () => experiments.results,
  'experiment.report': ({ kind }) => experimentReport(experiments.results, kind),
});
