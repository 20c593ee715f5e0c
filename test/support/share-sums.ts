/** Sums over fdShares frames, for tests. */
import type { FdShares } from '../../shared/telemetry/codec.ts';
import { shareCount, shareIndex } from '../../shared/telemetry/shares.ts';
import { fdRoles, shareNames, type FdRole, type ShareName } from '../../shared/telemetry/wire.ts';

export interface ShareSums {
  /** Milliseconds of all sockets of the role together. */
  readonly ms: Readonly<Record<ShareName, number>>;
  /** How long was looked, in milliseconds. */
  readonly spanMs: number;
}

export function sumShares(frames: readonly FdShares[], role: FdRole = 'client'): ShareSums {
  const ns = new Float64Array(shareCount);
  let spanNs = 0;
  let lastNs = 0;
  for (const frame of frames) {
    // Of one tick there may be several frames.
    if (frame.timeNs !== lastNs) spanNs += frame.spanNs;
    lastNs = frame.timeNs;
    for (let row = 0; row < frame.count; row++) {
      if (fdRoles[frame.roles[row] ?? 0] !== role) continue;
      for (let state = 0; state < shareCount; state++) {
        ns[state] = (ns[state] ?? 0) + (frame.ns[row * shareCount + state] ?? 0);
      }
    }
  }
  const ms = Object.fromEntries(shareNames.map((name) => [name, (ns[shareIndex[name]] ?? 0) / 1e6])) as Record<
    ShareName,
    number
  >;
  return { ms, spanMs: spanNs / 1e6 };
}
