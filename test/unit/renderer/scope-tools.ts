/** What tests of stores and components begin with: fresh stores, joined to a double of the lab. */
import { createPinia, setActivePinia, type Pinia } from 'pinia';
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
