/** The exact slices of what a raster shows, kept until it shows something else or more is told. */
import type { TelemetryHistory } from '../stores/history.ts';
import { socketStates } from '../stores/socket-states.ts';
import { duration } from '../stores/format.ts';
import { ExactSlices, slicesOfSockets, type Slice } from './socket-slices.ts';
import { socketWords } from './socket-words.ts';
import type { Stretch } from './track.ts';

type Told = Pick<TelemetryHistory, 'sockets' | 'events' | 'epoch'>;

export class ExactWindow {
  #key = '';
  #slices: ExactSlices | undefined;

  /** Undefined where no events were recorded, where there are too many, or where a fd does not say which socket it is. */
  of({ sockets, events, epoch }: Told, { fromNs, toNs }: Stretch): ExactSlices | undefined {
    const { ticks } = sockets;
    const isKnown = events.count > 0 && sockets.hasShares && !sockets.hasSeveralProcesses;
    const [first, last] = [ticks.tickAt(fromNs), Math.min(ticks.end - 1, ticks.tickAt(toNs))];
    const key = [isKnown, epoch, events.count, first, last, ticks.end].join();
    if (key === this.#key) return this.#slices;
    this.#key = key;
    this.#slices = undefined;
    if (!isKnown || last < first) return undefined;
    // Ticks are told whole, and turns begin before them: those of the edges, and one more on both sides.
    const found = slicesOfSockets(events, sockets, {
      fromNs: ticks.beginOf(Math.max(ticks.first, first - 1)),
      toNs: ticks.timeOf(Math.min(ticks.end - 1, last + 1)),
    });
    this.#slices = found && new ExactSlices(sockets, found);
    return this.#slices;
  }

  /** Of what was asked for last. */
  at(row: number, timeNs: number): Slice | undefined {
    return this.#slices?.at(row, timeNs);
  }
}

export function sliceLines({ state, fromNs, toNs }: Slice): string[] {
  const { label, explanation } = socketWords[socketStates[state] ?? 'none'];
  return [`${label}: ${explanation}`, `For ${duration(toNs - fromNs)}, by its events.`];
}
