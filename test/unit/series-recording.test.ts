import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compare, type RunOne } from '../../main/lab/compare/compare.ts';
import { SeriesRecording } from '../../main/lab/compare/series-recording.ts';
import { LabError } from '../../main/lab/errors.ts';
import { SessionLibrary } from '../../main/lab/sessions/library.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import type { CompareResult } from '../../shared/compare-result.ts';
import type { PlannedRun } from '../../shared/schemas/scenario.ts';
import type { RunResult } from '../../shared/run-result.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import { smallRun } from './session-frames.ts';

const entry = (label: string): PlannedRun => ({
  label,
  settings: runSettingsSchema.parse({ server: { model: 'epoll-lt' }, clients: [{ profile: 'closed' }] }),
});
const result = {
  ...{ requestsPerSecond: 1, connections: 1, maxRssBytes: 2, idleRssBytes: 1, errors: {}, syscallsPerRequest: null },
  latency: { corrected: {}, uncorrected: {} },
} as unknown as RunResult;

describe('a comparison that is recorded', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fdscope-series-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function recorded(runOne: RunOne): Promise<CompareResult> {
    const recording = await SeriesRecording.start(new SessionLibrary(folder), { kind: 'compare', title: 'a, b' });
    return compare({ entries: [entry('a'), entry('b')], repeats: 2, seed: 1 }, runOne, { recording });
  }
  const play: RunOne = (_settings, { watch }) => {
    watch?.begin();
    for (const { source, kind, payload } of smallRun().frames) watch?.frame(source, { kind, payload });
    return Promise.resolve(result);
  };

  it('leaves a session a run, which says of what it is one', async () => {
    const found = await recorded(play);
    expect(found.recorded?.runs).toHaveLength(4);
    expect(found.recorded?.fault).toBeUndefined();
    const ids = new Set<string>();
    for (const { subject, repeat, file } of found.recorded?.runs ?? []) {
      const session = await SessionFile.open(file);
      const { experiment, tags, name } = session.manifest;
      expect(experiment).toMatchObject({ kind: 'compare', title: 'a, b', subject, repeat });
      expect(name).toBe(`${subject}, repeat ${repeat}: a, b`);
      expect(tags).toEqual([found.recorded?.tag]);
      ids.add(experiment?.id ?? '');
      let frames = 0;
      for await (const _ of session.frames()) frames++;
      // All that the run sent, and the mark of its beginning.
      expect(frames).toBe(smallRun().frames.length + 1);
      await session.close();
    }
    expect(ids.size).toBe(1);
    const order = found.recorded?.runs.map(({ subject }) => subject);
    expect(order).toEqual(found.order.flat());
  });

  it('leaves nothing of a run that never began, and keeps one that failed on its way', async () => {
    let runs = 0;
    const found = await recorded((settings, hooks) => {
      runs++;
      if (runs === 1) return Promise.reject(new LabError('unavailable', 'not here'));
      if (runs === 2) return play(settings, hooks);
      hooks.watch?.begin();
      return Promise.reject(new LabError('failed', 'stop'));
    });
    expect(found.recorded?.runs).toHaveLength(1);
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('measures on where a file cannot be begun, and says so', async () => {
    const recording = await SeriesRecording.start(new SessionLibrary(folder), { kind: 'compare', title: 'a, b' });
    await rm(folder, { recursive: true });
    await writeFile(folder, 'a file where the folder was');
    const plan = { entries: [entry('a'), entry('b')], repeats: 1, seed: 1 };
    const found = await compare(plan, play, { recording });
    expect(found.entries.flatMap(({ runs }) => runs)).toEqual([result, result]);
    expect(found.recorded).toMatchObject({ runs: [] });
    expect(found.recorded?.fault).toBeTruthy();
  });
});
