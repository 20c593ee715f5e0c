/** What was used last, newest first; kept from one start to the next. */
import { useLocalStorage, type RemovableRef } from '@vueuse/core';

export interface Recent<T> {
  readonly entries: RemovableRef<readonly T[]>;
  /** It is the newest now, in place of what has the same key. */
  readonly note: (entry: T) => void;
}

export function useRecent<T>(name: string, most: number, keyOf: (entry: T) => string): Recent<T> {
  const entries = useLocalStorage<readonly T[]>(name, []);
  const note = (entry: T): void => {
    const others = entries.value.filter((each) => keyOf(each) !== keyOf(entry));
    entries.value = [entry, ...others].slice(0, most);
  };
  return { entries, note };
}
