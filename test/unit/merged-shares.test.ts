/** How long sockets were in which state, over ticks that nobody took. */
import { describe, expect, it } from 'vitest';
import { MergedShares } from '../../main/lab/live/merged-shares.ts';
import { encodeFdShares, type FdShares } from '../../shared/telemetry/codec.ts';
import { openNs, shareCount, shareIndex, shareOf } from '../../shared/telemetry/shares.ts';
import { frameHeaderBytes, type ShareName } from '../../shared/telemetry/wire.ts';

const tickNs = 50_000_000;

interface Row {
  readonly id: number;
  readonly ns: Partial<Record<ShareName, number>>;
  readonly end?: ShareName;
}

function tick(number: number, rows: readonly Row[]): Uint8Array {
  const ns = new Float64Array(rows.length * shareCount);
  rows.forEach((row, i) => {
    for (const [name, value] of Object.entries(row.ns)) ns[i * shareCount + shareIndex[name as ShareName]] = value;
  });
  const frame: FdShares = {
    ...{ timeNs: number * tickNs, spanNs: tickNs, count: rows.length, ns },
    connectionIds: Uint32Array.from(rows, ({ id }) => id),
    roles: new Uint8Array(rows.length).fill(1),
    endStates: Uint8Array.from(rows, ({ end = 'idle' }) => shareIndex[end]),
  };
  return encodeFdShares(frame).subarray(frameHeaderBytes);
}

/** The only frame, for reading its columns. */
function one(frames: readonly FdShares[]): FdShares {
  const [frame] = frames;
  if (frame === undefined || frames.length > 1) throw new Error(`${frames.length} frames`);
  return frame;
}

function merged(ticks: readonly Uint8Array[]): FdShares[] {
  const shares = new MergedShares();
  ticks.forEach((payload) => shares.take(payload));
  return shares.frames(2);
}

describe('shares of ticks that nobody took', () => {
  it('are added, and a tick that does not mention a socket was idle for it', () => {
    const serving = { id: 7, ns: { serving: 20_000_000, waiting: 30_000_000 }, end: 'serving' } as const;
    const frame = one(merged([tick(1, []), tick(2, [serving]), tick(3, []), tick(4, [serving])]));
    expect(frame).toMatchObject({ timeNs: 4 * tickNs, spanNs: 4 * tickNs, count: 1 });
    expect(shareOf(frame, 0, 'serving')).toBe(40_000_000);
    expect(shareOf(frame, 0, 'waiting')).toBe(60_000_000);
    expect(shareOf(frame, 0, 'idle')).toBe(2 * tickNs);
    expect(openNs(frame, 0)).toBe(4 * tickNs);
    expect(frame.endStates[0]).toBe(shareIndex.serving);
  });

  it('are those of the time in which the socket was open', () => {
    const frame = one(
      merged([
        tick(1, [{ id: 1, ns: { idle: tickNs } }]),
        tick(2, [{ id: 2, ns: { serving: 10_000_000 }, end: 'serving' }]),
        tick(3, [{ id: 1, ns: { idle: 5_000_000 } }]),
        tick(4, []),
      ]),
    );
    expect(openNs(frame, 0)).toBe(2 * tickNs + 5_000_000);
    expect(openNs(frame, 1)).toBe(10_000_000 + 2 * tickNs);
    expect(frame.endStates[1]).toBe(shareIndex.idle);
  });

  it('are cut into frames of so many sockets, of one time', () => {
    const rows = [1, 2, 3].map((id) => ({ id, ns: { serving: tickNs } }));
    const frames = merged([tick(1, rows.slice(0, 2)), tick(1, rows.slice(2))]);
    expect(frames.map(({ count, timeNs, spanNs }) => [count, timeNs, spanNs])).toEqual([
      [2, tickNs, tickNs],
      [1, tickNs, tickNs],
    ]);
  });

  it('are none where no tick was told, and one frame without sockets where all were idle', () => {
    expect(merged([])).toEqual([]);
    expect(merged([tick(1, [])])).toMatchObject([{ count: 0, spanNs: tickNs }]);
  });
});
