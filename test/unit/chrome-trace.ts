/** Reads Chrome's trace event JSON, as its published description has it. */
import type { ReadSlice } from './trace-checks.ts';

export interface ChromeEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly name?: string;
  readonly cat?: string;
  readonly s?: string;
  readonly args?: Readonly<Record<string, number | string>>;
}

export interface ChromeTrace {
  readonly events: readonly ChromeEvent[];
  readonly slices: readonly ReadSlice[];
  /** Names of threads by `pid/tid`, and of processes by `pid`. */
  readonly names: ReadonlyMap<string, string>;
}

const nanoseconds = (microseconds = 0): number => Math.round(microseconds * 1000);

export function readChromeTrace(text: string): ChromeTrace {
  const { traceEvents: events } = JSON.parse(text) as { traceEvents: ChromeEvent[] };
  const names = new Map<string, string>();
  const open = new Map<string, ChromeEvent[]>();
  const slices: ReadSlice[] = [];
  for (const event of events) {
    const track = `${event.pid}/${event.tid}`;
    const { name = '', cat: category = '', args = {} } = event;
    const fromNs = nanoseconds(event.ts);
    if (event.ph === 'M') names.set(name === 'process_name' ? String(event.pid) : track, String(args.name));
    else if (event.ph === 'X')
      slices.push({ track, name, category, args, fromNs, toNs: fromNs + nanoseconds(event.dur) });
    else if (event.ph === 'B') open.set(track, [...(open.get(track) ?? []), event]);
    else if (event.ph === 'E') {
      const begun = open.get(track)?.pop();
      if (!begun) throw new Error(`On ${track} a slice ends that never began.`);
      const { name: begunName = '', cat = '', args: begunArgs = {} } = begun;
      const facts = { track, name: begunName, category: cat, args: begunArgs };
      slices.push({ ...facts, fromNs: nanoseconds(begun.ts), toNs: fromNs });
    }
  }
  const unended = [...open.values()].flat().length;
  if (unended > 0) throw new Error(`${unended} slices have no end.`);
  return { events, slices, names };
}
