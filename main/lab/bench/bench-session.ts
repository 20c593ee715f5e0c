/** A bench as a session: a file of the library whose frames are the steps, each as it was told last. */
import { basename, join } from 'node:path';
import { stepSchema, type BenchStep } from '../../../shared/bench/step.ts';
import type { Manifest, ManifestInput } from '../../../shared/session/manifest.ts';
import { decodeJson, encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../shared/telemetry/wire.ts';
import { LabError } from '../errors.ts';
import { FrameReader } from '../sessions/exporters/decoded-frames.ts';
import type { SessionLibrary } from '../sessions/library.ts';
import type { RecordingResult, SessionRecorder } from '../sessions/recorder.ts';
import { RunRecording } from '../sessions/run-recording.ts';
import { SessionFile } from '../sessions/session-file.ts';

/** What the manifest's settings say of such a session. */
export const benchMode = 'bench';
const benchTag = 'bench';

export interface KeptBench {
  readonly name: string;
  readonly steps: readonly BenchStep[];
  readonly walk?: ManifestInput['scenario'];
}

/** `onBegin` is told of what writes the file, and returns what is to be called at its end. Throws LabError. */
export async function writeBench(
  path: string,
  { name, steps, walk }: KeptBench,
  onBegin: (recorder: SessionRecorder) => () => void = () => () => {},
): Promise<RecordingResult> {
  const [first] = steps;
  if (!first) throw new LabError('bad-input', 'Nothing was done on the bench yet, so there is nothing to keep.');
  const faults: string[] = [];
  const recording = await RunRecording.start(path, {
    recorded: {
      ...{ name, settings: { mode: benchMode, steps: steps.length }, pin: false, tags: [benchTag] },
      ...(walk ? { scenario: walk } : {}),
      startedNs: first.startedNs,
    },
    ...{ level: 'counters', onFault: (sentence) => faults.push(sentence) },
  });
  const end = onBegin(recording.recorder);
  for (const step of steps) {
    const payload = encodeJson(frameKinds.bench, step).slice(frameHeaderBytes);
    recording.frame('lab', { kind: frameKinds.bench, payload });
  }
  const result = await recording.stop();
  end();
  const [fault] = faults;
  if (fault !== undefined) throw new LabError('failed', fault);
  return result;
}

/** The name of its file. Throws LabError. */
export async function keepBench(library: SessionLibrary, kept: KeptBench): Promise<string> {
  const path = await library.newPath(kept.name);
  await writeBench(path, kept, (recorder) => library.recording(recorder));
  return path.slice(library.folder.length + 1);
}

/** All steps are in memory, so what packs to little is bounded here: a thousand steps have some 20 MiB. */
const mostBytes = 64 << 20;

/** Throws LabError where it is not of a bench. */
export async function benchSteps(reader: FrameReader): Promise<BenchStep[]> {
  const steps: BenchStep[] = [];
  let bytes = 0;
  for await (const { frames } of reader.chunks()) {
    for (const { kind, payload } of frames) {
      if (kind !== frameKinds.bench) continue;
      bytes += payload.length;
      if (bytes > mostBytes) {
        throw new LabError('bad-input', `${basename(reader.session.path)} has more steps than can be shown.`);
      }
      reader.reading(() => steps.push(stepSchema.parse(decodeJson(payload))));
    }
  }
  if (steps.length === 0) {
    throw new LabError('bad-input', `${basename(reader.session.path)} is no session of a bench.`);
  }
  return steps;
}

/** Throws LabError where it is not of a bench. */
export async function readKeptBench(
  library: Pick<SessionLibrary, 'folder'>,
  file: string,
): Promise<KeptBench & { readonly clock: Manifest['started'] }> {
  const session = await SessionFile.open(join(library.folder, file));
  try {
    const steps = await benchSteps(new FrameReader(session));
    const { name, scenario, started } = session.manifest;
    return { name, steps, walk: scenario, clock: started };
  } finally {
    await session.close();
  }
}
