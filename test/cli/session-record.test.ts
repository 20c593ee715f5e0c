/** Sessions as a process writes them: whole, killed in the middle, stopped by a limit; listed, replayed, kept in flight. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import type { FrameSource } from '../../shared/contract/channels.ts';
import type { LabClient } from '../../shared/contract/client.ts';
import type { FlightKept } from '../../shared/contract/flight.ts';
import type { ReplayState, SessionDetails, SessionList } from '../../shared/contract/sessions.ts';
import { FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';
import { root } from '../support/engines.ts';
import { openWindow, startWebLab } from '../support/web-lab.ts';
import { hasClients, runCli, startCli, withFolder } from './command-line.ts';

const runArgs = ['run', '--model', 'epoll-lt', '--connections', '20'];

async function framesOf(path: string): Promise<{ session: SessionFile; kinds: Map<number, number> }> {
  const session = await SessionFile.open(path);
  const kinds = new Map<number, number>();
  for await (const { kind } of session.frames()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  await session.close();
  return { session, kinds };
}

describe('fdscope run --record', () => {
  it('writes a session whose requests are those of the result and more, and which info and sessions tell of', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'two.fdscope');
      const ran = await runCli([...runArgs, '--seconds', '1', '--repeats', '2', '--json', '--record', file]);
      expect(ran.stderr).toContain(`Recorded to ${file}`);
      const { runs, recording } = JSON.parse(ran.stdout) as {
        runs: { serverRequests: number }[];
        recording: { path: string; frames: number; lostFrames: number };
      };
      expect(recording).toMatchObject({ path: file, lostFrames: 0 });
      const info = JSON.parse((await runCli(['info', file, '--json'])).stdout) as SessionDetails;
      const served = info.overview.columns.serverRequests.reduce((sum, count) => sum + count, 0);
      expect(served).toBeGreaterThanOrEqual(runs.reduce((sum, { serverRequests }) => sum + serverRequests, 0));
      expect(info.overview.moments.filter(({ name }) => name === 'run')).toHaveLength(2);
      expect(info.card).toMatchObject({ wasClosedWell: true, models: ['epoll-lt'] });
      const { kinds } = await framesOf(file);
      expect([...kinds.keys()]).toEqual(expect.arrayContaining([frameKinds.fdStates, frameKinds.switches]));
      const text = (await runCli(['info', file])).stdout;
      expect(text).toContain(`requests`);
      expect(text).toContain('mark run: epoll-lt');
      const list = JSON.parse((await runCli(['sessions', '--folder', folder, '--json'])).stdout) as SessionList;
      expect(list.sessions).toEqual([info.card]);

      const whole = await runCli(['info', file, '--verify']);
      expect(whole).toMatchObject({ code: 0, stdout: expect.stringMatching(/verified: all \d+ parts/) as string });
      const copy = join(folder, 'flipped.fdscope');
      const bytes = readFileSync(file);
      // In the middle of a chunk of frames, which are most of the file.
      const at = Math.floor(bytes.length / 2);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(copy, bytes);
      expect((await runCli(['info', copy])).code).toBe(0);
      const flipped = await runCli(['info', copy, '--verify']);
      expect(flipped).toMatchObject({ code: 1, stdout: expect.stringMatching(/damaged: 1 of \d+ parts/) as string });
      expect(flipped.stderr).toContain('flipped.fdscope is damaged');

      const again = await runCli([...runArgs, '--seconds', '1', '--record', file]);
      expect(again.code).toBe(2);
      expect(again.stderr).toContain('choose another name');
    });
  });

  it('killed in the middle, leaves a file that opens up to its last whole frame', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'killed.fdscope');
      const cli = startCli([...runArgs, '--seconds', '60', '--record', file]);
      try {
        await vi.waitFor(() => expect(existsSync(file) && statSync(file).size).toBeGreaterThan(20_000), {
          ...{ timeout: 180_000, interval: 20 },
        });
      } finally {
        cli.kill('SIGKILL');
        await cli.ended;
      }
      const { session, kinds } = await framesOf(file);
      expect(session.wasClosedWell).toBe(false);
      expect(kinds.get(frameKinds.counters)).toBeGreaterThan(10);
      const info = JSON.parse((await runCli(['info', file, '--json'])).stdout) as SessionDetails;
      expect(info.card.requests).toBeGreaterThan(0);
      expect((await runCli(['info', file])).stdout).toContain('cut off');
      // Engines die with the program that started them.
      await vi.waitFor(() => expect(hasClients(cli.pid)).toBe(false));
    });
  });

  it('goes on measuring where the file cannot grow, says so, and keeps what there is', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'full.fdscope');
      // 32 blocks of 1,024 bytes: more than the first second takes and less than the run, at a rate that every machine holds.
      const line = `ulimit -f 32; exec "$0" "$@"`;
      const args = [
        join(root, 'main/cli/bin.mjs'),
        ...runArgs,
        '--rate',
        '200',
        '--seconds',
        '8',
        '--json',
        '--record',
        file,
      ];
      const child = spawn('bash', ['-c', line, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const code = await new Promise((resolve) => child.on('close', resolve));
      expect(stderr).toContain('has stopped, as the file has reached the size');
      expect(stderr).toContain('The run goes on.');
      expect(code).toBe(1);
      expect((JSON.parse(stdout) as { runs: { requests: number }[] }).runs[0]?.requests).toBeGreaterThan(0);
      const { session, kinds } = await framesOf(file);
      expect(session.bytes).toBeLessThanOrEqual(32 * 1024);
      expect(kinds.size).toBeGreaterThan(2);
    });
  });

  it('refuses a level that there is none, and a level of nothing', async () => {
    const wrong = await runCli([...runArgs, '--record', '/nowhere/x.fdscope', '--detail', 'all']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('counters, fds, events')]);
    const alone = await runCli([...runArgs, '--detail', 'fds']);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('give --record too')]);
    const nowhere = await runCli([...runArgs, '--record', '/nowhere/x.fdscope']);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining('no such file or folder')]);
  });
});

/** Kinds of frames that come to a window, counted. */
function count(window: LabClient): Map<string, number> {
  const counts = new Map<string, number>();
  window.onFrames((source: FrameSource, frames) => {
    for (const { kind } of new FrameSplitter().push(frames)) {
      counts.set(`${source} ${kind}`, (counts.get(`${source} ${kind}`) ?? 0) + 1);
    }
  });
  return counts;
}

const run = {
  server: { model: 'epoll-lt' as const },
  connections: 8,
  clients: [{ profile: 'closed' as const, thinkMs: 1 }],
};
const events = `server ${frameKinds.events}`;

it('a live run is recorded, kept in flight, and replayed through the contract', async () => {
  await withFolder(async (folder) => {
    const lab = await startWebLab({ XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder });
    try {
      const window = await openWindow(lab);
      const counts = count(window);
      const kept: FlightKept[] = [];
      const replays: ReplayState[] = [];
      window.onEvent('flight.kept', (each) => kept.push(each));
      window.onEvent('replay.state', (state) => replays.push(state));
      await expect(window.request('recording.start', {})).rejects.toThrow('start it first');
      expect(await window.request('recording.configure', { automatic: true })).toEqual({ automatic: true });

      const started = await window.request('live.start', run);
      expect(started.recording?.path).toContain(join(folder, 'fdscope/sessions'));
      await expect(window.request('replay.open', { file: 'x.fdscope' })).rejects.toThrow('stop it before');
      await window.request('flight.arm', { beforeSeconds: 2, afterSeconds: 0.5 });
      expect((await window.request('live.state')).settings?.detail.level).toBe('events');
      await vi.waitFor(() => expect(counts.get(events)).toBeGreaterThan(5), 20_000);
      await window.request('flight.keep');
      await vi.waitFor(() => expect(kept).toHaveLength(1), 20_000);
      expect((await window.request('flight.disarm')).armed).toBeUndefined();
      expect((await window.request('live.state')).settings?.detail.level).toBe('fds');
      await window.request('live.stop');
      expect((await window.request('live.state')).recording).toBeUndefined();

      const { sessions } = await window.request('sessions.list');
      expect(sessions.map(({ wasClosedWell, isRecording }) => [wasClosedWell, isRecording])).toEqual([
        [true, false],
        [true, false],
      ]);
      const flight = sessions.find(({ file }) => file === kept[0]?.file);
      expect(flight).toMatchObject({ tags: ['flight recorder', 'key'], models: ['epoll-lt'] });
      const { kinds } = await framesOf(join(folder, 'fdscope/sessions', flight?.file ?? ''));
      expect(kinds.get(frameKinds.events)).toBeGreaterThan(5);

      counts.clear();
      const { replay } = await window.request('replay.open', { file: flight?.file ?? '' });
      expect((await window.request('live.state')).phase).toBe('replaying');
      await window.request('replay.seek', { timeNs: replay.endedNs });
      await vi.waitFor(() => expect(counts.get(events)).toBe(kinds.get(frameKinds.events)), 20_000);
      expect(replays.at(-1)).toMatchObject({ positionNs: replay.endedNs, epoch: replay.epoch + 1 });
      const jumped = await window.request('replay.jump', { direction: 'previous', kinds: ['mark'] });
      expect(jumped.positionNs).toBeLessThan(replay.endedNs);
      expect((await window.request('replay.play', { speed: 10 })).isPlaying).toBe(true);
      await vi.waitFor(() => expect(replays.at(-1)?.isPlaying).toBe(false), 20_000);
      await expect(window.request('sessions.import', { path: '/x.fdscope' })).rejects.toThrow('drop the file');
      await window.request('replay.close');
      expect((await window.request('live.state')).phase).toBe('idle');
      window.close();
    } finally {
      lab.process.kill('SIGTERM');
      await lab.process.ended;
    }
    expect(readdirSync(join(folder, 'fdscope/sessions')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
