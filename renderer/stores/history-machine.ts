/** What others had of the machine, second by second: `machine` frames, which the lab writes. */
import { machineFrameSchema } from '../../shared/machine-noise.ts';
import { decodeJson } from '../../shared/telemetry/codec.ts';
import { SeriesRing } from './rings.ts';

/** Shares of the server's CPUs, but for `ready` (of the time in which its threads could run), `pressure` and `throttled` (of the clock's). */
export const machineColumns = ['others', 'steal', 'throttled', 'ready', 'pressure', 'lab', 'seconds'] as const;
export type MachineColumn = (typeof machineColumns)[number];

/** An hour. */
const maxRows = 3600;

export class MachineSeries {
  readonly ring = new SeriesRing(machineColumns.length, maxRows, 64);

  /** Throws where the frame does not say what its schema says. */
  take(payload: Uint8Array): void {
    const frame = machineFrameSchema.parse(decodeJson(payload));
    const row = this.ring.append(frame.timeNs);
    if (row < 0) return;
    const set = (column: MachineColumn, value: number | null): void =>
      this.ring.set(machineColumns.indexOf(column), row, value ?? Number.NaN);
    set('others', frame.othersShare);
    set('steal', frame.stealShare);
    set('lab', frame.labShare);
    set('ready', frame.readyShare);
    set('pressure', frame.pressureShare);
    set('throttled', frame.throttledMs === null ? null : frame.throttledMs / 1000 / frame.seconds);
    set('seconds', frame.seconds);
  }

  /** NaN where it could not be known. */
  at(column: MachineColumn, row: number): number {
    return this.ring.at(machineColumns.indexOf(column), row);
  }

  /** Mean over the stretches that rows tell of; NaN where there is none. */
  mean(column: MachineColumn, first: number, last: number): number {
    let sum = 0;
    let seconds = 0;
    for (let row = first; row <= last; row++) {
      const value = this.at(column, row);
      if (Number.isNaN(value)) continue;
      sum += value * this.at('seconds', row);
      seconds += this.at('seconds', row);
    }
    return seconds > 0 ? sum / seconds : Number.NaN;
  }
}
