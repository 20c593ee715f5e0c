/** What the lab has: models and their source, scenarios, the machine and what it allows. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { families, type ModelId, type ModelInfo } from '../../shared/catalogue.ts';
import type { AboutRow, DoctorReportItem, MachineInfo, ModelSource, ScenarioCard } from '../../shared/contract/lab.ts';
import type { LabLink } from '../app/link.ts';

export type Family = (typeof families)[number];

export const familyWords: Readonly<Record<Family, { readonly title: string; readonly idea: string }>> = {
  blocking: { title: 'Blocking', idea: 'A call sleeps in the kernel until its bytes are there.' },
  'non-blocking': { title: 'Non-blocking', idea: 'A call returns at once, and the program asks again and again.' },
  multiplexing: { title: 'Multiplexing', idea: 'One call waits for many sockets and says which are ready.' },
  'signal-driven': { title: 'Signal-driven', idea: 'The kernel sends a signal when a socket becomes ready.' },
  asynchronous: { title: 'Asynchronous', idea: 'The kernel does the whole operation and reports its completion.' },
};

export const useCatalogue = defineStore('catalogue', () => {
  const models = shallowRef<readonly ModelInfo[]>([]);
  const scenarios = shallowRef<readonly ScenarioCard[]>([]);
  const machine = shallowRef<MachineInfo>();
  const doctor = shallowRef<readonly DoctorReportItem[]>();
  const doctorFault = ref<string>();
  const sources = new Map<ModelId, Promise<ModelSource>>();
  let link: LabLink | undefined;

  const byFamily = computed(() =>
    families
      .map((family) => ({ family, models: models.value.filter((model) => model.family === family) }))
      .filter((group) => group.models.length > 0),
  );
  /** In the order of the bank, which is that of their keys. */
  const ordered = computed(() => byFamily.value.flatMap((group) => group.models));
  const model = (id: ModelId): ModelInfo | undefined => models.value.find((each) => each.id === id);

  async function load(newLink: LabLink): Promise<void> {
    link = newLink;
    sources.clear();
    const [list, cards, about] = await Promise.all([
      link.request('models.list'),
      link.request('scenarios.list'),
      link.request('lab.machine'),
    ]);
    models.value = list;
    scenarios.value = cards;
    machine.value = about;
  }

  async function examine(): Promise<void> {
    doctorFault.value = undefined;
    try {
      doctor.value = await link?.request('doctor.report');
    } catch (error) {
      doctorFault.value = error instanceof Error ? error.message : String(error);
    }
  }

  /** Asked each time: where sessions are may be another place by then. */
  const about = (): Promise<readonly AboutRow[]> =>
    link?.request('lab.about') ?? Promise.reject(new Error('The lab is not connected.'));

  /** The model's own file; asked for once. */
  function source(id: ModelId): Promise<ModelSource> {
    const there = sources.get(id);
    if (there) return there;
    if (!link) return Promise.reject(new Error('The lab is not connected.'));
    const asked = link.request('models.source', { model: id });
    sources.set(id, asked);
    // What failed may be asked for again.
    asked.catch(() => sources.delete(id));
    return asked;
  }

  return { models, scenarios, machine, doctor, doctorFault, byFamily, ordered, model, load, examine, about, source };
});
