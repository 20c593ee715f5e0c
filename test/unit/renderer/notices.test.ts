/** Toasts: how long they stay, and that they stay while somebody is at them. */
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useNotices } from '../../../renderer/stores/notices.ts';

describe('toasts', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    setActivePinia(createPinia());
  });
  afterEach(() => vi.useRealTimers());

  const texts = () => useNotices().toasts.map((toast) => toast.text);
  const action = { title: 'Undo', run: () => undefined };

  it('go by themselves, what can be followed after 20 seconds', () => {
    const notices = useNotices();
    notices.show('good', 'short');
    notices.show('good', 'long', action);
    vi.advanceTimersByTime(4001);
    expect(texts()).toEqual(['long']);
    vi.advanceTimersByTime(15_990);
    expect(texts()).toEqual(['long']);
    vi.advanceTimersByTime(20);
    expect(texts()).toEqual([]);
  });

  it('stay while they are held, and then have what was left of their time', () => {
    const notices = useNotices();
    notices.show('good', 'short');
    vi.advanceTimersByTime(3000);
    notices.hold(true);
    notices.show('good', 'came meanwhile');
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(['short', 'came meanwhile']);
    notices.hold(false);
    vi.advanceTimersByTime(1001);
    expect(texts()).toEqual(['came meanwhile']);
    vi.advanceTimersByTime(3000);
    expect(texts()).toEqual([]);
  });

  it('are four at most, and the same words stand once, with new time', () => {
    const notices = useNotices();
    notices.show('info', 'a');
    vi.advanceTimersByTime(3000);
    notices.show('info', 'b');
    notices.show('info', 'a');
    expect(texts()).toEqual(['b', 'a']);
    vi.advanceTimersByTime(3000);
    expect(texts()).toEqual(['b', 'a']);
    for (const text of ['c', 'd', 'e']) notices.show('error', text);
    expect(texts()).toEqual(['a', 'c', 'd', 'e']);
  });
});
