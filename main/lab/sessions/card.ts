/** A session as lists show it. */
import { sessionDetailsSchema, type SessionCard, type SessionDetails } from '../../../shared/contract/sessions.ts';
import { LabError } from '../errors.ts';
import { servedBy } from '../../../shared/session/served-by.ts';
import { durationSecondsOf, requestsOf, sparkline, sumOf } from '../../../shared/session/overview.ts';
import { basename } from 'node:path';
import { readFault } from './faults.ts';
import { SessionFile } from './session-file.ts';

/** Of the chunks of a session: how many there are, and the times (CLOCK_MONOTONIC, ns) of those that are damaged. */
export interface SessionCheck {
  readonly parts: number;
  readonly damaged: readonly { readonly fromNs: number; readonly toNs: number }[];
}

/** Whatever is wrong in the file, in whichever part of it, becomes a LabError. */
async function withSession<T>(path: string, work: (session: SessionFile) => Promise<T>): Promise<T> {
  const session = await SessionFile.open(path);
  try {
    return await work(session);
  } catch (error) {
    throw readFault(`${basename(path)} cannot be read`, error);
  } finally {
    await session.close();
  }
}

/** All of a file read and held against its checksums. Throws LabError where it does not open. */
export const verifySession = (path: string): Promise<SessionCheck> =>
  withSession(path, async (session) => {
    const damaged = await session.verify();
    return { parts: session.places.length, damaged: damaged.map(({ fromNs, toNs }) => ({ fromNs, toNs })) };
  });

/** Throws LabError where it does not open. */
export const detailsOf = (path: string, isRecording = false): Promise<SessionDetails> =>
  withSession(path, async (session) => {
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
    const details = { card, manifest, annotations: [...annotations], overview };
    // A sum can be more than a number holds: one file may say so, and must not take the others' list with it.
    if (sessionDetailsSchema.safeParse(details).success) return details;
    throw new LabError('bad-input', `${basename(path)} is damaged: it holds figures that cannot be.`);
  });
