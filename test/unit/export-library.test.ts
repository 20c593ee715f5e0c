/** Exports that a window asks for: of sessions in the library, into its own folder where no path may be named. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportFromLibrary } from '../../main/lab/sessions/exporters/from-library.ts';
import { exporters } from '../../main/lab/sessions/exporters/index.ts';
import { exportFormats } from '../../shared/contract/sessions.ts';
import { recordedRun, type RecordedRun } from './export-support.ts';

let run: RecordedRun;
beforeAll(async () => {
  run = await recordedRun();
});
afterAll(() => run.remove());

describe('exports from the library', () => {
  const library = { folder: '', pathOf: (file: string): string => join(run.folder, file) };
  const exported = (choices: { format: string; table?: string; out?: string }): Promise<{ path: string }> =>
    exportFromLibrary({ ...library, folder: run.folder }, { file: 'run.fdscope', ...choices });

  it('are of every format that there is', () => {
    expect(exporters.map(({ format }) => format)).toEqual([...exportFormats]);
  });

  it('go to the folder of exports, and replace none that is there', async () => {
    const paths = [
      await exported({ format: 'html' }),
      await exported({ format: 'html' }),
      await exported({ format: 'csv' }),
      await exported({ format: 'csv', table: 'latency' }),
    ].map(({ path }) => path);
    expect(paths.map((path) => basename(path))).toEqual(['run.html', 'run-2.html', 'run-csv', 'run-latency.csv']);
    expect(readdirSync(join(run.folder, 'exports')).sort()).toEqual(paths.map((path) => basename(path)).sort());
    expect(existsSync(join(run.folder, 'exports/run-csv/events.csv'))).toBe(true);
  });

  it('go where the window says, where it may say so', async () => {
    const out = join(run.folder, 'mine.pftrace');
    expect(await exported({ format: 'perfetto', out })).toMatchObject({ path: out, notices: [] });
    expect(existsSync(out)).toBe(true);
  });
});
