/** What each verb of the contract does. */
import type { CheckedParams, Result, Verb } from '../../../shared/contract/contract.ts';
import type { MachineInfo } from '../../../shared/contract/lab.ts';
import type { LabService } from '../lab-service.ts';
import { sessionVerbsOf } from './session-verbs.ts';

export type Verbs = { readonly [V in Verb]: (params: CheckedParams<V>) => Promise<Result<V>> | Result<V> };

export const verbsOf = (lab: LabService, host: MachineInfo['host']): Verbs => ({
  'lab.machine': () => lab.machine(host),
  'models.list': () => lab.listModels(),
  'models.source': ({ model }) => lab.modelSource(model),
  'scenarios.list': () => lab.scenarioCards(),
  'doctor.report': () => lab.doctor(),
  'live.state': () => lab.live.state,
  'live.start': (settings) => lab.live.start(settings),
  'live.change': (changes) => lab.live.change(changes),
  'live.switch': (request) => lab.live.switchTo(request),
  'live.stop': () => lab.live.stop(),
  'live.mark': ({ text }) => {
    lab.live.mark(text);
    return undefined;
  },
  ...sessionVerbsOf(lab),
});
