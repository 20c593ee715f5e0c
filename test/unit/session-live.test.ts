/** Recording, replay and the flight recorder on the path that live frames take, without engines. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FlightRecorder } from '../../main/lab/live/flight-recorder.ts';
import { FlightRing } from '../../main/lab/live/flight-ring.ts';
import { FlightTriggers } from '../../main/lab/live/flight-triggers.ts';
import { FrameFeed } from '../../main/lab/live/frame-feed.ts';
import { FrameHub } from '../../main/lab/live/frame-hub.ts';
import { LiveReplay } from '../../main/lab/live/live-replay.ts';
import { HubRecording } from '../../main/lab/sessions/hub-recording.ts';
import { SessionLibrary } from '../../main/lab/sessions/library.ts';
import { SessionRecorder } from '../../main/lab/sessions/recorder.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { createSink, type SessionSink } from '../../main/lab/sessions/session-sink.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import { flightSettingsSchema, type FlightKept } from '../../shared/contract/flight.ts';
import { liveSettingsSchema } from '../../shared/contract/live.ts';
import { requestsOf, sumOf } from '../../shared/session/overview.ts';
import { decodeCounters, encodeCounters, encodeFdStates, encodeLatency } from '../../shared/telemetry/codec.ts';
import { FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import { fdFlags, fdRoles, frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { countersFrame, latencyBytes, manifestOf, smallRun, startNs } from './session-frames.ts';

let folder: string;
let hub: FrameHub;
let library: SessionLibrary;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-live-'));
  hub = new FrameHub();
  library = new SessionLibrary(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = smallRun();
const half = Math.floor(run.frames.length / 2);

interface Got {
  readonly source: FrameSource;
  readonly kind: number;
  readonly payload: string;
}

const text = (payload: Uint8Array): string => Buffer.from(payload).toString('base64');
const told = (frames: typeof run.frames): Got[] =>
  frames.map(({ source, kind, payload }) => ({ source, kind, payload: text(payload) }));

/** All that a hub tells, from now on. */
function listen(to: FrameHub): Got[] {
  const got: Got[] = [];
  to.subscribe({
    take: (source, frame) =>
      got.push({
        ...{ source, kind: new DataView(frame.buffer, frame.byteOffset).getUint16(4, true) },
        payload: text(frame.subarray(frameHeaderBytes)),
      }),
    clear: () => got.splice(0),
  });
  return got;
}

const publish = (frames: typeof run.frames): void => {
  for (const { source, kind, payload } of frames) hub.publish(source, kind, payload);
};

async function openFile<T>(file: string, use: (session: SessionFile) => Promise<T>): Promise<T> {
  const session = await SessionFile.open(join(folder, file));
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

describe('a recording that begins in mid-run', () => {
  it('knows who serves and counts from then on only', async () => {
    publish(run.frames.slice(0, half));
    const before = decodeCounters(
      run.frames.slice(0, half).findLast(({ kind, source }) => kind === frameKinds.counters && source === 'server')
        ?.payload ?? new Uint8Array(),
    );
    const manifest = manifestOf({ started: { wallMs: 0, monotonicNs: Number(process.hrtime.bigint()) } });
    const recording = await HubRecording.start(hub, { path: join(folder, 'a.fdscope'), manifest });
    publish(run.frames.slice(half));
    await recording.stop();
    publish(run.frames.slice(0, 3)); // nobody records any more
    const { card } = await library.details('a.fdscope');
    expect(card.models).toEqual(['epoll-lt', 'poll']);
    expect(card.requests).toBe(run.requests - (before.counters[0] ?? 0));
    const frames = await openFile('a.fdscope', (session) => Promise.resolve(session.frameCount));
    expect(frames).toBe(run.frames.length - half);
  });
});

describe('a disk that fills up', () => {
  /** Takes `room` bytes, the last write in part, as disks do. */
  async function fullAfter(path: string, room: number): Promise<SessionSink> {
    const sink = await createSink(path);
    let left = room;
    return {
      ...{ sync: () => sink.sync(), truncate: (bytes) => sink.truncate(bytes), close: () => sink.close() },
      write: async (bytes) => {
        await sink.write(bytes.subarray(0, Math.max(0, left)));
        left -= bytes.length;
        if (left < 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      },
    };
  }

  it('ends the recording with a sentence and a file that opens; frames still reach everybody', async () => {
    const faults: string[] = [];
    const got = listen(hub);
    const path = join(folder, 'full.fdscope');
    const recording = await HubRecording.start(hub, {
      ...{ path, manifest: manifestOf(), policy: { chunkBytes: 4000 } },
      ...{ openSink: (to: string) => fullAfter(to, 12_000), onFault: (sentence: string) => faults.push(sentence) },
    });
    publish(run.frames.slice(0, half));
    await vi.waitFor(() => expect(faults).toHaveLength(1));
    publish(run.frames.slice(half));
    const { fault, bytes } = await recording.stop();
    expect(fault).toBe(faults[0]);
    expect(fault).toContain('the disk is full: free some space');
    expect(got.length).toBe(run.frames.length);
    await openFile('full.fdscope', async (session) => {
      expect(session.bytes).toBe(bytes);
      expect(session.frameCount).toBeGreaterThan(10);
      const kept = [];
      for await (const frame of session.frames()) kept.push(frame);
      expect(told(kept)).toEqual(told(run.frames.slice(0, kept.length)));
    });
  });

  it('that has no room for the beginning refuses at once', async () => {
    const options = { path: join(folder, 'none.fdscope'), manifest: manifestOf() };
    const start = SessionRecorder.start({ ...options, openSink: (to) => fullAfter(to, 10) });
    await expect(start).rejects.toThrow(/cannot be recorded: the disk is full/);
  });
});

describe('a replay', () => {
  let replay: LiveReplay;
  beforeEach(async () => {
    const recorder = await SessionRecorder.start({
      ...{ path: join(folder, 'a.fdscope'), manifest: manifestOf(), policy: { keyframeSeconds: 1 } },
    });
    for (const { source, kind, payload, receivedNs } of run.frames) recorder.frame(source, kind, payload, receivedNs);
    await recorder.stop();
    replay = new LiveReplay(hub, library);
  });
  afterEach(() => replay.close());

  it('tells the very frames that were recorded, up to the moment that was asked for', async () => {
    const got = listen(hub);
    const { details, replay: state } = await replay.open('a.fdscope');
    expect(details.card.requests).toBe(run.requests);
    expect(state).toMatchObject({ file: 'a.fdscope', isPlaying: false, positionNs: startNs, endedNs: run.endNs });
    expect(await replay.seek(run.endNs)).toMatchObject({ positionNs: run.endNs });
    expect(got).toEqual(told(run.frames));
    const middle = startNs + 1.5e9;
    await replay.seek(middle);
    expect(got).toEqual(told(run.frames.filter(({ receivedNs }) => receivedNs <= middle)));
  });

  it('tells windows of a new epoch before its frames', async () => {
    await replay.open('a.fdscope');
    const order: string[] = [];
    replay.onState(({ epoch }) => order.push(`epoch ${epoch}`));
    hub.follow({ take: () => order.push('frame'), clear: () => order.push('clear') });
    const epoch = replay.state?.epoch ?? 0;
    await replay.seek(run.endNs);
    expect(order.slice(0, 3)).toEqual(['clear', `epoch ${epoch + 1}`, 'frame']);
  });

  it('plays at its speed to the end, and stops there', async () => {
    const got = listen(hub);
    await replay.open('a.fdscope');
    await replay.seek(run.endNs - 5e8);
    const states: boolean[] = [];
    replay.onState(({ isPlaying }) => states.push(isPlaying));
    const begunMs = performance.now();
    expect((await replay.play(5)).isPlaying).toBe(true);
    await vi.waitFor(() => expect(replay.state?.isPlaying).toBe(false), 10_000);
    // Half a second at five times the speed takes no less than a tenth of it.
    expect(performance.now() - begunMs).toBeGreaterThan(90);
    expect(got).toEqual(told(run.frames));
    expect(replay.state?.positionNs).toBe(run.endNs);
    expect(states).toContain(true);
  });

  it('jumps from moment to moment, of the kinds that are asked for', async () => {
    await replay.open('a.fdscope');
    await library.annotate('a.fdscope', { fromNs: startNs + 2e9, text: 'look' });
    const at = async (jump: Parameters<LiveReplay['jump']>[0]): Promise<number> =>
      Math.round(((await replay.jump(jump)).positionNs - startNs) / 1e6);
    expect(await at({ direction: 'next', kinds: ['finding'] })).toBe(1500);
    expect(await at({ direction: 'next' })).toBe(2000);
    expect(await at({ direction: 'next' })).toBe(2000);
    expect(await at({ direction: 'previous', kinds: ['mark'] })).toBe(1500);
    expect(await at({ direction: 'previous', kinds: ['model'] })).toBe(1);
  });

  it('jumps on from where a jump is going, however fast they are asked for', async () => {
    await replay.open('a.fdscope');
    for (const ms of [500, 1000, 2000, 2500]) {
      await library.annotate('a.fdscope', { fromNs: startNs + ms * 1e6, text: `at ${ms}` });
    }
    await replay.seek(run.endNs);
    const back = { direction: 'previous', kinds: ['annotation'] } as const;
    await Promise.all([replay.jump(back), replay.jump(back), replay.jump(back)]);
    expect(replay.state?.positionNs).toBe(startNs + 1e9);
  });

  it('jumps back past the moment that it has just played', async () => {
    await replay.open('a.fdscope');
    for (const ms of [500, 2000]) await library.annotate('a.fdscope', { fromNs: startNs + ms * 1e6, text: `at ${ms}` });
    await replay.seek(startNs + 2e9);
    await replay.play(0.1);
    await vi.waitFor(() => expect(replay.state?.positionNs).toBeGreaterThan(startNs + 2e9));
    const { positionNs } = await replay.jump({ direction: 'previous', kinds: ['annotation'] });
    expect(positionNs).toBeLessThan(startNs + 1e9);
  });

  it('left while it seeks, answers the seek and complains of nothing', async () => {
    await replay.open('a.fdscope');
    const seeking = replay.seek(run.endNs);
    await replay.close();
    expect(await seeking).toMatchObject({ file: 'a.fdscope' });
    expect(replay.state).toBeUndefined();
  });

  it('gives a window that takes its frames in small bites all of them, none merged', async () => {
    const batches: Uint8Array[] = [];
    const feed = new FrameFeed((batch) => {
      batches.push(batch);
      setTimeout(() => feed.credit(batch.length), 1);
    });
    feed.credit(1000);
    hub.subscribe(feed);
    await replay.open('a.fdscope');
    await replay.seek(run.endNs);
    await vi.waitFor(() => {
      const frames = batches.flatMap((batch) => [...new FrameSplitter().push(batch.subarray(1))]);
      expect(frames).toHaveLength(run.frames.length);
    });
    feed.close();
  });

  it('says what is wrong where nothing is open', async () => {
    await expect(replay.seek(0)).rejects.toThrow('No session is open');
    await expect(replay.open('none.fdscope')).rejects.toThrow(/no such file/);
  });
});

const armed = (changes: object = {}): ReturnType<typeof flightSettingsSchema.parse> =>
  flightSettingsSchema.parse({ beforeSeconds: 1, afterSeconds: 0, ...changes });

describe('triggers of the flight recorder', () => {
  const fdFrame = (waitingUs: number, flags: number): Uint8Array =>
    encodeFdStates({
      ...{ timeNs: 7, count: 2, connectionIds: Uint32Array.of(1, 2), fds: Int32Array.of(8, 9) },
      ...{ flags: Uint16Array.of(fdFlags.waiting, flags), tcpStates: new Uint8Array(2) },
      roles: new Uint8Array(2).fill(fdRoles.indexOf('client')),
      ...{ receiveQueueBytes: new Uint32Array(2), sendQueueBytes: new Uint32Array(2) },
      ...{ waitingUs: Uint32Array.of(10, waitingUs), bytesIn: new Uint32Array(2), bytesOut: new Uint32Array(2) },
    }).subarray(frameHeaderBytes);

  it('starved: only a socket that waits, and for long enough', () => {
    const triggers = new FlightTriggers(armed({ starvedMs: 5 }));
    const look = (waitingUs: number, flags: number = fdFlags.waiting): string | undefined =>
      triggers.take('server', frameKinds.fdStates, fdFrame(waitingUs, flags))?.sentence;
    expect(look(4999)).toBeUndefined();
    expect(look(9000, 0)).toBeUndefined();
    expect(look(9000)).toBe('fd 9 (connection 2) was ready and not served for 9.0 ms, above 5 ms.');
  });

  it('error: those that are new, not those of before', () => {
    const triggers = new FlightTriggers(armed({ onError: true }));
    const look = (errorTimeout: number): string | undefined =>
      triggers.take(
        'clients',
        frameKinds.counters,
        encodeCounters(countersFrame(1, { errorTimeout })).subarray(frameHeaderBytes),
      )?.sentence;
    expect([look(3), look(3), look(5)]).toEqual([
      ...[undefined, undefined],
      'The clients met 2 errors (so far: timeout 5).',
    ]);
  });

  it('p99: of a whole second, of enough requests', () => {
    const look = (valueNs: number, count: number): boolean => {
      const triggers = new FlightTriggers(armed({ p99Ms: 10 }));
      const values = Array.from({ length: count }, () => valueNs);
      return [0, 1, 2, 3].some((tick) => {
        const frame = encodeLatency({ timeNs: tick * 5e8, kind: 'corrected', encoded: latencyBytes(values) });
        return triggers.take('clients', frameKinds.latency, frame.subarray(frameHeaderBytes)) !== undefined;
      });
    };
    expect([look(11e6, 200), look(9e6, 200), look(11e6, 2)]).toEqual([true, false, false]);
  });
});

describe('the flight recorder', () => {
  const settings = liveSettingsSchema.parse({
    ...{ server: { model: 'epoll-lt' }, connections: 4, clients: [{ profile: 'closed' }] },
  });

  it('holds what was asked for and not much more, each part from its own state', () => {
    const ring = new FlightRing(hub.state, 1);
    for (const { source, kind, payload, receivedNs } of run.frames) {
      hub.publish(source, kind, payload);
      ring.take(source, kind, payload, receivedNs);
    }
    expect(ring.seconds).toBeGreaterThanOrEqual(1);
    expect(ring.seconds).toBeLessThan(1.5);
    const [first] = ring.parts;
    expect(first?.keyframe.map(({ kind }) => kind)).toContain(frameKinds.threadStarted);
    const held = ring.parts.flatMap(({ frames }) => frames);
    expect(told([...held])).toEqual(told(run.frames.slice(run.frames.length - held.length)));
  });

  it('keeps what was before and after the key as a session that replays', async () => {
    const flight = new FlightRecorder(hub, library, () => settings);
    const kept: FlightKept[] = [];
    flight.on({ state: () => {}, kept: (each) => kept.push(each) });
    await expect(flight.keep()).rejects.toThrow('arm it first');
    publish(run.frames.slice(0, 20)); // before it was armed
    flight.arm(armed({ afterSeconds: 30 }));
    publish(run.frames.slice(20, half));
    await flight.keep();
    await expect(flight.keep()).rejects.toThrow('still being kept');
    expect((await library.list()).sessions[0]?.isRecording).toBe(true);
    publish(run.frames.slice(half));
    await flight.runEnds();
    flight.disarm();
    expect(kept).toMatchObject([{ trigger: 'key' }]);
    const { card, overview } = await library.details(kept[0]?.file ?? '');
    expect(card).toMatchObject({ models: ['epoll-lt', 'poll'], tags: ['flight recorder', 'key'], isRecording: false });
    expect(overview.moments.map(({ name }) => name)).toContain('flight-key');
    const withoutMark = await openFile(card.file, async (session) => {
      const frames = [];
      for await (const frame of session.frames()) frames.push(frame);
      return frames.filter(({ payload }) => !Buffer.from(payload).includes('flight-key'));
    });
    expect(told(withoutMark)).toEqual(told(run.frames.slice(20)));
    expect(sumOf(requestsOf(overview))).toBeLessThan(run.requests);
  });

  it('is tripped once, and rests', async () => {
    const flight = new FlightRecorder(hub, library, () => settings);
    const kept: FlightKept[] = [];
    flight.on({ state: () => {}, kept: (each) => kept.push(each) });
    flight.arm(armed({ onError: true }));
    const error = (count: number): void =>
      hub.publishFrame('clients', encodeCounters(countersFrame(count, { errorReset: count })));
    error(0);
    error(1);
    await vi.waitFor(() => expect(kept).toHaveLength(1));
    error(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await flight.runEnds();
    flight.disarm();
    expect(kept.map(({ sentence }) => sentence)).toEqual(['The clients met 1 error (so far: reset 1).']);
    error(3);
    expect((await library.list()).sessions).toHaveLength(1);
  });

  it('keeps nothing of a replay, and nothing where nothing runs', async () => {
    const flight = new FlightRecorder(hub, library, () => undefined);
    flight.arm(armed({ onError: true }));
    publish(run.frames);
    expect(flight.state.heldBytes).toBe(0);
    await expect(flight.keep()).rejects.toThrow('Nothing runs');
    flight.disarm();
  });
});
