/** The sweep that was cancelled or broke off, kept in a file so that it can go on, even after a crash. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../../../shared/contract/channels.ts';
import type { ExperimentState } from '../../../shared/contract/experiments.ts';
import { sweepAxes } from '../../../shared/sweep-result.ts';
import { dataFolder } from '../data-folder.ts';
import { faultOf, LabError } from '../errors.ts';
import { readSweep, writeSweep, type StoredSweep } from '../sweep/resume-file.ts';
import type { SweepPlan } from '../sweep/sweep.ts';
import { titleOf } from './plans.ts';

export type Resumable = NonNullable<ExperimentState['resumable']>;

export class UnfinishedSweep {
  readonly #path: string;
  /** Of the file as it was at `version`: it has every run of a sweep in it, and states are asked for often. */
  #known: { readonly version: string; readonly resumable: Resumable | undefined } | undefined;

  constructor(path: string = join(dataFolder(), 'unfinished-sweep.json')) {
    this.#path = path;
  }

  /** A full disk ends no sweep; what it says is to be told where it is missed. */
  keep(stored: StoredSweep): Fault | undefined {
    try {
      writeSweep(this.#path, stored);
      return undefined;
    } catch (error) {
      return faultOf(error);
    }
  }

  /** Throws LabError where there is none, or one of another version. */
  read(): StoredSweep {
    if (this.#version() === undefined) throw new LabError('bad-input', 'There is no sweep to go on with.');
    return readSweep(this.#path);
  }

  clear(): void {
    rmSync(this.#path, { force: true });
  }

  get resumable(): Resumable | undefined {
    const version = this.#version();
    if (version === undefined) return undefined;
    if (this.#known?.version !== version) this.#known = { version, resumable: this.#describe() };
    return this.#known.resumable;
  }

  #version(): string | undefined {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    return stat && `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
  }

  #describe(): Resumable | undefined {
    try {
      const { plan, records } = readSweep(this.#path);
      const pointsDone = new Set(records.map(({ label, value }) => JSON.stringify([label, value]))).size;
      const pointsTotal = plan.values.length * plan.entries.length;
      return { title: sweepTitle(plan), axis: plan.axis, pointsDone, pointsTotal };
    } catch (error) {
      if (error instanceof LabError) return undefined; // of another version
      throw error;
    }
  }
}

export const sweepTitle = ({ axis, values, entries }: SweepPlan): string => {
  const [first = 0, last = first] = [values[0], values.at(-1)];
  const words = (value: number): string => value.toLocaleString('en');
  return titleOf(entries, `${sweepAxes[axis]}, ${words(first)} to ${words(last)}`);
};
