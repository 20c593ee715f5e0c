/** Times in states by tick: what was put in comes out, whatever was dropped since, and no tick is an object of its own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PieceMemory } from '../../renderer/stores/piece-memory.ts';
import { maxRows } from '../../renderer/stores/series.ts';
import { entryCount } from '../../renderer/stores/socket-states.ts';
import { entryOf, TickShares } from '../../renderer/stores/tick-shares.ts';

const tickNs = 50e6;

/** One report: the rows that are told of, and how long each was in state 5; the rest of the tick it was in state 1. */
interface Report {
  readonly rows: number;
  readonly ns: readonly number[];
  /** Whether it goes on with the tick of the one before. */
  readonly sameTick: boolean;
}

const report: fc.Arbitrary<Report> = fc.record({
  rows: fc.integer({ min: 1, max: 700 }),
  ns: fc.array(fc.integer({ min: 1, max: tickNs }), { maxLength: 40 }),
  sameTick: fc.boolean(),
});

function tell(shares: TickShares, timeNs: number, rows: number, ns: readonly number[]): void {
  const column = shares.at(timeNs, rows, (begun) => void begun.fill(0), tickNs);
  column.fill(0);
  column.fill(1, 0, rows);
  const told = ns.slice(0, rows);
  told.forEach((_, row) => (column[row] = (1 << 4) | 1));
  shares.seal(told.length === 0 ? undefined : Uint32Array.from(told.map((each) => entryOf(5, each, tickNs))));
}

describe('times in states by tick', () => {
  it('come out as they were told, of each row and in all, however ticks were widened and told again', () => {
    fc.assert(
      fc.property(fc.array(report, { minLength: 1, maxLength: 60 }), (reports) => {
        const shares = new TickShares();
        const ticks: { rows: number; ns: readonly number[] }[] = [];
        let timeNs = 1e9;
        for (const { rows, ns, sameTick } of reports) {
          const last = ticks.at(-1);
          if (sameTick && last !== undefined) {
            last.rows = Math.max(last.rows, rows);
            last.ns = ns;
            tell(shares, timeNs + 1000, last.rows, ns);
          } else {
            timeNs += tickNs;
            ticks.push({ rows, ns });
            tell(shares, timeNs, rows, ns);
          }
        }
        expect(shares.end - shares.first).toBe(ticks.length);
        ticks.forEach(({ rows, ns }, tick) => {
          const told = ns.slice(0, rows);
          told.forEach((each, row) => expect(shares.ofRow(tick, row)[5]).toBe(each));
          if (rows > told.length) expect(shares.ofRow(tick, rows - 1)[1]).toBe(tickNs);
          const inAll = new Float64Array(entryCount);
          shares.addTo(tick, new Int32Array(rows), inAll);
          expect(inAll[5]).toBe(told.reduce((sum, each) => sum + each, 0));
          expect(inAll[1]).toBe(rows * tickNs - (inAll[5] ?? 0));
        });
      }),
      { numRuns: 60 },
    );
  });

  it('are there for half an hour, and older ones are not', () => {
    const shares = new TickShares();
    for (let tick = 0; tick < maxRows + 5000; tick++) tell(shares, (tick + 1) * tickNs, 3, [(tick % 1000) + 1]);
    expect(shares.first).toBe(5000);
    expect(shares.column(4999)).toBeUndefined();
    for (const tick of [5000, 20_000, maxRows + 4999]) expect(shares.ofRow(tick, 0)[5]).toBe((tick % 1000) + 1);
  });

  it('take memory by their bytes, and give that of what was dropped back', () => {
    const shares = new TickShares();
    // Above its budget of 128 MiB by half.
    for (let tick = 0; tick < 768; tick++) tell(shares, (tick + 1) * tickNs, 256 << 10, [7]);
    expect(shares.end - shares.first).toBeLessThanOrEqual(512);
    expect(shares.end - shares.first).toBeGreaterThan(500);
    expect(shares.byteLength).toBeLessThan(150 << 20);
    expect(shares.ofRow(shares.first, 0)[5]).toBe(7);
  });
});

describe('memory in pieces', () => {
  it('holds stretches of any length apart, all zero at first, and in few objects', () => {
    const memory = new PieceMemory();
    const places = Array.from({ length: 5000 }, (_, i) => ({ length: (i * 37) % 1201, address: 0 }));
    const buffers = new Set<ArrayBufferLike>();
    for (const [i, place] of places.entries()) {
      place.address = memory.allocate(place.length);
      const bytes = memory.bytes(place.address, place.length);
      expect(bytes.every((byte) => byte === 0)).toBe(true);
      bytes.fill((i % 255) + 1);
      buffers.add(bytes.buffer);
    }
    for (const [i, { address, length }] of places.entries()) {
      expect(memory.bytes(address, length).every((byte) => byte === (i % 255) + 1)).toBe(true);
    }
    expect(buffers.size).toBeLessThan(20);
    expect(memory.words(places[3]?.address ?? 0, 4)).toHaveLength(4);
  });

  it('uses the memory of what was dropped again, and says so where that is read', () => {
    const memory = new PieceMemory();
    const first = memory.allocate(100);
    let newest = first;
    for (let i = 0; i < 100_000; i++) {
      newest = memory.allocate(100);
      memory.bytes(newest, 100).fill(9);
      if (i % 100 === 0) memory.dropBefore(newest);
    }
    expect(memory.byteLength).toBeLessThan(2 << 20);
    expect(memory.bytes(newest, 100)[0]).toBe(9);
    expect(() => memory.bytes(first, 100)).toThrow('this memory was given back');
  });
});
