/** What tests of stores and components begin with: fresh stores, joined to a double of the lab. */
import { createPinia, setActivePinia, type Pinia } from 'pinia';
import { encodeCounters } from '../../../shared/telemetry/codec.ts';
import { counterNames, gaugeNames, syscallNames } from '../../../shared/telemetry/wire.ts';
import { useCatalogue } from '../../../renderer/stores/catalogue.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { dropBeside, history } from '../../../renderer/stores/telemetry.ts';
import { LabDouble } from './lab-double.ts';

export async function joined(): Promise<{ double: LabDouble; pinia: Pinia }> {
  localStorage.clear();
  sessionStorage.clear();
  dropBeside();
  history.reset();
  const pinia = createPinia();
  setActivePinia(pinia);
  const double = new LabDouble();
  await Promise.all([useLab().connect(double), useCatalogue().load(double)]);
  return { double, pinia };
}

/** Totals of a server at a moment, of which these two are not 0. */
export const countersFrame = (ms: number, requests: number, openFds: number): Uint8Array =>
  encodeCounters({
    ...{ timeNs: ms * 1e6, sequence: ms, snapshotId: 0 },
    gauges: Float64Array.from(gaugeNames, (name) => (name === 'openFds' ? openFds : 0)),
    counters: Float64Array.from(counterNames, (name) => (name === 'requests' ? requests : 0)),
    syscalls: new Float64Array(syscallNames.length),
    ...{ stepHits: new Float64Array(0), stepNs: new Float64Array(0) },
  });
