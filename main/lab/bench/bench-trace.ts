/** A bench as a trace: processes and their actors, a slice for each call, and what crossed as moments. */
import type { BenchStep } from '../../../shared/bench/step.ts';
import type { TraceArgs, TraceSink, TrackId } from '../sessions/exporters/trace-sink.ts';

function argsOf(step: BenchStep): TraceArgs {
  const { text, result, errno, sentence, index } = step;
  return {
    ...{ step: index, call: text, result: result ?? undefined, errno: errno ?? undefined, meaning: sentence },
    woke: step.woke.length > 0 ? step.woke.join(', ') : undefined,
  };
}

/** Steps in their order; calls that still sleep end with the last look. */
export function traceBench(steps: readonly BenchStep[], sink: TraceSink): void {
  const endNs = Math.max(...steps.map(({ state }) => state.timeNs));
  const processes = new Map<string, TrackId>();
  const actors = new Map<string, TrackId>();
  const pids = new Map(steps.flatMap(({ state }) => state.processes.map(({ name, pid }) => [name, pid])));
  const tids = new Map(
    steps.flatMap(({ state }) => state.processes.flatMap((each) => each.actors.map(({ name, tid }) => [name, tid]))),
  );
  const trackOf = ({ actor, process }: BenchStep): TrackId => {
    const pid = pids.get(process);
    let parent = processes.get(process);
    if (parent === undefined) {
      parent = sink.track({ kind: 'process', name: process, pid });
      processes.set(process, parent);
    }
    let track = actors.get(actor);
    if (track === undefined) {
      track = sink.track({ kind: 'thread', name: actor, parent, pid, tid: tids.get(actor) });
      actors.set(actor, track);
    }
    return track;
  };
  let wire: TrackId | undefined;
  for (const step of steps) {
    const track = trackOf(step);
    const toNs = step.durationNs === null ? endNs : step.startedNs + Math.max(step.durationNs, 1);
    const name = step.errno === null ? step.call : `${step.call}: ${step.errno}`;
    sink.slice({ track, fromNs: step.startedNs, toNs, name, category: 'call', args: argsOf(step) });
    for (const { from, to, segments, bytes, inferredFlags } of step.crossed) {
      wire ??= sink.track({ kind: 'lane', name: 'crossed (flags are inferred)' });
      const flags = inferredFlags.length > 0 ? `${inferredFlags.join(', ')} ` : '';
      sink.instant({
        ...{ track: wire, atNs: toNs, name: `${flags}${from} to ${to}`, category: 'crossed' },
        args: { segments, bytes, inferred: inferredFlags.join(', ') || undefined, step: step.index },
      });
    }
  }
}
