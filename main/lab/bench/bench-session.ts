/** A bench as a session: a file of the library whose frames are the steps, each as it was told last. */
import { join } from 'node:path';
import { stepSchema, type BenchStep } from '../../../shared/bench/step.ts';
import type { ManifestInput } from '../../../shared/session/manifest.ts';
import { decodeJson, encodeJson } from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../../shared/telemetry/wire.ts';
import { LabError } from '../errors.ts';
import { FrameReader } from '../sessions/exporters/decoded-frames.ts';
import type { SessionLibrary } from '../sessions/library.ts';
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

/** The name of its file. Throws LabError. */
export async function keepBench(library: SessionLibrary, { name, steps, walk }: KeptBench): Promise<string> {
  const [first] = steps;
  if (!first) throw new LabError('bad-input', 'Nothing was done on the bench yet, so there is nothing to keep.');
  const faults: string[] = [];
  const path = await library.newPath(name);
  const recording = await RunRecording.start(path, {
    recorded: {
      ...{ name, settings: { mode: benchMode, steps: steps.length }, pin: false, tags: [benchTag] },
      ...(walk ? { scenario: walk } : {}),
      startedNs: first.startedNs,
    },
    ...{ level: 'counters', onFault: (sentence) => faults.push(sentence) },
  });
  const end = library.recording(recording.recorder);
  for (const step of steps) {
    const payload = encodeJson(frameKinds.bench, step).slice(frameHeaderBytes);
    recording.frame('lab', { kind: frameKinds.bench, payload });
  }
  await recording.stop();
  end();
  const [fault] = faults;
  if (fault !== undefined) throw new LabError('failed', fault);
  return path.slice(library.folder.length + 1);
}

/** Throws LabError where it is not of a bench. */
export async function readKeptBench(library: Pick<SessionLibrary, 'folder'>, file: string): Promise<BenchStep[]> {
  const session = await SessionFile.open(join(library.folder, file));
  try {
    const steps: BenchStep[] = [];
    const reader = new FrameReader(session);
    for await (const { frames } of reader.chunks()) {
      for (const { kind, payload } of frames) {
        if (kind !== frameKinds.bench) continue;
        reader.reading(() => steps.push(stepSchema.parse(decodeJson(payload))));
      }
    }
    if (steps.length === 0) throw new LabError('bad-input', `${file} is no session of a bench.`);
    return steps;
  } finally {
    await session.close();
  }
}
