import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PendingReplies } from '../../main/lab/pending-replies.ts';

describe('commands that wait for their answers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('resolves the one that was answered, whatever the order', async () => {
    const replies = new PendingReplies('The server');
    const first = replies.expect(1, 'pause', 100);
    const second = replies.expect(2, 'resume', 100);
    replies.take({ id: 2, ok: true });
    await second;
    replies.take({ id: 1, ok: true });
    await first;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says who refused, and why', async () => {
    const replies = new PendingReplies('The server');
    const asked = replies.expect(7, 'switch', 100);
    replies.take({ id: 7, ok: false, error: 'fd 1024 is beyond FD_SETSIZE' });
    await expect(asked).rejects.toThrow('The server refused a command: fd 1024 is beyond FD_SETSIZE');
  });

  it('gives up after its time, and takes no notice of an answer that comes later', async () => {
    const replies = new PendingReplies('The server');
    const asked = replies.expect(1, 'snapshot', 250);
    const outcome = expect(asked).rejects.toThrow('The server did not answer "snapshot" within 250 ms.');
    await vi.advanceTimersByTimeAsync(250);
    await outcome;
    replies.take({ id: 1, ok: true });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects all that wait when no more will come', async () => {
    const replies = new PendingReplies('The server');
    const asked = [replies.expect(1, 'pause', 100), replies.expect(2, 'resume', 100)];
    const outcomes = Promise.allSettled(asked);
    replies.rejectAll(new Error('gone'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
