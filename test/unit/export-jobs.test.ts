/** Exports that windows watch and cancel. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exporters } from '../../main/lab/sessions/exporters/index.ts';
import { ExportJobs, type ExportProgress } from '../../main/lab/sessions/exporters/jobs.ts';
import { recordedRun, type RecordedRun } from './export-support.ts';

let run: RecordedRun;
beforeAll(async () => {
  run = await recordedRun();
});
afterAll(() => run.remove());

const jobsOf = (): ExportJobs => new ExportJobs({ folder: run.folder, pathOf: (file) => join(run.folder, file) });
const written = (): string[] => readdirSync(join(run.folder, 'exports')).sort();

describe('exports with a name', () => {
  it('tell how much is done, up to the whole, and are forgotten when they are', async () => {
    const jobs = jobsOf();
    const told: ExportProgress[] = [];
    const stop = jobs.onProgress((progress) => told.push(progress));
    await jobs.run({ file: 'run.fdscope', format: 'csv', job: 'one' });
    const shares = told.map(({ share }) => share);
    expect(new Set(told.map(({ job }) => job))).toEqual(new Set(['one']));
    expect(shares.length).toBeGreaterThan(3);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1)).toBeGreaterThan(0.9);
    expect(shares.at(-1)).toBeLessThanOrEqual(1);
    expect(jobs.cancel('one')).toBe(false);
    stop();
    const before = told.length;
    await jobs.run({ file: 'run.fdscope', format: 'hlog', job: 'two' });
    expect(told).toHaveLength(before);
  });

  it.each(exporters.map(({ format }) => format))('%s leaves nothing when it is cancelled half-way', async (format) => {
    const jobs = jobsOf();
    const before = written();
    jobs.onProgress(({ job, share }) => {
      if (share > 0.3) expect(jobs.cancel(job)).toBe(true);
    });
    await expect(jobs.run({ file: 'run.fdscope', format, job: 'half' })).rejects.toMatchObject({ kind: 'interrupted' });
    expect(written()).toEqual(before);
  });

  it('of one name go on once at a time', async () => {
    const jobs = jobsOf();
    const first = jobs.run({ file: 'run.fdscope', format: 'hlog', job: 'same' });
    await expect(jobs.run({ file: 'run.fdscope', format: 'hlog', job: 'same' })).rejects.toMatchObject({
      kind: 'bad-input',
    });
    await first;
  });

  it('are ended with the lab, and what was half written is gone', async () => {
    const jobs = jobsOf();
    const before = written();
    const result = jobs.run({ file: 'run.fdscope', format: 'parquet', job: 'last' });
    const refused = expect(result).rejects.toMatchObject({ kind: 'interrupted' });
    await jobs.end();
    await refused;
    expect(written()).toEqual(before);
  });
});
