/** What a person should be told, briefly: toasts. What stays true is on the screens. */
import { defineStore } from 'pinia';
import { ref } from 'vue';

export interface Toast {
  readonly id: number;
  readonly level: 'info' | 'good' | 'warning' | 'error';
  readonly text: string;
  readonly action?: ToastAction;
}

export interface ToastAction {
  readonly title: string;
  readonly run: () => void;
}

const lifeMs = { info: 4000, good: 4000, warning: 8000, error: 12_000 } as const;
/** What can be undone, or followed, waits for whoever reads slowly: the 20 s that WCAG 2.2.1 has for a time limit. */
const actionLifeMs = 20_000;
const most = 4;

/** A time that can be stopped, and goes on with what was left of it. */
interface Countdown {
  leftMs: number;
  startedAt: number;
  timer?: ReturnType<typeof setTimeout>;
}

export const useNotices = defineStore('notices', () => {
  const toasts = ref<Toast[]>([]);
  const countdowns = new Map<number, Countdown>();
  let isHeld = false;
  let nextId = 1;

  function dismiss(id: number): void {
    clearTimeout(countdowns.get(id)?.timer);
    countdowns.delete(id);
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  function start(id: number, countdown: Countdown): void {
    countdown.startedAt = performance.now();
    countdown.timer = setTimeout(() => dismiss(id), countdown.leftMs);
  }

  function show(level: Toast['level'], text: string, action?: ToastAction): void {
    // The same words again are the same toast, renewed.
    for (const { id } of toasts.value.filter((toast) => toast.text === text)) dismiss(id);
    const toast: Toast = { id: nextId++, level, text, ...(action && { action }) };
    toasts.value = [...toasts.value, toast];
    for (const { id } of toasts.value.slice(0, -most)) dismiss(id);
    const countdown: Countdown = {
      leftMs: action ? Math.max(actionLifeMs, lifeMs[level]) : lifeMs[level],
      startedAt: 0,
    };
    countdowns.set(toast.id, countdown);
    if (!isHeld) start(toast.id, countdown);
  }

  /** While somebody is at them, with pointer or focus, none goes away; afterwards each has what was left of its time. */
  function hold(held: boolean): void {
    if (held === isHeld) return;
    isHeld = held;
    for (const [id, countdown] of countdowns) {
      if (held) {
        clearTimeout(countdown.timer);
        countdown.leftMs -= performance.now() - countdown.startedAt;
      } else start(id, countdown);
    }
  }

  return { toasts, show, dismiss, hold };
});
