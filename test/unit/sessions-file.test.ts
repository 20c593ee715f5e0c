/** The session file: written, cut, damaged, edited, refused. */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendEdits } from '../../main/lab/sessions/session-editor.ts';
import { SessionRecorder, type RecorderOptions } from '../../main/lab/sessions/recorder.ts';
import { readFault } from '../../main/lab/sessions/faults.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { createSink, type SessionSink } from '../../main/lab/sessions/session-sink.ts';
import { compareSessions } from '../../shared/session/compare.ts';
import { servedBy } from '../../shared/session/served-by.ts';
import {
  chunkHeaderBytes,
  chunkKinds,
  encodeFileHeader,
  fileHeaderBytes,
  formatVersion,
  shuffleEntries,
  unshuffleEntries,
  encodeEntries,
  decodeEntries,
  type SessionFrame,
} from '../../shared/session/format.ts';
import { steadinessOf } from '../../main/lab/compare/session-files.ts';
import { requestsOf, modelsOf, sumOf } from '../../shared/session/overview.ts';
import { StateTracker } from '../../shared/session/state-tracker.ts';
import {
  counterOf,
  decodeCounters,
  decodeFdStates,
  decodeOpened,
  decodeThreads,
  encodeCounters,
  encodeJson,
  gaugeOf,
} from '../../shared/telemetry/codec.ts';
import { fdFlags, frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { countersFrame, manifestOf, smallRun, startNs } from './session-frames.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'fdscope-session-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = smallRun();

async function record(options: Partial<RecorderOptions> = {}, frames = run.frames): Promise<string> {
  const path = options.path ?? join(folder, 'run.fdscope');
  const recorder = await SessionRecorder.start({ path, manifest: manifestOf(), ...options });
  for (const { source, kind, payload, receivedNs } of frames) {
    options.tracker?.see(source, kind, payload);
    recorder.frame(source, kind, payload, receivedNs);
  }
  const { fault } = await recorder.stop();
  expect(fault).toBeUndefined();
  return path;
}

async function withSession<T>(path: string, use: (session: SessionFile) => Promise<T>): Promise<T> {
  const session = await SessionFile.open(path);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

const framesIn = (path: string, range = {}): Promise<typeof run.frames> =>
  withSession(path, async (session) => {
    const frames = [];
    for await (const frame of session.frames(range)) frames.push(frame);
    return frames;
  });

const plain = (frames: typeof run.frames): object[] =>
  frames.map((frame) => ({ ...frame, payload: Buffer.from(frame.payload).toString('base64') }));

describe('a session file', () => {
  it('gives back every frame, byte for byte, in order and with its time', async () => {
    const read = await framesIn(await record());
    expect(plain(read)).toEqual(plain(run.frames));
  });

  it('gives the frames of a range', async () => {
    const range = { fromNs: startNs + 1e9, toNs: startNs + 2e9 };
    const read = await framesIn(await record({ policy: { chunkBytes: 5000 } }), range);
    const expected = run.frames.filter(({ receivedNs }) => receivedNs >= range.fromNs && receivedNs <= range.toNs);
    expect(read.length).toBeGreaterThan(50);
    expect(plain(read)).toEqual(plain(expected));
  });

  it('has an overview whose sums are those of the counters', async () => {
    await withSession(await record(), async (session) => {
      const overview = await session.overview();
      expect(sumOf(requestsOf(overview))).toBe(run.requests);
      expect(sumOf(overview.columns.serverRequests)).toBe(run.requests);
      expect(overview.syscalls).toEqual(run.syscalls);
      expect(sumOf(overview.columns.syscalls)).toBe(sumOf(Object.values(run.syscalls)));
      expect(modelsOf(overview)).toEqual(['epoll-lt', 'poll']);
      expect(overview.latency.corrected.count).toBe(run.requests);
      expect(overview.latency.corrected.p50).toBeCloseTo(20, 0);
      expect(overview.moments.map(({ kind }) => kind)).toContain('finding');
      expect(overview.lostFrames).toBe(0);
      expect(session.endedNs).toBe(run.endNs);
    });
  });

  it('has the same overview after being cut off, from the frames behind the last summary', async () => {
    const long = smallRun({ seconds: 9 });
    const path = await record({ policy: { keyframeSeconds: 2 } }, long.frames);
    const whole = await withSession(path, (session) => session.overview());
    const lastSummary = await withSession(path, (session) =>
      Promise.resolve(session.places.filter(({ kind }) => kind === chunkKinds.summary).at(-1)),
    );
    const file = openSync(path, 'r+');
    ftruncateSync(file, (lastSummary?.offset ?? 0) + 10);
    closeSync(file);
    await withSession(path, async (session) => {
      expect(session.wasClosedWell).toBe(false);
      expect(await session.overview()).toEqual(whole);
    });
  });

  it('opens, cut at every byte, up to its last whole chunk', async () => {
    const path = await record(
      { policy: { chunkBytes: 1500, keyframeSeconds: 1 } },
      smallRun({ seconds: 1.1, connections: 1 }).frames.filter((_, i) => i < 20 || i > 180),
    );
    const bytes = readFileSync(path);
    const places = await withSession(path, (session) => Promise.resolve(session.places));
    const manifestEnd = chunkEnd(places[0]);
    const cut = join(folder, 'cut.fdscope');
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(cut, bytes.subarray(0, length));
      if (length < manifestEnd) {
        await expect(SessionFile.open(cut), `cut at ${length}`).rejects.toThrow(
          /not an fdscope session|holds nothing|holds no session/,
        );
        continue;
      }
      const session = await SessionFile.open(cut);
      const whole = places.filter((place) => chunkEnd(place) <= length);
      expect(session.places, `cut at ${length}`).toEqual(whole);
      expect(session.wasClosedWell).toBe(false);
      await session.close();
    }
    expect(places.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(Object.values(chunkKinds).filter((kind) => kind <= chunkKinds.summary)),
    );
    // Some thousands of files.
  }, 120_000);

  it('leaves out a chunk that is damaged, says so, and reads the others', async () => {
    const path = await record({ policy: { chunkBytes: 4000 } });
    const target = await withSession(path, (session) =>
      Promise.resolve(session.places.filter(({ kind }) => kind === chunkKinds.frames)[2]),
    );
    const file = openSync(path, 'r+');
    writeSync(file, Uint8Array.of(0xff, 0x00, 0xff), 0, 3, (target?.offset ?? 0) + chunkHeaderBytes + 30);
    closeSync(file);
    await withSession(path, async (session) => {
      let frames = 0;
      for await (const batch of session.batches()) frames += batch.length;
      expect(session.damagedChunks).toBe(1);
      expect(frames).toBe(run.frames.length - (target?.count ?? 0));
      expect(session.missing).toEqual([{ fromNs: target?.fromNs, toNs: target?.toNs, cause: 'damaged' }]);
    });
    // What is known only when it is read is known after reading all.
    await withSession(path, async (session) => {
      expect(session.missing).toEqual([]);
      expect(await session.verify()).toEqual([target]);
      expect(session.missing).toHaveLength(1);
    });
  });

  it('opens when it ends in zeros, as after a power cut', async () => {
    const path = await record();
    const { size } = statSync(path);
    const file = openSync(path, 'r+');
    ftruncateSync(file, size + 4096);
    closeSync(file);
    expect((await framesIn(path)).length).toBe(run.frames.length);
  });

  it('survives that an index points at itself', async () => {
    const path = await record();
    const bytes = readFileSync(path);
    // A file that claims to end here: the offset in its end chunk is that of the end chunk.
    const end = bytes.length - chunkHeaderBytes - 8;
    bytes.writeBigUInt64LE(BigInt(end), end + chunkHeaderBytes);
    writeFileSync(path, bytes);
    expect((await framesIn(path)).length).toBe(run.frames.length);
  });
});

const chunkEnd = (place: { offset: number; storedBytes: number } | undefined): number =>
  place ? place.offset + chunkHeaderBytes + place.storedBytes : 0;

describe('versions', () => {
  it('newer ones are refused with a sentence that says what to do', async () => {
    const path = await record();
    const bytes = readFileSync(path);
    bytes.set(encodeFileHeader(formatVersion + 1));
    writeFileSync(path, bytes);
    await expect(SessionFile.open(path)).rejects.toThrow(/run\.fdscope was written by a newer fdscope.*update fdscope/);
  });

  it('frames of a newer wire version are refused likewise', async () => {
    const machine = { ...manifestOf().machine, versions: { fdscope: '9.0.0', wire: 99 } };
    const path = await record({ manifest: manifestOf({ machine }) });
    await expect(SessionFile.open(path)).rejects.toThrow(/newer fdscope \(wire version 99/);
  });

  it('older manifests, without keys that came later, open; keys of newer ones are kept', async () => {
    const old = {
      id: 'x',
      name: 'old',
      machine: { cpuModel: 'c', cpus: 1, kernel: '5', versions: { fdscope: '0.0.1', wire: 1 } },
    };
    const path = await record({
      manifest: { ...old, started: { wallMs: 0, monotonicNs: startNs }, extra: { of: 'later' } },
    });
    await withSession(path, (session) => {
      expect(session.manifest).toMatchObject({ name: 'old', tags: [], notes: '', extra: { of: 'later' } });
      return Promise.resolve();
    });
  });

  it('other files are refused', async () => {
    const path = join(folder, 'text.fdscope');
    writeFileSync(path, 'a text that is long enough to be one');
    await expect(SessionFile.open(path)).rejects.toThrow('text.fdscope is not an fdscope session');
    await expect(SessionFile.open(join(folder, 'none.fdscope'))).rejects.toThrow('there is no such file');
    await expect(SessionFile.open(folder)).rejects.toThrow('it is a folder');
  });
});

describe('a recording that cannot be begun', () => {
  it('leaves no file, which would take the name of the next one', async () => {
    const path = join(folder, 'full.fdscope');
    const write = (): Promise<never> => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    const openSink = async (to: string): Promise<SessionSink> => {
      const sink = await createSink(to);
      return { write, sync: () => sink.sync(), truncate: (bytes) => sink.truncate(bytes), close: () => sink.close() };
    };
    await expect(SessionRecorder.start({ path, manifest: manifestOf(), openSink })).rejects.toThrow('the disk is full');
    expect(existsSync(path)).toBe(false);
    expect(await record({ path })).toBe(path);
    // One that is there already is somebody's.
    await expect(SessionRecorder.start({ path, manifest: manifestOf() })).rejects.toThrow('choose another name');
    expect(existsSync(path)).toBe(true);
  });
});

/** What a watcher can know of the server of smallRun. */
function seenFromOutside(frame: SessionFrame): SessionFrame[] {
  if (frame.source !== 'server') return [frame];
  if (frame.kind === frameKinds.model) {
    const external = { timeNs: frame.receivedNs, model: 'external', options: {}, sourceFile: '', steps: [] };
    return [{ ...frame, payload: encodeJson(frameKinds.model, external).subarray(frameHeaderBytes) }];
  }
  if (frame.kind !== frameKinds.counters) return [frame];
  const counted = decodeCounters(frame.payload);
  const counters = Object.fromEntries(
    (['cpuUserNs', 'cpuSystemNs', 'voluntarySwitches', 'involuntarySwitches'] as const).map((name) => [
      name,
      counterOf(counted, name),
    ]),
  );
  const gauges = Object.fromEntries(
    (['rssBytes', 'threads', 'openFds', 'openConnections'] as const).map((name) => [name, gaugeOf(counted, name)]),
  );
  const outside = countersFrame(counted.timeNs, counters, {}, gauges);
  return [{ ...frame, payload: encodeCounters(outside).subarray(frameHeaderBytes) }];
}

describe('two sessions', () => {
  it('are better or worse only where the setting was the same, but for the model', async () => {
    const path = await record({}, run.frames);
    await withSession(path, async (session) => {
      const [overview, { manifest }] = [await session.overview(), session];
      const against = (settings: Record<string, unknown>) =>
        compareSessions({ manifest, overview }, { manifest: { ...manifest, settings }, overview });
      const same = against({ connections: 4, server: { model: 'poll', options: { batch: 3 } } });
      expect(same.isSameSetting).toBe(true);
      expect(same.caveats.join()).not.toContain('load');
      const other = against({ connections: 50, server: { model: 'epoll-lt', workUs: 10 } });
      expect(other.isSameSetting).toBe(false);
      expect(other.caveats[0]).toContain('connections, server.workUs differ');
    });
  });
});

describe('a session without a server of the lab', () => {
  it('has what is unknown as unknown in a comparison, not as 0 or as no requests', async () => {
    const path = await record(
      {},
      run.frames.filter(({ source }) => source !== 'server'),
    );
    await withSession(path, async (session) => {
      const [overview, { manifest }] = [await session.overview(), session];
      expect(sumOf(requestsOf(overview))).toBeGreaterThan(0);
      const { differences, caveats } = compareSessions({ manifest, overview }, { manifest, overview });
      const unknown = differences.filter(({ a }) => a === undefined).map(({ measure }) => measure);
      expect(unknown).toEqual(expect.arrayContaining(['cpuUsPerRequest', 'maxRssBytes', 'maxThreads', 'maxOpenFds']));
      expect(caveats).toContainEqual(expect.stringContaining('has nothing from its server'));
      expect(servedBy({ settings: { server: { model: 'external' } } }, overview)).toEqual(['external']);
      expect(servedBy({ settings: { server: 7 } }, overview)).toEqual([]);
    });
  });

  it('watched from outside, costs are per reply of its clients, and what nobody counts is unknown', async () => {
    const path = await record({}, run.frames.flatMap(seenFromOutside));
    await withSession(path, async (session) => {
      const [overview, { manifest }] = [await session.overview(), session];
      expect(modelsOf(overview)).toEqual(['external']);
      const { differences, caveats } = compareSessions({ manifest, overview }, { manifest, overview });
      const valueOf = (measure: string): number | undefined => differences.find((each) => each.measure === measure)?.a;
      // smallRun has a millisecond of CPU and a switch every 50 ms, over three seconds but for the first three milliseconds.
      const ticks = 60;
      expect(valueOf('cpuUsPerRequest')).toBeCloseTo((ticks * 1000) / run.requests, 0);
      expect(valueOf('switchesPerRequest')).toBeCloseTo(ticks / run.requests, 3);
      expect(valueOf('maxRssBytes')).toBeGreaterThan(0);
      for (const measure of ['syscallsPerRequest', 'eagainPerRequest', 'coroutineSwitchesPerRequest'])
        expect(valueOf(measure), measure).toBeUndefined();
      expect(caveats).toContainEqual(expect.stringContaining('was watched from outside'));
      expect(steadinessOf(overview).map(({ measure }) => measure)).toContain('cpuUsPerRequest');
    });
  });
});

it('what may not be read is told without another folder to choose', () => {
  const denied = Object.assign(new Error('no'), { code: 'EACCES' });
  expect(readFault('x cannot be opened', denied)).toMatchObject({
    ...{ kind: 'bad-input', message: 'x cannot be opened: this user may not read it.' },
  });
});

describe('edits', () => {
  it('are appended, survive the next opening, and the last one wins', async () => {
    const path = await record();
    const before = readFileSync(path);
    const annotation = { id: 'n', fromNs: startNs + 1e9, toNs: startNs + 2e9, text: 'here' };
    await appendEdits(path, [
      { type: 'name', name: 'first' },
      { type: 'annotation', annotation },
    ]);
    await appendEdits(path, [
      { type: 'name', name: 'second' },
      { type: 'tags', tags: ['a', 'b', 'a'] },
    ]);
    await appendEdits(path, [{ type: 'annotation', annotation: { ...annotation, text: 'there' } }]);
    expect(readFileSync(path).subarray(0, before.length)).toEqual(before);
    await withSession(path, async (session) => {
      expect(session.wasClosedWell).toBe(true);
      expect(session.manifest).toMatchObject({ name: 'second', tags: ['a', 'b'] });
      expect(session.annotations).toEqual([{ ...annotation, text: 'there' }]);
      expect(sumOf(requestsOf(await session.overview()))).toBe(run.requests);
    });
    await appendEdits(path, [{ type: 'annotationRemoved', id: 'n' }]);
    expect(await withSession(path, ({ annotations }) => Promise.resolve(annotations))).toEqual([]);
  });

  it('of a file that was cut off follow its last whole chunk', async () => {
    const path = await record({ policy: { chunkBytes: 4000 } });
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 2)));
    const frames = (await framesIn(path)).length;
    await appendEdits(path, [{ type: 'notes', notes: 'cut' }]);
    await withSession(path, (session) => {
      expect(session.wasClosedWell).toBe(true);
      expect(session.manifest.notes).toBe('cut');
      expect(session.frameCount).toBe(frames);
      return Promise.resolve();
    });
  });

  it('cut in the middle leave the file as it was before them', async () => {
    const path = await record();
    const { length } = readFileSync(path);
    await appendEdits(path, [{ type: 'name', name: 'renamed' }]);
    const bytes = readFileSync(path);
    const cut = join(folder, 'cut.fdscope');
    const seen = new Set<string>();
    for (let end = length; end <= bytes.length; end++) {
      writeFileSync(cut, bytes.subarray(0, end));
      seen.add(await withSession(cut, (session) => Promise.resolve(session.manifest.name)));
    }
    expect([...seen]).toEqual(['epoll against poll', 'renamed']);
  });

  it('at the same moment do not overwrite each other', async () => {
    const path = await record();
    const add = (id: string): Promise<void> =>
      appendEdits(path, [{ type: 'annotation', annotation: { id, fromNs: startNs, text: id } }]);
    await Promise.all(['a', 'b', 'c', 'd'].map(add));
    expect(await withSession(path, ({ annotations }) => Promise.resolve(annotations))).toHaveLength(4);
  });
});

describe('entries of a chunk', () => {
  it('come back from the shuffle as they were', () => {
    const bytes = encodeEntries(run.frames, startNs);
    const shuffled = shuffleEntries(bytes);
    expect(shuffled).not.toEqual(bytes);
    expect(unshuffleEntries(shuffled)).toEqual(bytes);
  });

  it('that break off are refused at every byte', () => {
    const frames = run.frames.slice(0, 2);
    const bytes = encodeEntries(frames, startNs);
    const [first] = frames;
    const whole = encodeEntries(first ? [first] : [], startNs).length;
    for (let end = 1; end < bytes.length; end++) {
      if (end === whole) continue;
      expect(() => decodeEntries(bytes.subarray(0, end), startNs)).toThrow(/breaks off/);
    }
  });
});

describe('keyframes', () => {
  it('hold the threads, sockets and counters that exist, and no event twice', () => {
    const tracker = new StateTracker();
    for (const { source, kind, payload } of run.frames) tracker.see(source, kind, payload);
    const frames = [...tracker.keyframe(run.endNs)];
    const of = (kind: number): Uint8Array =>
      frames.find((frame) => frame.source === 'server' && frame.kind === kind)?.payload ?? new Uint8Array();
    expect(decodeOpened(of(frameKinds.opened)).map(({ fd }) => fd)).toEqual([7, 8, 9, 10]);
    const states = decodeFdStates(of(frameKinds.fdStates));
    expect([...states.flags].every((flags) => (flags & ~(fdFlags.queuesKnown | fdFlags.waiting)) === 0)).toBe(true);
    expect([...states.receiveQueueBytes]).toEqual([60, 60, 60, 60]);
    expect([...states.bytesIn]).toEqual([0, 0, 0, 0]);
    expect(decodeThreads(of(frameKinds.threads)).threads[0]?.values[0]).toBe(run.requests);
    const last = run.frames.filter((frame) => frame.source === 'server' && frame.kind === frameKinds.counters).at(-1);
    expect(of(frameKinds.counters)).toEqual(last?.payload);
    expect(frames.filter(({ kind }) => kind === frameKinds.threadStarted)).toHaveLength(3);
  });

  it('begin anew with an engine that begins anew', () => {
    const tracker = new StateTracker();
    for (const { source, kind, payload } of run.frames) tracker.see(source, kind, payload);
    const ready = run.frames.find(({ kind }) => kind === frameKinds.ready);
    tracker.see('server', frameKinds.ready, ready?.payload ?? new Uint8Array());
    const server = [...tracker.keyframe(run.endNs)].filter(({ source }) => source === 'server');
    expect(server.map(({ kind }) => kind)).toEqual([frameKinds.ready]);
  });

  it('open a session that began in mid-run, whose first second does not have all that was before', async () => {
    const tracker = new StateTracker();
    const half = Math.floor(run.frames.length / 2);
    const atNs = run.frames[half]?.receivedNs ?? 0;
    for (const { source, kind, payload } of run.frames.slice(0, half)) tracker.see(source, kind, payload);
    const manifest = manifestOf({ started: { wallMs: 0, monotonicNs: atNs } });
    const path = await record({ tracker, manifest }, run.frames.slice(half));
    await withSession(path, async (session) => {
      expect((await session.keyframeBefore(atNs))?.frames.length).toBeGreaterThan(5);
      const requests = sumOf(requestsOf(await session.overview()));
      expect(requests).toBeGreaterThan(run.requests / 3);
      expect(requests).toBeLessThan((run.requests * 2) / 3);
    });
  });
});

it('the header of a file is as long as it says', () => {
  expect(encodeFileHeader().length).toBe(fileHeaderBytes);
});
