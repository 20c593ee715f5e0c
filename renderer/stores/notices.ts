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
/** What can be undone, or followed, waits for whoever reads slowly. */
const actionLifeMs = 10_000;
const most = 4;

export const useNotices = defineStore('notices', () => {
  const toasts = ref<Toast[]>([]);
  let nextId = 1;

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  function show(level: Toast['level'], text: string, action?: ToastAction): void {
    // The same words again are the same toast, renewed.
    const others = toasts.value.filter((toast) => toast.text !== text);
    const toast: Toast = { id: nextId++, level, text, ...(action && { action }) };
    toasts.value = [...others, toast].slice(-most);
    setTimeout(() => dismiss(toast.id), action ? Math.max(actionLifeMs, lifeMs[level]) : lifeMs[level]);
  }

  return { toasts, show, dismiss };
});
