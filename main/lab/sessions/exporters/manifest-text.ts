/** The manifest that goes with tables, as JSON: what was run, on what machine, and when. */
import type { SessionFile } from '../session-file.ts';

export function manifestText(session: SessionFile): string {
  const { manifest, annotations, startedNs, endedNs } = session;
  const times = { durationSeconds: (endedNs - startedNs) / 1e9, wasClosedWell: session.wasClosedWell };
  return `${JSON.stringify({ ...manifest, ...times, annotations }, null, 2)}\n`;
}
