/** Tables of many sessions as one table, in DuckDB, as people with a folder of runs read them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detailLevels } from '../../shared/telemetry/wire.ts';
import { runCli } from '../cli/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-duckdb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const models = ['blocking-threads', 'select', 'epoll-lt', 'epoll-reactors', 'coroutine-stackful', 'io_uring', 'node'];
/** Models at every level, each a session of its own: twenty, less those of a model that is not here. */
const wanted = models.flatMap((model) => detailLevels.map((level) => ({ model, level }))).slice(0, 20);

let database: DuckDBConnection;
let sessions: string[];

const files = (table: string, order: readonly string[]): string =>
  `[${order.map((session) => `'${join(session, `${table}.parquet`)}'`).join(', ')}]`;
const rows = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await database.runAndReadAll(sql)).getRowObjectsJson();
const count = async (source: string): Promise<number> =>
  Number((await rows(`select count(*) as n from read_parquet(${source})`))[0]?.n);
const types = (source: string): Promise<Record<string, unknown>[]> =>
  rows(`select column_name, column_type from (describe select * from read_parquet(${source}))`);

beforeAll(async () => {
  database = await (await DuckDBInstance.create(':memory:')).connect();
  sessions = [];
  for (const { model, level } of wanted) {
    const name = join(folder, `${model}-${level}`);
    const session = `${name}.fdscope`;
    const run = ['run', '-m', model, '--connections', '4', '--duration', '0.5', '--warmup', '0', '--record', session];
    const ran = await runCli([...run, '--detail', level, '--json']);
    if (ran.code === 3) continue;
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    mkdirSync(name);
    expect(await runCli(['export', session, '--format', 'parquet', '--out', join(name, 'tables')])).toMatchObject({
      code: 0,
    });
    sessions.push(join(name, 'tables'));
  }
});

describe('Parquet of many sessions', () => {
  it('is one table of DuckDB’s for each of ours, in both orders, with the same types in every session', async () => {
    expect(sessions.length).toBeGreaterThanOrEqual(17);
    const tables = readdirSync(sessions[0] ?? '')
      .filter((name) => name.endsWith('.parquet'))
      .map((name) => name.replace(/\.parquet$/, ''));
    expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) {
      const forth = files(table, sessions);
      const back = files(table, sessions.toReversed());
      let sum = 0;
      const all = await types(forth);
      const odd = all.filter(
        ({ column_type: type }) => !['BIGINT', 'DOUBLE', 'VARCHAR', 'BOOLEAN'].includes(String(type)),
      );
      expect(odd, table).toEqual([]);
      for (const session of sessions) {
        const one = files(table, [session]);
        expect(await types(one), `types of ${table} in ${session}`).toEqual(all);
        sum += await count(one);
      }
      expect([await count(forth), await count(back)], table).toEqual([sum, sum]);
    }
  });
});
