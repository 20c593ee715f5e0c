/** The report of a session: what each model did, and what is not there, held against the frames that were put in. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FrameReader } from '../../main/lab/sessions/exporters/decoded-frames.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { modelColours } from '../../shared/model-colours.ts';
import { chunkKinds, type SessionFrame } from '../../shared/session/format.ts';
import { syscallLook } from '../../shared/syscall-looks.ts';
import { encodeJson } from '../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds } from '../../shared/telemetry/wire.ts';
import { recordedRun, recordFrames, type RecordedRun } from './export-support.ts';
import { smallRun, startNs } from './session-frames.ts';

let run: RecordedRun;
beforeEach(async () => {
  run = await recordedRun();
});
afterEach(() => run.remove());

async function report(path = run.path): Promise<string> {
  await run.export('html', { path });
  return readFileSync(join(run.folder, 'out.html'), 'utf8');
}

const sectionOf = (html: string, title: string): string =>
  new RegExp(`<h2>${title}</h2>(.*?)</section>`, 's').exec(html)?.[1] ?? '';

/** Rows of the first table of a section, by their heads. */
function rowsOf(html: string, title: string): Record<string, string[]> {
  const rows = sectionOf(html, title).matchAll(/<tr><th scope="row"[^>]*>(.*?)<\/th>(.*?)<\/tr>/g);
  return Object.fromEntries(
    [...rows].map(([, head = '', rest = '']) => [
      head,
      [...rest.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = '']) => cell),
    ]),
  );
}

const mark = (name: string, seconds: number): SessionFrame => ({
  ...{ source: 'clients', kind: frameKinds.mark, receivedNs: startNs + seconds * 1e9 },
  payload: encodeJson(frameKinds.mark, { name, timeNs: startNs + seconds * 1e9 }).subarray(frameHeaderBytes),
});

describe('figures by model', () => {
  it('are those of the measured time that each served', async () => {
    // Served from 0 and from 1.5 s; measured from 3 ms on, and here up to 2.5 s.
    const frames = [...smallRun().frames, mark('loadDone', 2.5)].sort((a, b) => a.receivedNs - b.receivedNs);
    const html = await report(await recordFrames(frames, join(run.folder, 'marked.fdscope')));
    const rows = rowsOf(html, 'By model');
    expect(Object.keys(rows)).toEqual(['epoll-lt', 'poll']);
    const [seconds, rate, p50, , cpu, calls] = rows.poll ?? [];
    // Four replies each 50 ms; an epoll_wait for four of them, a read and a write for each.
    expect([seconds, rate, calls]).toEqual(['1', '80', '2.25']);
    expect(Number(p50)).toBeCloseTo(0.02, 2);
    expect(Number(cpu)).toBeGreaterThan(0);
    expect(rows['epoll-lt']?.slice(0, 2)).toEqual(['1.497', '80']);
  });
});

describe('of a file with a damaged part', () => {
  it('the next keyframe tells exporters how things stand behind it', async () => {
    const policy = { chunkBytes: 20_000, keyframeSeconds: 0.5 };
    const path = await recordFrames(smallRun().frames, join(run.folder, 'keyframes.fdscope'), { policy });
    const statesOf = async (): Promise<number[]> => {
      const session = await SessionFile.open(path);
      const states: number[] = [];
      for await (const { isState, fromNs } of new FrameReader(session).chunks()) if (isState) states.push(fromNs);
      await session.close();
      return states;
    };
    // Whole, the frames themselves have told everything.
    expect(await statesOf()).toEqual([]);
    const session = await SessionFile.open(path);
    const keyframes = session.places.filter(({ kind }) => kind === chunkKinds.keyframe);
    const [, hit] = session.places.filter(({ kind }) => kind === chunkKinds.frames);
    await session.close();
    const bytes = readFileSync(path);
    const at = (hit?.offset ?? 0) + (hit?.storedBytes ?? 0) - 5;
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(path, bytes);
    expect(await statesOf()).toEqual([keyframes.find(({ offset }) => offset > (hit?.offset ?? 0))?.fromNs]);
  });

  it('the report says when, hatches it, and draws nothing over it', async () => {
    const session = await SessionFile.open(run.path);
    const chunks = session.places.filter(({ kind }) => kind === chunkKinds.frames);
    await session.close();
    const bytes = readFileSync(run.path);
    const hit = chunks.slice(3, 7);
    for (const { offset, storedBytes } of hit)
      bytes[offset + storedBytes - 5] = (bytes[offset + storedBytes - 5] ?? 0) ^ 0xff;
    const path = join(run.folder, 'damaged.fdscope');
    writeFileSync(path, bytes);
    const html = await report(path);
    const at = (timeNs = 0): string => ((timeNs - startNs) / 1e9).toFixed(2);
    expect(html).toContain(`damaged (${hit.map(({ fromNs, toNs }) => `${at(fromNs)} s to ${at(toNs)} s`).join(', ')})`);
    expect(html.match(/<rect class="missing"/g)).toHaveLength(8 * hit.length);
    const [throughput = ''] = sectionOf(html, 'Over time').split('</figure>');
    const cells = [...throughput.matchAll(/<tr><th[^>]*>([\d.]+)<\/th><td[^>]*>(.*?)<\/td>/g)];
    const unknown = cells.filter(([, , cell]) => cell === '–').map(([, from]) => Number(from));
    expect(unknown.length).toBeGreaterThan(0);
    for (const from of unknown) {
      expect(startNs + from * 1e9).toBeGreaterThanOrEqual((hit[0]?.fromNs ?? 0) - 1);
      expect(startNs + (from + 0.2) * 1e9).toBeLessThanOrEqual((hit.at(-1)?.toNs ?? 0) + 1);
    }
    // Nothing that is there is called higher than it was.
    const rates = cells.flatMap(([, , cell = '']) => (cell === '–' ? [] : [Number(cell)]));
    expect(Math.max(...rates)).toBeCloseTo(80, 0);
  });
});

describe('readiness', () => {
  it('is told in nanoseconds a state by who served, and adds up to the time of the open sockets', async () => {
    const html = await report();
    const cells = [...sectionOf(html, 'Readiness').matchAll(/<tr><th scope="row"[^>]*>(.*?)<\/th>(.*?)<\/tr>/g)].map(
      ([, model = '', rest = '']) => [
        model,
        ...[...rest.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map(([, cell = '']) => cell),
      ],
    );
    const ofModel = cells.filter(([model]) => model === 'epoll-lt' || model === 'poll');
    expect(new Set(ofModel.map(([, state]) => state))).toEqual(
      new Set(['idle', 'idle or waiting', 'data waits', 'being served']),
    );
    for (const model of ['epoll-lt', 'poll']) {
      const own = ofModel.filter(([name]) => name === model);
      const shares = own.map(([, , , share = '']) => Number.parseFloat(share));
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
      for (const [, , ns = ''] of own) expect(ns).toMatch(/^[\d,]+$/);
    }
    // The chart has those states alone, each as areas of its one colour.
    expect([...html.matchAll(/<path class="area area-(\w+)"/g)].map(([, state]) => state)).toEqual([
      ...['serving', 'waiting', 'unsure'],
    ]);
  });

  it('says of a session without it that it has none', async () => {
    const frames = smallRun().frames.filter(({ kind }) => kind !== frameKinds.fdShares);
    const html = await report(await recordFrames(frames, join(run.folder, 'old.fdscope')));
    expect(sectionOf(html, 'Readiness')).toContain('Not in this session');
    expect(html).not.toContain('class="area ');
  });
});

describe('colours', () => {
  it('are those of the app: of a model, and of a system call', async () => {
    const html = await report();
    expect(html).toContain(`--model-poll: ${modelColours.light.poll};`);
    expect(html).toContain(`--model-poll: ${modelColours.dark.poll};`);
    expect(html).toContain('class="mark model-poll"');
    const { colour } = syscallLook('epoll_wait');
    expect(html).toMatch(
      new RegExp(`class="line c-${colour}" stroke-dasharray="none" d="M0 5H30"/></svg> epoll_wait<`),
    );
  });
});
