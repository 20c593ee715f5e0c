/** Frames for readers that are fast, slow or away: what is sent, what is merged, and how much is kept. */
import { describe, expect, it } from 'vitest';
import { frameSources, maxBatchBytes, type FrameSource } from '../../shared/contract/channels.ts';
import {
  decodeCounters,
  decodeFdStates,
  decodeJson,
  decodeLatency,
  decodeOpened,
  decodeThreads,
  decodeThreadStarted,
  decodeThreadStates,
  encodeCounters,
  encodeEvents,
  encodeFdStates,
  encodeJson,
  encodeLatency,
  encodeOpened,
  encodeSwitches,
  encodeThreads,
  encodeThreadStarted,
  encodeThreadStates,
  type Counters,
  type FdStates,
} from '../../shared/telemetry/codec.ts';
import { FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import { addEncoded, emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
import { fdFlags, fdRoles, frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { FrameFeed } from '../../main/lab/live/frame-feed.ts';
import { FrameHub } from '../../main/lab/live/frame-hub.ts';
import { encodeHistogram } from '../../main/lab/latency.ts';

interface Got {
  readonly source: FrameSource | undefined;
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** A reader that keeps what it is sent. */
class Reader {
  readonly batches: Uint8Array[] = [];
  readonly feed = new FrameFeed((batch) => this.batches.push(batch));

  get frames(): Got[] {
    return this.batches.flatMap((batch) =>
      [...new FrameSplitter().push(batch.subarray(1))].map(({ kind, payload }) => ({
        ...{ source: frameSources[batch[0] ?? -1], kind, payload },
      })),
    );
  }
  of(kind: number): Uint8Array[] {
    return this.frames.filter((frame) => frame.kind === kind).map(({ payload }) => payload);
  }
  get bytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.length, 0);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const countersAt = (timeNs: number, requests: number, snapshotId = 0): Uint8Array => {
  const frame: Counters = {
    ...{ timeNs, sequence: timeNs, snapshotId, gauges: new Float64Array(0), counters: Float64Array.of(requests) },
    ...{ syscalls: new Float64Array(0), stepHits: new Float64Array(0), stepNs: new Float64Array(0) },
  };
  return encodeCounters(frame);
};

interface Row {
  readonly id: number;
  readonly flags: number;
  readonly bytesIn?: number;
  readonly receiveQueueBytes?: number;
}

const fdFrame = (timeNs: number, rows: readonly Row[]): Uint8Array => {
  const zeros = new Uint32Array(rows.length);
  const frame: FdStates = {
    ...{ timeNs, count: rows.length, connectionIds: Uint32Array.from(rows, ({ id }) => id) },
    ...{ fds: Int32Array.from(rows, ({ id }) => id + 10), flags: Uint16Array.from(rows, ({ flags }) => flags) },
    ...{ roles: new Uint8Array(rows.length).fill(fdRoles.indexOf('client')), tcpStates: new Uint8Array(rows.length) },
    receiveQueueBytes: Uint32Array.from(rows, ({ receiveQueueBytes }) => receiveQueueBytes ?? 0),
    ...{ sendQueueBytes: zeros, waitingUs: zeros, bytesIn: Uint32Array.from(rows, ({ bytesIn }) => bytesIn ?? 0) },
    bytesOut: zeros,
  };
  return encodeFdStates(frame);
};

const openedFrame = (timeNs: number, ids: readonly number[]): Uint8Array =>
  encodeOpened(
    timeNs,
    ids.map((connectionId) => ({
      ...{ timeNs, connectionId, fd: connectionId + 10, role: 'client', local: '127.0.0.1:80', peer: '127.0.0.1:9' },
    })),
  );

const latencyFrame = (timeNs: number, valuesNs: readonly number[]): Uint8Array => {
  const histogram = emptyHistogram();
  for (const value of valuesNs) histogram.recordValue(value);
  return encodeLatency({ timeNs, kind: 'corrected', encoded: encodeHistogram(histogram) });
};

/** Fills the backlog of a reader without credit, so that from here on frames are merged. */
function fill(feed: FrameFeed): void {
  for (let i = 0; i < 6; i++) {
    const text = 'x'.repeat(60_000);
    feed.take('lab', encodeJson(frameKinds.mark, { name: 'filler', timeNs: 0, text }));
  }
}

describe('a feed with credit', () => {
  it('sends every frame as it came, in order, one source a batch', async () => {
    const reader = new Reader();
    reader.feed.credit(1_000_000);
    const frames = [countersAt(1, 1), countersAt(2, 2), countersAt(3, 3)];
    frames.forEach((frame, i) => reader.feed.take(i < 2 ? 'server' : 'clients', frame));
    await turn();
    expect(reader.batches).toHaveLength(2);
    expect(reader.frames.map(({ source, payload }) => [source, decodeCounters(payload).timeNs])).toEqual([
      ['server', 1],
      ['server', 2],
      ['clients', 3],
    ]);
  });

  it('keeps batches within their limit, and sends a frame that is longer alone', async () => {
    const reader = new Reader();
    reader.feed.credit(10_000_000);
    const mark = (size: number): Uint8Array =>
      encodeJson(frameKinds.mark, { name: 'm', timeNs: 0, text: 'x'.repeat(size) });
    const sizes = [30_000, 30_000, 30_000, 200_000, 10];
    for (const size of sizes) reader.feed.take('lab', mark(size));
    await turn();
    expect(reader.frames).toHaveLength(sizes.length);
    const over = reader.batches.filter((batch) => batch.length > maxBatchBytes);
    expect(over).toHaveLength(1);
    expect(over[0]).toHaveLength(1 + mark(200_000).length);
  });

  it('stops when the credit is used, by at most one batch more, and goes on with more', async () => {
    const reader = new Reader();
    reader.feed.credit(1);
    for (let i = 0; i < 4; i++) {
      reader.feed.take('lab', encodeJson(frameKinds.mark, { name: 'm', timeNs: i, text: 'x'.repeat(50_000) }));
    }
    await turn();
    expect(reader.batches).toHaveLength(1);
    reader.feed.credit(10);
    expect(reader.batches).toHaveLength(1); // still in debt
    reader.feed.credit(60_000);
    expect(reader.batches).toHaveLength(2);
  });
});

describe('a feed without credit', () => {
  it('keeps a short backlog whole', async () => {
    const reader = new Reader();
    for (let i = 1; i <= 20; i++) reader.feed.take('server', countersAt(i, i));
    await turn();
    expect(reader.batches).toHaveLength(0);
    reader.feed.credit(1_000_000);
    expect(reader.frames).toHaveLength(20);
  });

  it('sends the newest counters of each source', () => {
    const reader = new Reader();
    fill(reader.feed);
    for (let i = 1; i <= 1000; i++) {
      reader.feed.take('server', countersAt(i, 10 * i));
      reader.feed.take('clients', countersAt(i, 20 * i));
    }
    reader.feed.credit(10_000_000);
    const counters = reader.frames.filter(({ kind }) => kind === frameKinds.counters);
    expect(counters.map(({ source, payload }) => [source, decodeCounters(payload).counters[0]])).toEqual([
      ['server', 10_000],
      ['clients', 20_000],
    ]);
  });

  it('adds histograms exactly', () => {
    const reader = new Reader();
    fill(reader.feed);
    const all = emptyHistogram();
    for (let i = 1; i <= 50; i++) {
      const values = [1000 * i, 1_000_000 * i];
      values.forEach((value) => all.recordValue(value));
      reader.feed.take('clients', latencyFrame(i, values));
    }
    reader.feed.credit(10_000_000);
    const [frame, ...others] = reader.of(frameKinds.latency).map(decodeLatency);
    expect(others).toHaveLength(0);
    expect(frame).toMatchObject({ timeNs: 50, kind: 'corrected' });
    const merged = emptyHistogram();
    addEncoded(merged, frame?.encoded ?? new Uint8Array(0));
    expect(merged.totalCount).toBe(100);
    for (const percentile of [1, 50, 90, 99, 100]) {
      expect(merged.getValueAtPercentile(percentile)).toBe(all.getValueAtPercentile(percentile));
    }
  });

  it('keeps one record a socket: how it is, with all that happened', () => {
    const reader = new Reader();
    fill(reader.feed);
    const { read, wrote, waiting, blocked } = fdFlags;
    reader.feed.take('server', openedFrame(1, [1, 2]));
    reader.feed.take('server', fdFrame(1, [{ id: 1, flags: read | waiting, bytesIn: 5, receiveQueueBytes: 7 }]));
    reader.feed.take(
      'server',
      fdFrame(2, [
        { id: 1, flags: wrote | blocked, bytesIn: 6 },
        { id: 2, flags: read },
      ]),
    );
    reader.feed.credit(10_000_000);
    expect(reader.of(frameKinds.opened).flatMap(decodeOpened)).toHaveLength(2);
    const [states] = reader.of(frameKinds.fdStates).map(decodeFdStates);
    expect([...(states?.connectionIds ?? [])]).toEqual([1, 2]);
    expect([...(states?.flags ?? [])]).toEqual([read | wrote | blocked, read]);
    expect([...(states?.bytesIn ?? [])]).toEqual([11, 0]);
    expect([...(states?.receiveQueueBytes ?? [])]).toEqual([0, 0]);
  });

  it('forgets sockets that came and went unseen, and tells of those that the reader knew', async () => {
    const reader = new Reader();
    reader.feed.credit(100);
    reader.feed.take('server', openedFrame(1, [1, 2, 3]));
    await turn(); // the reader knows 1 to 3, and its credit is used
    fill(reader.feed);
    reader.feed.take('server', fdFrame(2, [{ id: 2, flags: fdFlags.closed }]));
    for (let id = 1000; id < 60_000; id++) {
      reader.feed.take('server', openedFrame(id, [id]));
      reader.feed.take('server', fdFrame(id, [{ id, flags: fdFlags.closed }]));
    }
    const before = reader.bytes;
    reader.feed.credit(10_000_000);
    expect(reader.bytes - before).toBeLessThan(400_000);
    const [states] = reader.of(frameKinds.fdStates).map(decodeFdStates);
    expect([...(states?.connectionIds ?? [])]).toEqual([2]);
    expect(reader.of(frameKinds.opened).flatMap(decodeOpened)).toHaveLength(3);
  });

  it('keeps the newest totals and states of threads, without those that came and went', () => {
    const reader = new Reader();
    fill(reader.feed);
    const { feed } = reader;
    const totals = (timeNs: number, threadId: number, entries: Record<number, number>, hasEnded = false): Uint8Array =>
      encodeThreads({
        timeNs,
        threads: [
          {
            ...{ threadId, hasEnded, indexes: Uint16Array.from(Object.keys(entries), Number) },
            values: Float64Array.from(Object.values(entries)),
          },
        ],
      });
    const state = (threadId: number, sinceNs: number): Uint8Array =>
      encodeThreadStates({
        ...{ timeNs: sinceNs, count: 1, threadIds: Uint32Array.of(threadId), states: Uint8Array.of(1) },
        ...{ syscalls: Uint16Array.of(0), fds: Int32Array.of(-1), sinceNs: Float64Array.of(sinceNs) },
      });
    for (const threadId of [1, 2]) feed.take('server', encodeThreadStarted({ threadId, tid: 9, name: 't' }));
    for (const frame of [totals(1, 1, { 0: 5, 3: 6 }), totals(2, 1, { 3: 7 }), totals(3, 2, { 0: 1 }, true)]) {
      feed.take('server', frame);
    }
    // One that the reader knew from before.
    feed.take('server', totals(4, 8, { 0: 2 }, true));
    for (const frame of [state(1, 10), state(1, 20)]) feed.take('server', frame);
    feed.credit(10_000_000);
    expect(reader.of(frameKinds.threadStarted).map((payload) => decodeThreadStarted(payload).threadId)).toEqual([1]);
    const [merged] = reader.of(frameKinds.threads).map(decodeThreads);
    expect(merged?.threads.map(({ threadId, hasEnded, values }) => [threadId, hasEnded, [...values]])).toEqual([
      [1, false, [5, 7]],
      [8, true, [2]],
    ]);
    const [states] = reader.of(frameKinds.threadStates).map(decodeThreadStates);
    expect([...(states?.sinceNs ?? [])]).toEqual([20]);
  });

  it('leaves out events and switches, and says how many', () => {
    const reader = new Reader();
    fill(reader.feed);
    const none = new Float64Array(3);
    const events = encodeEvents({
      ...{ timeNs: 1, threadId: 1, dropped: 4, count: 3, timesNs: none, durationsNs: none },
      ...{ kinds: new Uint16Array(3), codes: new Uint16Array(3), fds: new Int32Array(3), results: new Int32Array(3) },
      connectionIds: new Uint32Array(3),
    });
    const switches = encodeSwitches({
      ...{ timeNs: 1, count: 3, timesNs: none, threadIds: new Uint32Array(3), kinds: new Uint8Array(3) },
    });
    reader.feed.take('server', events);
    reader.feed.take('server', events);
    reader.feed.take('server', switches);
    reader.feed.credit(10_000_000);
    expect(reader.of(frameKinds.events)).toHaveLength(0);
    expect(reader.of(frameKinds.switches)).toHaveLength(0);
    const [notice] = reader.of(frameKinds.notice).map(decodeJson);
    expect(notice).toMatchObject({ code: 'feedDropped' });
    expect((notice as { text: string }).text).toContain('14 events and 3 context switches');
  });

  it('stays bounded however long it waits, and every batch it sends then fits', () => {
    const reader = new Reader();
    const ids = Array.from({ length: 10_000 }, (_, i) => i + 1);
    reader.feed.take('server', openedFrame(1, ids));
    for (let tick = 1; tick <= 100; tick++) {
      reader.feed.take('server', countersAt(tick, tick));
      reader.feed.take('clients', latencyFrame(tick, [1000 * tick]));
      reader.feed.take(
        'server',
        fdFrame(
          tick,
          ids.map((id) => ({ id, flags: fdFlags.read, bytesIn: 1 })),
        ),
      );
      reader.feed.take('lab', encodeJson(frameKinds.mark, { name: 'm', timeNs: tick }));
    }
    for (let i = 0; i < 100; i++) reader.feed.credit(65_536);
    // 100 ticks of 10,000 sockets were 32 MB.
    expect(reader.bytes).toBeLessThan(1_200_000);
    expect(Math.max(...reader.batches.map(({ length }) => length))).toBeLessThanOrEqual(maxBatchBytes);
    const bytesIn = reader.of(frameKinds.fdStates).flatMap((payload) => [...decodeFdStates(payload).bytesIn]);
    expect(bytesIn).toHaveLength(10_000);
    expect(new Set(bytesIn)).toEqual(new Set([100]));
    expect(reader.of(frameKinds.mark)).toHaveLength(100);
  });

  it('sends nothing of what it had when another run begins, or when it is closed', async () => {
    const reader = new Reader();
    fill(reader.feed);
    reader.feed.take('server', countersAt(1, 1));
    reader.feed.clear();
    reader.feed.take('server', countersAt(2, 2));
    reader.feed.credit(1_000_000);
    expect(reader.of(frameKinds.counters).map((payload) => decodeCounters(payload).timeNs)).toEqual([2]);
    reader.feed.close();
    reader.feed.take('server', countersAt(3, 3));
    reader.feed.credit(1_000_000);
    await turn();
    expect(reader.frames).toHaveLength(1);
  });
});

describe('the hub of a run', () => {
  const payloadOf = (frame: Uint8Array): Uint8Array => frame.subarray(frameHeaderBytes);

  it('tells who comes later how things are, and everybody what comes', () => {
    const hub = new FrameHub();
    hub.publishFrame('server', encodeThreadStarted({ threadId: 1, tid: 9, name: 'main' }));
    hub.publishFrame('server', openedFrame(1, [1, 2]));
    hub.publishFrame(
      'server',
      fdFrame(1, [
        { id: 1, flags: fdFlags.closed },
        { id: 2, flags: fdFlags.read, bytesIn: 9 },
      ]),
    );
    hub.publishFrame('server', countersAt(1, 1));
    hub.publishFrame('clients', latencyFrame(1, [5]));
    const got: { source: FrameSource; frame: Uint8Array }[] = [];
    const end = hub.subscribe({ take: (source, frame) => got.push({ source, frame }), clear: () => got.splice(0) });
    const kinds = got.map(({ frame }) => frame[4]);
    expect(kinds).toEqual([frameKinds.threadStarted, frameKinds.opened, frameKinds.fdStates, frameKinds.counters]);
    const states = decodeFdStates(payloadOf(got[2]?.frame ?? new Uint8Array(0)));
    expect([...states.connectionIds]).toEqual([2]);
    expect([states.flags[0], states.bytesIn[0]]).toEqual([0, 0]); // what it did was before this reader came

    hub.publishFrame('server', countersAt(2, 2, 77)); // answers somebody's question
    hub.publishFrame('server', countersAt(3, 3));
    expect(decodeCounters(payloadOf(got.at(-1)?.frame ?? new Uint8Array(0))).timeNs).toBe(3);
    expect(got).toHaveLength(5);
    hub.clear();
    expect(got).toHaveLength(0);
    end();
    hub.publishFrame('server', countersAt(4, 4));
    expect(got).toHaveLength(0);
  });

  it('forgets the threads and sockets of a process that was replaced', () => {
    const hub = new FrameHub();
    hub.publishFrame('server', encodeThreadStarted({ threadId: 1, tid: 9, name: 'old' }));
    hub.publishFrame('server', openedFrame(1, [1]));
    hub.publishFrame('server', encodeJson(frameKinds.ready, { role: 'serve', pid: 2 }));
    hub.publishFrame('server', encodeThreadStarted({ threadId: 1, tid: 10, name: 'new' }));
    const got: Uint8Array[] = [];
    hub.subscribe({ take: (_source, frame) => got.push(frame), clear: () => {} });
    expect(got.map((frame) => frame[4])).toEqual([frameKinds.ready, frameKinds.threadStarted]);
    expect(decodeThreadStarted(payloadOf(got[1] ?? new Uint8Array(0))).name).toBe('new');
  });
});
