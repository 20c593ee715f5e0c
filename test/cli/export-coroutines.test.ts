/** A real run of coroutines, recorded at the level `events`: its Perfetto trace against the server's own counters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { counterOf, decodeCounters, type Counters } from '../../shared/telemetry/codec.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';
import { readPerfettoTrace, type Track } from '../unit/perfetto-trace.ts';
import { countByName, expectNested, totalNs } from '../unit/trace-checks.ts';
import { runCli, withFolder } from './command-line.ts';

const connections = 6;

/** The server's last word; all was counted from its start, which the recording has. */
async function lastCounters(path: string): Promise<Counters> {
  const session = await SessionFile.open(path);
  let last: Counters | undefined;
  for await (const { source, kind, payload } of session.frames()) {
    if (source === 'server' && kind === frameKinds.counters) last = decodeCounters(payload);
  }
  await session.close();
  if (!last) throw new Error('The session has no counters.');
  return last;
}

describe('coroutines of a real run, exported to Perfetto', () => {
  it('have a track each, whose slices are the runs and waits that the server counted', async () => {
    await withFolder(async (folder) => {
      const [session, out] = [join(folder, 'run.fdscope'), join(folder, 'run.pftrace')];
      const model = ['run', '--model', 'coroutine-stackful', '--connections', String(connections)];
      const recorded = ['--rate', '300', '--seconds', '2', '--record', session, '--detail', 'events', '--json'];
      expect(await runCli([...model, ...recorded])).toMatchObject({ code: 0 });
      expect(await runCli(['export', session, '--format', 'perfetto', '--out', out])).toMatchObject({ code: 0 });
      const counters = await lastCounters(session);
      const counted = (name: Parameters<typeof counterOf>[1]): number => counterOf(counters, name);
      // All sums below would be too small otherwise, and nothing would be wrong.
      expect(counted('eventsDropped')).toBe(0);

      const { tracks, slices } = readPerfettoTrace(new Uint8Array(readFileSync(out)));
      expectNested(slices);
      const lanes = [...tracks.values()].filter(({ name }) => /^coroutine \d+$/.test(name ?? ''));
      expect(lanes).toHaveLength(connections);
      const parents = new Set(lanes.map(({ parent_uuid: parent }) => parent));
      expect([...parents].map((uuid) => tracks.get(uuid ?? 0)?.name)).toEqual(['coroutines']);

      const on = ({ uuid }: Track): typeof slices => slices.filter(({ track }) => track === String(uuid));
      const ofLanes = lanes.flatMap(on);
      const runs = ofLanes.filter(({ name }) => name === 'runs');
      // Into the coroutine and out of it again.
      expect(runs).toHaveLength(counted('coroutineSwitches') / 2);
      expect(runs.length).toBeGreaterThanOrEqual(counted('requests'));
      for (const lane of lanes) {
        const own = [...on(lane)].sort((a, b) => a.fromNs - b.fromNs);
        // Runs and waits take turns without a gap: nowhere is time that nobody accounts for.
        own.forEach((slice, i) => {
          expect(slice.name === 'runs').toBe(i % 2 === 0);
          if (i > 0) expect(slice.fromNs).toBe(own[i - 1]?.toNs);
        });
      }
      expect(countByName(ofLanes, 'await')).toEqual({ 'awaits read': runs.length - connections });

      // The same runs lie on the thread, and the system calls of each coroutine within them.
      const onThreads = slices.filter(
        ({ category, track }) => category === 'coroutine' && !ofLanes.some((lane) => lane.track === track),
      );
      expect(totalNs(onThreads)).toBe(totalNs(runs));
      const calls = slices.filter(({ category, args }) => category === 'syscall' && args.connection !== undefined);
      const outside = calls.filter(
        ({ name, fromNs, toNs, args }) =>
          (name === 'read' || name === 'write') &&
          !onThreads.some((run) => run.args.connection === args.connection && run.fromNs <= fromNs && run.toNs >= toNs),
      );
      expect(calls.filter(({ name }) => name === 'read').length).toBeGreaterThanOrEqual(counted('requests'));
      expect(outside.map(({ name, fromNs }) => `${name} at ${fromNs}`)).toEqual([]);
    });
  });
});
