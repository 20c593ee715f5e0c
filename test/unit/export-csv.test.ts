/** Sessions as CSV, read back by DuckDB and compared cell by cell with the frames that were recorded. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportSession } from '../../main/lab/sessions/exporters/index.ts';
import { tableNames } from '../../main/lab/sessions/exporters/tables.ts';
import { SessionRecorder } from '../../main/lab/sessions/recorder.ts';
import { csvText } from '../../shared/csv.ts';
import { encodeJson } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
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
import { manifestOf, startNs } from './session-frames.ts';

let run: RecordedRun;
beforeAll(async () => {
  run = await recordedRun();
  await run.export('csv');
});
afterAll(() => run.remove());

// Types are named where a column is empty throughout, and DuckDB has nothing to guess from.
const readCsv = (name: string, folder = join(run.folder, 'out.csv')): Promise<ReadRow[]> =>
  queryDuckDb(`select * from read_csv('${join(folder, `${name}.csv`)}', header = true, sample_size = -1)`);

describe('a session as CSV', () => {
  it('is a folder with a file a table and the manifest', () => {
    const names = [...tableNames.map((name) => `${name}.csv`), 'dictionary.csv', 'session.json'];
    expect(readdirSync(join(run.folder, 'out.csv')).sort()).toEqual(names.sort());
    const manifest: unknown = JSON.parse(readFileSync(join(run.folder, 'out.csv/session.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'epoll against poll', machine: { kernel: '6.1.0' }, wasClosedWell: true });
  });

  it('has the counters of every frame', async () => {
    const expected = expectedCounters(run);
    expect(expected.length).toBe(120);
    expect(await readCsv('counters')).toEqual(expected);
  });

  it('has rates beside the totals, of each interval between two frames of a process', async () => {
    const [counters, rates] = [await readCsv('counters'), await readCsv('rates')];
    const own = (rows: readonly ReadRow[]): ReadRow[] => rows.filter(({ source }) => source === 'server');
    const [totals, found] = [own(counters), own(rates)];
    // Of the first frame nobody knows since when.
    expect(found).toHaveLength(totals.length - 1);
    for (const [i, rate] of found.entries()) {
      const [before, after] = [totals[i], totals[i + 1]];
      expect([rate.time_ns, rate.span_ns]).toEqual([after?.time_ns, Number(after?.time_ns) - Number(before?.time_ns)]);
      const grown = Number(after?.requests) - Number(before?.requests);
      expect(rate.requests_per_s).toBeCloseTo(grown / (Number(rate.span_ns) / 1e9), 6);
    }
    expect(found[0]?.requests_per_s).toBeCloseTo(80, 6);
  });

  it('has a dictionary of every column: unit, cumulative or not, source', async () => {
    const rows = await readCsv('dictionary');
    const of = (table: string, column: string): ReadRow | undefined =>
      rows.find((row) => row.table === table && row.column === column);
    for (const table of tableNames) {
      const [head = ''] = readFileSync(join(run.folder, 'out.csv', `${table}.csv`), 'utf8').split('\r\n');
      expect(rows.filter((row) => row.table === table).map(({ column }) => column)).toEqual(head.split(','));
    }
    for (const row of rows) expect(row.source).toEqual(expect.stringMatching(/\w/));
    expect(of('counters', 'requests')).toMatchObject({ unit: 'count', cumulative: 'since its process began' });
    expect(of('counters', 'rss_bytes')).toMatchObject({ unit: 'bytes', cumulative: 'no' });
    expect(of('rates', 'requests_per_s')).toMatchObject({ unit: 'in a second', cumulative: 'no' });
    expect(of('latency', 'p99_ns')).toMatchObject({ unit: 'ns', cumulative: 'no' });
    expect(of('machine', 'steal_share')).toMatchObject({ unit: 'share, 0 to 1' });
  });

  it('has every fd record', async () => {
    const expected = expectedFdStates(run);
    expect(expected.length).toBe(240);
    expect(await readCsv('fd_states')).toEqual(expected);
  });

  it('has how long fds were in which state', async () => {
    expect(await readCsv('fd_shares')).toEqual(expectedFdShares());
  });

  it('has every event', async () => {
    const expected = expectedEvents(run);
    expect(expected.length).toBe(60 * 13);
    expect(await readCsv('events')).toEqual(expected);
  });

  it('opens in a reader that guesses the dialect from the first rows, however late a text has a comma', async () => {
    const plain = Array.from({ length: 30_000 }, (_, i) => [i, 'server', 'wait', i % 2 === 0 ? null : 3]);
    const late = 'hand over what was prepared, wait until something is done';
    const file = join(run.folder, 'late.csv');
    const rows = [...plain, [30_000, 'server', late, 7]];
    writeFileSync(file, csvText([['time_ns', 'source', 'name', 'fd']]) + csvText(rows, { quoted: 'all' }));
    const [last, first] = await queryDuckDb(
      `select * from '${file}' where time_ns in (0, 30000) order by time_ns desc`,
    );
    expect(last).toEqual({ time_ns: 30_000, source: 'server', name: late, fd: 7 });
    expect(first).toEqual({ time_ns: 0, source: 'server', name: 'wait', fd: null });
  });

  it('has every text in quotes, and nothing else', () => {
    for (const table of tableNames) {
      const [, ...lines] = readFileSync(join(run.folder, `out.csv/${table}.csv`), 'utf8')
        .trim()
        .split('\r\n');
      // Nobody told what others took from this run.
      expect(lines.length > 0).toBe(table !== 'machine');
      for (const line of lines)
        expect(line).toMatch(
          /^\d+,"(server|clients|upstream|lab)"(,("([^"]|"")*"|-?\d+(\.\d+)?(e[+-]?\d+)?|true|false|))*$/,
        );
    }
  });

  it('has latencies whose buckets add up to what was measured', async () => {
    const intervals = await readCsv('latency');
    expect(intervals.length).toBe(120);
    // Four latencies each tick: 10, 20, 30, 40 µs and the tick in ns; kept to three digits.
    expect(intervals[0]).toEqual({
      ...{ time_ns: 50e6, source: 'clients', clock: 'corrected', profile: null, count: 4 },
      ...{ min_ns: 10_000, p50_ns: 20_015, p90_ns: 40_031, p99_ns: 40_031, p999_ns: 40_031, max_ns: 40_031 },
    });
    const sums = await queryDuckDb(
      `select clock, sum(count)::bigint as count, sum(count * (from_ns + to_ns) / 2.0) as ns
       from read_csv('${join(run.folder, 'out.csv/latency_buckets.csv')}') group by clock order by clock`,
    );
    const total = run.latenciesNs.reduce((sum, value) => sum + value, 0);
    expect(sums.map(({ clock, count }) => ({ clock, count }))).toEqual(
      ['corrected', 'uncorrected'].map((clock) => ({ clock, count: run.latenciesNs.length })),
    );
    for (const { ns } of sums) expect(Math.abs(Number(ns) / total - 1)).toBeLessThan(0.001);
  });

  it('has threads, steps, sockets, switches and moments', async () => {
    expect((await readCsv('threads')).at(-1)).toEqual({
      ...{ time_ns: 3e9, source: 'server', thread_id: 1, tid: 4000, thread: 'loop' },
      ...{ counter: 'requests', value: run.requests },
    });
    const steps = await readCsv('steps');
    expect(steps.filter(({ source }) => source === 'server').at(-2)).toMatchObject({
      model: 'poll',
      line: 12,
      label: 'wait',
      hits: 1,
      spent_ns: 3,
    });
    expect((await readCsv('sockets')).map(({ fd, peer, pid }) => ({ fd, peer, pid }))).toEqual(
      [0, 1, 2, 3].map((i) => ({ fd: 7 + i, peer: `127.0.0.2:${40_000 + i}`, pid: i === 3 ? 4001 : null })),
    );
    const switches = await readCsv('switches');
    const onCpu = switches.reduce((sum, row) => sum + (row.kind === 'in' ? -1 : 1) * Number(row.time_ns), 0);
    expect(onCpu).toBe(run.onCpuNs);
    expect(await readCsv('moments')).toEqual([
      { time_ns: 1e6, source: 'server', kind: 'model', name: 'epoll-lt', level: null, text: null },
      { time_ns: 3e6, source: 'clients', kind: 'mark', name: 'steady', level: null, text: null },
      { time_ns: 1.5e9, source: 'lab', kind: 'mark', name: 'changed', level: null, text: 'work 10 µs → 20 µs' },
      { time_ns: 1.5e9, source: 'server', kind: 'model', name: 'poll', level: null, text: null },
      {
        ...{ time_ns: 1.5e9, source: 'lab', kind: 'finding', name: 'fdStarves', level: 'warning' },
        text: 'A socket waited 3 ms.',
      },
    ]);
  });

  it('is one file with --table, the same as that of the folder', async () => {
    const out = join(run.folder, 'events-only.csv');
    const { files } = await run.export('csv', { table: 'events', out });
    const text = readFileSync(out, 'utf8');
    expect(text).toBe(readFileSync(join(run.folder, 'out.csv/events.csv'), 'utf8'));
    expect(files).toEqual([{ name: 'events-only.csv', bytes: Buffer.byteLength(text) }]);
  });
});

describe('an export', () => {
  const partFiles = (): string[] => readdirSync(run.folder).filter((name) => name.endsWith('.part'));

  it('that is cancelled in the middle leaves nothing', async () => {
    const out = join(run.folder, 'cancelled.csv');
    const stop = new AbortController();
    let seenParts = 0;
    const onProgress = (): void => {
      seenParts = partFiles().length;
      stop.abort();
    };
    const cancelled = run.export('csv', { table: 'events', out, signal: stop.signal, onProgress });
    await expect(cancelled).rejects.toMatchObject({ kind: 'interrupted' });
    expect(seenParts).toBe(1);
    expect(existsSync(out)).toBe(false);
    expect(partFiles()).toEqual([]);
  });

  it('tells how far it is, up to the whole file', async () => {
    const seen: number[] = [];
    await run.export('csv', { out: join(run.folder, 'progress.csv'), onProgress: (bytes) => seen.push(bytes) });
    expect(seen.length).toBeGreaterThan(5);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect((seen.at(-1) ?? 0) / readFileSync(run.path).length).toBeGreaterThan(0.8);
  });

  it('is refused in a sentence where it cannot be made', async () => {
    const refused = async (format: string, changes: object): Promise<string> =>
      run.export(format, changes).then(
        () => 'not refused',
        (error: unknown) => (error instanceof Error ? error.message : 'no error'),
      );
    expect(await refused('xls', {})).toMatch(/^There is no export format "xls": choose csv/);
    expect(await refused('csv', { table: 'fds' })).toMatch(
      /^There is no table "fds": choose counters, rates, machine, fd_states/,
    );
    expect(await refused('csv', { out: join(run.folder, 'none/x') })).toMatch(/no such file or folder/);
    expect(await refused('csv', { path: join(run.folder, 'none.fdscope') })).toMatch(/no such file/);
    const full = join(run.folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'mine'), 'x');
    expect(await refused('csv', { out: full })).toMatch(/not empty/);
    expect(await refused('csv', { out: full, table: 'events' })).toMatch(/it is a folder/);
    expect(readdirSync(full)).toEqual(['mine']);
    expect(partFiles()).toEqual([]);
  });

  it('of a recording that was cut off says so, and has what is whole', async () => {
    const cut = join(run.folder, 'cut.fdscope');
    const bytes = readFileSync(run.path);
    writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length / 2)));
    const { notices } = await run.export('csv', { path: cut, out: join(run.folder, 'cut') });
    expect(notices).toEqual(['The recording was cut off; the export ends with its last whole chunk.']);
    const rows = await readCsv('events', join(run.folder, 'cut'));
    expect(rows.length).toBeGreaterThan(10);
    expect(rows).toEqual(expectedEvents(run).slice(0, rows.length));
  });
});

describe('texts that a spreadsheet would run', () => {
  const texts = ['=1+1', '+1+1', '-1+1', '@a', '\t=1', '\uff1d1', ' =1', '-4.5e3', '+7', 'a=1', "'=1", ''];
  const escaped = ["'=1+1", "'+1+1", "'-1+1", "'@a", "'\t=1", "'\uff1d1", "' =1", '-4.5e3', '+7', 'a=1', "'=1", ''];

  it('have an apostrophe before them, quoted or not; numbers are what they are', () => {
    expect(csvText([texts])).toBe(`${escaped.join(',')}\r\n`);
    expect(csvText([[...texts, -5, true, null]], { quoted: 'all' })).toBe(
      `${escaped.map((text) => (text === '' ? '' : `"${text}"`)).join(',')},-5,true,\r\n`,
    );
  });

  it('are such in an exported table, unless it is asked for word for word', async () => {
    const path = join(run.folder, 'formula.fdscope');
    const recorder = await SessionRecorder.start({ path, manifest: manifestOf() });
    const mark = { name: '=1+1', timeNs: startNs, text: '@x' };
    recorder.frame('server', frameKinds.mark, encodeJson(frameKinds.mark, mark).subarray(frameHeaderBytes), startNs);
    await recorder.stop();
    const moments = async (choices: { csvFormulas?: 'keep' }): Promise<string> => {
      const out = join(run.folder, `formula-${choices.csvFormulas ?? 'usual'}.csv`);
      await exportSession({ path, format: 'csv', table: 'moments', out, ...choices });
      return readFileSync(out, 'utf8');
    };
    expect(await moments({})).toMatch(/"'=1\+1".*"'@x"/);
    expect(await moments({ csvFormulas: 'keep' })).toMatch(/"=1\+1".*"@x"/);
    const parquet = exportSession({ path, format: 'parquet', out: join(run.folder, 'x'), csvFormulas: 'keep' });
    await expect(parquet).rejects.toThrow('--csv-formulas goes with the format csv');
  });

  it('are kept word for word where that is asked for', () => {
    expect(csvText([texts], { formulas: 'keep' })).toBe(`${texts.join(',')}\r\n`);
  });
});
