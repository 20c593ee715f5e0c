/**
 * `npm run bench -- sessions [--help]`
 *
 * What a recording at the detail `fds` costs and how tightly it packs, from a real run; and how soon a session of two
 * hours opens, which is that run's own frames, again and again. The exit code is 1 where an aim is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { LabService } from '../../main/lab/lab-service.ts';
import { newManifest } from '../../main/lab/sessions/new-manifest.ts';
import { SessionRecorder } from '../../main/lab/sessions/recorder.ts';
import { RunRecording } from '../../main/lab/sessions/run-recording.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import type { SessionFrame } from '../../shared/session/format.ts';
import { benchOptions } from './options.ts';

const {
  seconds: durationSeconds,
  connections,
  model,
} = benchOptions('sessions', 'What recording costs, how tightly it packs, and how soon a long session opens.', {
  seconds: ['of the run that is recorded', 60],
  connections: ['of its clients', 1000],
  model: ['that serves', 'epoll-lt'],
});
const hours = 2;
const mostHourBytes = 200e6;
const mostOpenMs = 1000;

const folder = mkdtempSync(join(tmpdir(), 'fdscope-bench-sessions-'));
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** CPU seconds of this process, that is of the lab, during a run. */
async function labCpu(recording?: RunRecording): Promise<number> {
  const settings = {
    server: { model, protocol: 'http', handler: 'respond' },
    ...{ connections, clients: [{ profile: 'closed' }], durationSeconds, warmupSeconds: 0 },
  } as const;
  const before = cpuSeconds();
  await new LabService().run(
    settings as Parameters<LabService['run']>[0],
    recording ? { watch: recording, detail: recording.detail } : { detail: { level: 'fds', switches: true } },
  );
  return cpuSeconds() - before;
}

async function framesOf(path: string): Promise<SessionFrame[]> {
  const session = await SessionFile.open(path);
  const frames: SessionFrame[] = [];
  for await (const frame of session.frames()) frames.push(frame);
  await session.close();
  return frames;
}

/** The frames of a run again and again: each time its processes begin anew, so the counters are right. */
async function writeLong(path: string, frames: readonly SessionFrame[]): Promise<void> {
  const firstNs = frames[0]?.receivedNs ?? 0;
  const roundNs = (frames.at(-1)?.receivedNs ?? firstNs) - firstNs + 1e6;
  const manifest = newManifest({ name: 'long', settings: {}, pin: true, startedNs: firstNs });
  const recorder = await SessionRecorder.start({ path, manifest });
  for (let shiftNs = 0; shiftNs < hours * 3600e9; shiftNs += roundNs) {
    for (const { source, kind, payload, receivedNs } of frames) {
      recorder.frame(source, kind, payload, receivedNs + shiftNs);
    }
    await recorder.written();
  }
  const { fault, lostFrames } = await recorder.stop();
  if (fault !== undefined || lostFrames > 0) throw new Error(fault ?? `${lostFrames} frames were lost.`);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const from = performance.now();
    await work();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[2] ?? NaN;
}

async function main(): Promise<void> {
  const table = new Table({ head: ['figure', 'measured', 'aim', ''], style: { head: [], border: [] } });
  const row = (label: string, text: string, aim = '', isHeld?: boolean): void => {
    table.push([label, text, aim, isHeld === undefined ? '' : isHeld ? 'held' : 'MISSED']);
    if (isHeld === false) process.exitCode = 1;
  };
  const plain = await labCpu();
  const path = join(folder, 'run.fdscope');
  const recorded = { name: 'bench', settings: {}, pin: true };
  const fail = (sentence: string): void => {
    throw new Error(sentence);
  };
  const recording = await RunRecording.start(path, { recorded, level: 'fds', onFault: fail });
  const withRecording = await labCpu(recording);
  const { bytes } = await recording.stop();

  const session = await SessionFile.open(path);
  const [stored, raw] = (['storedBytes', 'rawBytes'] as const).map((key) =>
    session.places.reduce((sum, place) => sum + place[key], 0),
  );
  const seconds = (session.endedNs - session.startedNs) / 1e9;
  const { columns } = await session.overview();
  await session.close();
  const requests = columns.serverRequests.reduce((sum, count) => sum + count, 0);
  const hourBytes = (bytes / seconds) * 3600;
  row('run', `${model}, ${connections} connections, ${seconds.toFixed(0)} s, ${(requests / seconds).toFixed(0)} req/s`);
  row('one hour at that rate', megabytes(hourBytes), `< ${megabytes(mostHourBytes)}`, hourBytes < mostHourBytes);
  row(
    'packed to',
    `1/${((raw ?? 0) / (stored ?? 1)).toFixed(1)} (${megabytes(raw ?? 0)} to ${megabytes(stored ?? 0)})`,
  );
  const cost = (withRecording - plain) / seconds;
  row(
    'CPU of the lab for it',
    `${(cost * 100).toFixed(1)} % of a core (${((plain / seconds) * 100).toFixed(1)} % without)`,
  );

  const long = join(folder, 'long.fdscope');
  await writeLong(long, await framesOf(path));
  const openMs = await timed(async () => {
    const opened = await SessionFile.open(long);
    await opened.overview();
    await opened.close();
  });
  const opened = await SessionFile.open(long);
  const keyframeMs = await timed(async () => {
    await opened.keyframeBefore(opened.startedNs + hours * 1800e9);
  });
  row(
    `${hours} h, ${megabytes(opened.bytes)}, open to its overview`,
    `${openMs.toFixed(0)} ms`,
    `< ${mostOpenMs} ms`,
    openMs < mostOpenMs,
  );
  row('state of its middle', `${keyframeMs.toFixed(0)} ms`);
  await opened.close();
  console.log(table.toString());
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
