/** Two sessions laid over each other: which ones, how far B is shifted, and what their files say of them. */
import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';
import type { SessionDetails } from '../../shared/contract/sessions.ts';
import type { Comparison } from '../../shared/session/compare.ts';
import { useLab } from './lab.ts';

export interface OverlaidPair {
  readonly a: SessionDetails;
  readonly b: SessionDetails;
  readonly comparison: Comparison;
}

export const useSessionOverlay = defineStore('session-overlay', () => {
  const lab = useLab();
  const pair = shallowRef<OverlaidPair>();
  /** B's start after A's. */
  const offsetSeconds = ref(0);
  /** Of two pairs that are asked for at once, the later one is shown. */
  let asked = 0;

  /** Where a file cannot be read, why is shown, and what was open stays. */
  async function open(aFile: string, bFile: string): Promise<void> {
    const own = ++asked;
    const next = await lab.attempt(async (link): Promise<OverlaidPair> => {
      const [a, b, comparison] = await Promise.all([
        link.request('sessions.details', { file: aFile }),
        link.request('sessions.details', { file: bFile }),
        link.request('sessions.compare', { a: aFile, b: bFile }),
      ]);
      return { a, b, comparison };
    });
    if (!next || own !== asked) return;
    pair.value = next;
    offsetSeconds.value = 0;
  }

  /** The other one is measured against, and keeps its place on the other's time. */
  async function swap(): Promise<void> {
    if (!pair.value) return;
    const offset = offsetSeconds.value;
    const before = pair.value;
    await open(before.b.card.file, before.a.card.file);
    if (pair.value !== before) offsetSeconds.value = offset === 0 ? 0 : -offset;
  }

  /** The pair as one HTML page; undefined where its files cannot be read, which is told. */
  async function report(): Promise<{ readonly fileName: string; readonly text: string } | undefined> {
    if (!pair.value) return undefined;
    const { a, b } = pair.value;
    return lab.attempt((link) => link.request('sessions.report', { a: a.card.file, b: b.card.file }));
  }

  function close(): void {
    asked++;
    pair.value = undefined;
  }

  return { pair, offsetSeconds, open, swap, report, close };
});
