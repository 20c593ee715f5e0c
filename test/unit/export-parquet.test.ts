/** Sessions as Parquet, read back by DuckDB and by hyparquet, and compared cell by cell with the recorded frames. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tableNames } from '../../main/lab/sessions/exporters/tables.ts';
import {
  expectedCounters,
  expectedEvents,
  expectedFdShares,
  expectedFdStates,
  queryDuckDb,
  recordedRun,
  type ReadRow,
  type RecordedRun,
} from './export-support.ts';
import { smallRun } from './session-frames.ts';

let run: RecordedRun;
beforeAll(async () => {
  run = await recordedRun();
  await run.export('parquet');
});
afterAll(() => run.remove());

const pathOf = (name: string): string => join(run.folder, 'out.parquet', `${name}.parquet`);
const read = (name: string): Promise<ReadRow[]> => queryDuckDb(`select * from '${pathOf(name)}'`);
const bytesOf = (path: string): ArrayBuffer => new Uint8Array(readFileSync(path)).buffer;

describe('a session as Parquet', () => {
  it('is a folder with a file a table, each with the manifest in it', () => {
    expect(readdirSync(join(run.folder, 'out.parquet')).sort()).toEqual(
      tableNames.map((name) => `${name}.parquet`).sort(),
    );
    const metadata = parquetMetadata(bytesOf(pathOf('events'))).key_value_metadata;
    expect(JSON.parse(metadata?.find(({ key }) => key === 'fdscope.session')?.value ?? '')).toMatchObject({
      ...{ name: 'epoll against poll', settings: { connections: 4 } },
    });
  });

  it('has the counters of every frame', async () => {
    expect(await read('counters')).toEqual(expectedCounters(run));
  });

  it('has every fd record', async () => {
    expect(await read('fd_states')).toEqual(expectedFdStates(run));
  });

  it('has how long fds were in which state', async () => {
    expect(await read('fd_shares')).toEqual(expectedFdShares());
  });

  it('has every event', async () => {
    expect(await read('events')).toEqual(expectedEvents(run));
  });

  it('is the same to a second reader', async () => {
    for (const [name, expected] of [
      ['counters', expectedCounters(run)],
      ['events', expectedEvents(run)],
    ] as const) {
      const rows: Record<string, unknown>[] = await parquetReadObjects({ file: bytesOf(pathOf(name)) });
      const number = (cell: unknown): unknown => (typeof cell === 'bigint' ? Number(cell) : cell);
      const plain = rows.map((row) => new Map(Object.entries(row).map(([key, cell]) => [key, number(cell)])));
      expect(plain).toEqual(expected.map((row) => new Map(Object.entries(row))));
    }
  });

  it('has the same latencies and moments as the CSV', async () => {
    await run.export('csv');
    for (const name of ['latency', 'latency_buckets', 'threads', 'steps', 'sockets', 'switches', 'moments']) {
      const csv = await queryDuckDb(
        `select * from read_csv('${join(run.folder, 'out.csv', `${name}.csv`)}', header = true, sample_size = -1)`,
      );
      expect(csv.length, name).toBeGreaterThan(3);
      expect(await read(name), name).toEqual(csv);
    }
  });

  it('has types, so that nothing must be guessed', async () => {
    const columns = await queryDuckDb(`describe select * from '${pathOf('fd_states')}'`);
    const types = Object.fromEntries(columns.map(({ column_name: name, column_type: type }) => [String(name), type]));
    expect(types).toMatchObject({ time_ns: 'BIGINT', source: 'VARCHAR', waiting: 'BOOLEAN', waiting_us: 'BIGINT' });
  });
});

describe('a larger session as Parquet', () => {
  it('has all rows over several row groups, and its empty tables are tables', async () => {
    const large = await recordedRun(smallRun({ seconds: 40, connections: 70 }));
    try {
      const out = join(large.folder, 'events.parquet');
      await large.export('parquet', { table: 'events', out });
      const [facts] = await queryDuckDb(
        `select (select count(distinct row_group_id) from parquet_metadata('${out}')) as groups,
          count(*) as rows, sum(duration_ns)::bigint as ns from '${out}'`,
      );
      const expected = expectedEvents(large);
      const ns = expected.reduce((sum, row) => sum + Number(row.duration_ns), 0);
      expect(facts).toEqual({ groups: Math.ceil(expected.length / 122_880), rows: expected.length, ns });
      expect(Number(facts?.groups)).toBeGreaterThan(1);

      const quiet = smallRun();
      const calm = await recordedRun({ ...quiet, frames: quiet.frames.filter(({ kind }) => kind !== 16) });
      const empty = join(calm.folder, 'none.parquet');
      await calm.export('parquet', { table: 'events', out: empty });
      expect(await queryDuckDb(`select count(*) as rows from '${empty}'`)).toEqual([{ rows: 0 }]);
      calm.remove();
    } finally {
      large.remove();
    }
  }, 180_000);
});
