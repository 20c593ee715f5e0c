/** A session as lists show it. */
import type { SessionCard, SessionDetails } from '../../../shared/contract/sessions.ts';
import { servedBy } from '../../../shared/session/served-by.ts';
import { durationSecondsOf, requestsOf, sparkline, sumOf } from '../../../shared/session/overview.ts';
import { basename } from 'node:path';
import { SessionFile } from './session-file.ts';

/** Throws LabError where it does not open. */
export async function detailsOf(path: string, isRecording = false): Promise<SessionDetails> {
  const session = await SessionFile.open(path);
  try {
    const [overview, { manifest, annotations }] = [await session.overview(), session];
    const requests = requestsOf(overview);
    const card: SessionCard = {
      ...{ file: basename(path), id: manifest.id, name: manifest.name, notes: manifest.notes, tags: manifest.tags },
      ...(manifest.scenario ? { scenario: { name: manifest.scenario.name, title: manifest.scenario.title } } : {}),
      models: servedBy(manifest, overview),
      ...{ startedWallMs: manifest.started.wallMs, startedNs: session.startedNs },
      durationSeconds: durationSecondsOf(overview),
      ...{ requests: sumOf(requests), sparkline: sparkline(requests), annotations: annotations.length },
      ...{ bytes: session.bytes, isRecording, wasClosedWell: session.wasClosedWell, lostFrames: overview.lostFrames },
    };
    return { card, manifest, annotations: [...annotations], overview };
  } finally {
    await session.close();
  }
}
