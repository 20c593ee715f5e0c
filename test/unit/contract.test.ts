/** Both ends of the contract on a wire in memory: verbs, faults, events, credit, and what is no message. */
import { describe, expect, it, vi } from 'vitest';
import { LabClient, LabFault } from '../../shared/contract/client.ts';
import type { LiveState } from '../../shared/contract/live.ts';
import type { Wire } from '../../shared/contract/wire.ts';
import { encodeHeartbeat, encodeJson } from '../../shared/telemetry/codec.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';
import { serveContract } from '../../main/lab/contract-server/contract-server.ts';
import type { Verbs } from '../../shared/contract/contract.ts';
import { LabError } from '../../main/lab/errors.ts';
import { FrameHub } from '../../main/lab/live/frame-hub.ts';

class EndOfWire implements Wire {
  other: EndOfWire | undefined;
  readonly sent: (string | Uint8Array)[] = [];
  closedWith: string | undefined;
  #listener: (message: string | Uint8Array) => void = () => {};
  #onClosed: (reason: string) => void = () => {};

  /** What was sent while the other side does not read. */
  readonly unread: (() => void)[] = [];
  isRead = true;

  send(message: string | Uint8Array, flushed?: () => void): void {
    if (this.closedWith !== undefined) return;
    this.sent.push(message);
    const arrive = (): void => {
      flushed?.();
      this.other?.receive(message);
    };
    if (this.isRead) queueMicrotask(arrive);
    else this.unread.push(arrive);
  }
  receive(message: string | Uint8Array): void {
    this.#listener(message);
  }
  onMessage(listener: (message: string | Uint8Array) => void): void {
    this.#listener = listener;
  }
  onClosed(listener: (reason: string) => void): void {
    this.#onClosed = listener;
  }
  close(reason: string): void {
    for (const end of [this, this.other]) {
      if (!end || end.closedWith !== undefined) continue;
      end.closedWith = reason;
      queueMicrotask(() => end.#onClosed(reason));
    }
  }
}

function wirePair(): [EndOfWire, EndOfWire] {
  const [a, b] = [new EndOfWire(), new EndOfWire()];
  a.other = b;
  b.other = a;
  return [a, b];
}

const idle: LiveState = { phase: 'idle', paused: false };

/** A lab with verbs of the test's own. */
function open(verbs: Partial<Verbs> = {}): {
  client: LabClient;
  ours: EndOfWire;
  theirs: EndOfWire;
  frames: FrameHub;
  listeners: Set<(state: LiveState) => void>;
} {
  const [ours, theirs] = wirePair();
  const frames = new FrameHub();
  const listeners = new Set<(state: LiveState) => void>();
  const onState = (listener: (state: LiveState) => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const quiet = (): (() => void) => () => {};
  const live = { frames, onState, replay: { onState: quiet }, flight: { on: quiet }, sessions: { onChanged: quiet } };
  serveContract(theirs, verbs as Verbs, {
    live,
    experiments: { subscribe: quiet },
    exports: { onProgress: quiet },
    bench: { subscribe: quiet },
  });
  return { client: new LabClient(ours), ours, theirs, frames, listeners };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

describe('the contract', () => {
  it('answers verbs, with defaults of the schema filled in and results that say nothing', async () => {
    const start = vi.fn(() => idle);
    const mark = vi.fn((): undefined => undefined);
    const { client } = open({ 'live.start': start, 'live.mark': mark, 'live.state': () => idle });
    expect(await client.request('live.state')).toEqual(idle);
    await client.request('live.start', { server: { model: 'poll' }, connections: 3, clients: [{ profile: 'idle' }] });
    expect(start).toHaveBeenCalledWith(
      expect.objectContaining({ pin: true, server: expect.objectContaining({ port: 0, protocol: 'http' }) as unknown }),
    );
    await expect(client.request('live.mark', { text: 'x' })).resolves.toBeUndefined();
    expect(mark).toHaveBeenCalledWith({ text: 'x' });
  });

  it('answers each of many requests under way with its own result', async () => {
    const wait = [30, 1, 10];
    const { client } = open({
      'live.change': async ({ workUs = 0 }) => {
        await new Promise((resolve) => setTimeout(resolve, wait[workUs]));
        return { ...idle, startedNs: workUs };
      },
    });
    const states = await Promise.all([0, 1, 2].map((workUs) => client.request('live.change', { workUs })));
    expect(states.map(({ startedNs }) => startedNs)).toEqual([0, 1, 2]);
  });

  it('refuses bad parameters before the verb sees them, in a sentence', async () => {
    const change = vi.fn(() => idle);
    const { client } = open({ 'live.change': change });
    await expect(client.request('live.change', { connections: 0 })).rejects.toThrow('"connections" must be at least 1');
    await expect(client.request('live.change', { speed: 3 } as never)).rejects.toThrow('There is no key "speed"');
    expect(change).not.toHaveBeenCalled();
  });

  it('tells faults in the sentence of the lab', async () => {
    const { client } = open({
      'live.stop': () => {
        throw new LabError('failed', 'The server would not stop.');
      },
    });
    const refused = client.request('live.stop');
    await expect(refused).rejects.toBeInstanceOf(LabFault);
    await expect(refused).rejects.toThrow('The server would not stop.');
    await expect(client.request('live.launch' as never)).rejects.toThrow('no verb "live.launch"');
    await expect(client.request('constructor' as never)).rejects.toThrow('no verb "constructor"');
  });

  it('does not let out a result that is not as agreed', async () => {
    const { client } = open({ 'live.state': () => ({ phase: 'flying' }) as unknown as LiveState });
    await expect(client.request('live.state')).rejects.toThrow('answer to live.state is not as agreed');
  });

  it('does not let in a result that is not as agreed', async () => {
    const [ours, theirs] = wirePair();
    const client = new LabClient(ours);
    theirs.onMessage((text) => {
      const { id } = JSON.parse(text as string) as { id: number };
      theirs.send(JSON.stringify({ type: 'result', id, result: { phase: 'flying' } }));
    });
    await expect(client.request('live.state')).rejects.toThrow('answer to live.state is not as agreed');
  });

  it('tells events to the window', async () => {
    const { client, listeners } = open();
    const seen: LiveState[] = [];
    client.onEvent('live.state', (state) => seen.push(state));
    for (const tell of listeners) tell({ ...idle, phase: 'starting' });
    await settled();
    expect(seen).toEqual([{ phase: 'starting', paused: false }]);
  });

  it.each([
    ['text that is no JSON', 'hello'],
    ['a message of an unknown type', '{"type":"shout"}'],
    ['a message of the lab', '{"type":"result","id":1}'],
    ['credit that is none', '{"type":"credit","bytes":-5}'],
    ['bytes', Uint8Array.of(0, 1, 2)],
  ])('ends a wire that carries %s', async (_what, message) => {
    const { ours, theirs, listeners } = open();
    expect(listeners.size).toBe(1);
    ours.send(message);
    await settled();
    expect(theirs.closedWith).toContain('not one of the contract');
    expect(listeners.size).toBe(0);
  });

  it('ends a wire on which a window asks without end', async () => {
    const { client, theirs } = open({ 'live.stop': () => new Promise<never>(() => {}) });
    const all = Array.from({ length: 300 }, () => client.request('live.stop'));
    await expect(Promise.all(all)).rejects.toThrow('too many were unanswered');
    expect(theirs.closedWith).toBeDefined();
    await Promise.allSettled(all);
  });

  it('takes the questions of windows in turn, however many one asks', async () => {
    const order: string[] = [];
    const asked = (window: string): ReturnType<typeof open> =>
      open({
        'live.state': () => {
          order.push(window);
          return idle;
        },
      });
    const [busy, calm] = [asked('busy'), asked('calm')];
    const many = Array.from({ length: 200 }, () => busy.client.request('live.state'));
    await calm.client.request('live.state');
    expect(order.filter((window) => window === 'busy').length).toBeLessThanOrEqual(3);
    await Promise.all(many);
    expect(order).toHaveLength(201);
  });

  it('works for a window no longer when that does not read its answers, and goes on when it does', async () => {
    const state = vi.fn(() => idle);
    const stop = vi.fn(() => idle);
    const { client, theirs } = open({ 'live.state': state, 'live.stop': stop });
    theirs.isRead = false;
    const many = Array.from({ length: 100 }, () => client.request('live.state'));
    await settled();
    await vi.waitFor(() => expect(state).toHaveBeenCalledTimes(32));
    await settled();
    expect(state).toHaveBeenCalledTimes(32);
    // What ends something is done all the same.
    const stopped = client.request('live.stop');
    await vi.waitFor(() => expect(stop).toHaveBeenCalledTimes(1));
    theirs.isRead = true;
    for (const arrive of theirs.unread.splice(0)) arrive();
    await Promise.all([...many, stopped]);
    expect(state).toHaveBeenCalledTimes(100);
  });

  it('ends a window that asks and never reads, and one that reads no events', async () => {
    const { client, theirs } = open({ 'live.state': () => idle });
    theirs.isRead = false;
    const many = Array.from({ length: 300 }, () => client.request('live.state'));
    const all = Promise.allSettled(many);
    await vi.waitFor(() => expect(theirs.closedWith).toContain('too many were unanswered'));
    await all;
    const deaf = open();
    deaf.theirs.isRead = false;
    for (let i = 0; i < 1100; i++) for (const tell of deaf.listeners) tell(idle);
    expect(deaf.theirs.closedWith).toContain('does not read');
    expect(deaf.theirs.sent.length).toBeLessThan(1010);
  });

  it('holds back frames that have not left, whatever the credit, and sends them merged later', async () => {
    const { ours, theirs, frames } = open();
    theirs.isRead = false;
    ours.send(JSON.stringify({ type: 'credit', bytes: 1e9 }));
    await settled();
    const text = 'x'.repeat(60_000);
    for (let i = 0; i < 100; i++) {
      frames.publishFrame('lab', encodeJson(frameKinds.mark, { name: 'm', timeNs: i, text }));
      await settled();
    }
    const bytes = (): number => theirs.sent.reduce((sum, { length }) => sum + length, 0);
    expect(bytes()).toBeGreaterThan(1 << 19);
    expect(bytes()).toBeLessThan(1.2 * (1 << 20));
    const before = theirs.sent.length;
    theirs.isRead = true;
    for (const arrive of theirs.unread.splice(0)) arrive();
    await vi.waitFor(() => expect(theirs.sent.length).toBeGreaterThan(before));
  });

  it('ends a wire for which an event is not as agreed, and not whoever told it', async () => {
    const { theirs, listeners } = open();
    for (const tell of listeners) tell({ ...idle, startedNs: Number.NaN });
    await settled();
    expect(theirs.closedWith).toContain('a fault of fdscope');
    expect(listeners.size).toBe(0);
  });

  it('sends frames for credit only, and the client gives it back for what it has taken', async () => {
    const { client, ours, theirs, frames } = open();
    frames.publishFrame('server', encodeHeartbeat({ timeNs: 1 }));
    await settled();
    expect(theirs.sent).toHaveLength(0);
    const taken: [string, number][] = [];
    client.onFrames((source, bytes) => taken.push([source, bytes.length]));
    await settled();
    const text = 'x'.repeat(60_000);
    for (let i = 0; i < 100; i++) {
      frames.publishFrame('lab', encodeJson(frameKinds.mark, { name: 'm', timeNs: i, text }));
      await settled();
    }
    const batches = theirs.sent.filter((message): message is Uint8Array => typeof message !== 'string');
    expect(taken.reduce((sum, [, bytes]) => sum + bytes + 1, 0)).toBe(batches.reduce((sum, b) => sum + b.length, 0));
    expect(batches.length).toBeGreaterThan(90);
    const credit = ours.sent
      .map((message) => JSON.parse(message as string) as { type: string; bytes: number })
      .filter(({ type }) => type === 'credit');
    const [window, ...returned] = credit.map(({ bytes }) => bytes);
    expect(window).toBeGreaterThan(65_536);
    expect(returned).toEqual(batches.map(({ length }) => length));
  });

  it('gives credit back even where the window fails at a frame', async () => {
    const { client, ours, frames } = open();
    client.onFrames(() => {
      throw new Error('no room');
    });
    const faults: unknown[] = [];
    const receive = ours.receive.bind(ours);
    ours.receive = (message) => {
      try {
        receive(message);
      } catch (error) {
        faults.push(error);
      }
    };
    await settled();
    frames.publishFrame('lab', encodeJson(frameKinds.mark, { name: 'm', timeNs: 1 }));
    await settled();
    expect(faults).toHaveLength(1);
    expect(ours.sent.filter((message) => (message as string).includes('credit'))).toHaveLength(2);
  });

  it('rejects what is unanswered when the wire closes, and everything afterwards', async () => {
    const { client, theirs } = open({ 'live.stop': () => new Promise<never>(() => {}) });
    const reasons: string[] = [];
    client.onClosed((reason) => reasons.push(reason));
    const waiting = client.request('live.stop');
    theirs.close('The lab has ended.');
    await expect(waiting).rejects.toThrow('The lab has ended.');
    await expect(client.request('live.state')).rejects.toThrow('The lab has ended.');
    expect(reasons).toEqual(['The lab has ended.']);
  });
});
