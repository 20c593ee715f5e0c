/** What each thread of a server did, put together from the frames that carry only what changed. */
import type { ThreadGroup } from '../../shared/run-result.ts';
import { counterEntry, type Threads, type ThreadStarted } from '../../shared/telemetry/codec.ts';
import type { CounterName } from '../../shared/telemetry/wire.ts';

interface Thread {
  readonly name: string;
  readonly values: Map<number, number>;
  /** Values at the beginning of the measured interval. */
  base: Map<number, number>;
}

/** "connection 17" and "worker-3" are of one kind each. */
export const groupName = (name: string): string => name.replaceAll(/[\s#-]*\d+/g, '').trim() || name;

export class ThreadTotals {
  readonly #threads = new Map<number, Thread>();

  started({ threadId, name }: ThreadStarted): void {
    this.#threads.set(threadId, { name, values: new Map(), base: new Map() });
  }

  changed(frame: Threads): void {
    for (const change of frame.threads) {
      const thread = this.#threads.get(change.threadId);
      change.indexes.forEach((index, i) => thread?.values.set(index, change.values[i] ?? 0));
    }
  }

  /** The measured interval begins now. */
  restart(): void {
    for (const thread of this.#threads.values()) thread.base = new Map(thread.values);
  }

  /** Groups in the order in which their first thread began. */
  groups(): ThreadGroup[] {
    const groups = new Map<string, Thread[]>();
    for (const thread of this.#threads.values()) {
      const name = groupName(thread.name);
      groups.set(name, [...(groups.get(name) ?? []), thread]);
    }
    return [...groups].map(([name, threads]) => {
      const sum = (counter: CounterName): number => {
        const entry = counterEntry(counter);
        return threads.reduce(
          (total, { values, base }) => total + (values.get(entry) ?? 0) - (base.get(entry) ?? 0),
          0,
        );
      };
      return {
        name,
        threads: threads.length,
        requests: sum('requests'),
        cpuSeconds: (sum('cpuUserNs') + sum('cpuSystemNs')) / 1e9,
        voluntarySwitches: sum('voluntarySwitches'),
        involuntarySwitches: sum('involuntarySwitches'),
      };
    });
  }
}
