/** The export that goes on: one at a time, wherever it was begun, so that it outlives the menu that it was begun in. */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { Params, Result } from '../../shared/contract/contract.ts';
import type { CsvFormulas } from '../../shared/csv.ts';
import type { LabLink } from '../app/link.ts';
import { useLab } from './lab.ts';

type Format = Params<'sessions.export'>['format'];

interface Running {
  readonly job: string;
  readonly file: string;
  readonly format: Format;
  /** 0 to 1. */
  readonly share: number;
  readonly isCancelling: boolean;
}

/** What was written last. */
interface Written extends Result<'sessions.export'> {
  readonly file: string;
  readonly format: Format;
}

export const useSessionExport = defineStore('session-export', () => {
  const lab = useLab();
  const running = shallowRef<Running>();
  const written = shallowRef<Written>();

  function connect(link: LabLink): void {
    link.onEvent('sessions.exporting', ({ job, share }) => {
      if (running.value?.job === job) running.value = { ...running.value, share };
    });
  }

  /** Into the library's folder of exports, whole or not at all. Where it fails, why is shown. */
  async function start(file: string, format: Format, csvFormulas?: CsvFormulas): Promise<void> {
    if (running.value) return;
    const job = crypto.randomUUID();
    running.value = { job, file, format, share: 0, isCancelling: false };
    written.value = undefined;
    const result = await lab.attempt(async (link) => {
      try {
        return await link.request('sessions.export', {
          ...{ file, format, job },
          ...(format === 'csv' && { csvFormulas }),
        });
      } catch (error) {
        if (running.value?.isCancelling === true) return undefined; // as was wanted
        throw error;
      }
    });
    running.value = undefined;
    if (result) written.value = { ...result, file, format };
  }

  async function cancel(): Promise<void> {
    if (!running.value || running.value.isCancelling) return;
    running.value = { ...running.value, isCancelling: true };
    const { job } = running.value;
    await lab.attempt((link) => link.request('sessions.cancelExport', { job }));
  }

  return { running, written, connect, start, cancel };
});
