/** The tracks as pictures without a page: both formats show the same, and it is what the session holds. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCanvas, loadImage, type SKRSContext2D } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedRun, type RecordedRun } from '../unit/export-support.ts';
import { startCli, type Ran } from './command-line.ts';

let run: RecordedRun;
beforeAll(async () => {
  run = await recordedRun();
});
afterAll(() => run.remove());

const inFolder = (name: string): string => join(run.folder, name);
const exported = (format: string, out: string, ...more: string[]): Promise<Ran> =>
  startCli(['export', run.path, '--format', format, '--out', inFolder(out), ...more]).ended;

/** Drawn by the library, so many pixels wide. */
async function pixelsOf(path: string, widthPx: number): Promise<{ data: Uint8ClampedArray; heightPx: number }> {
  const image = await loadImage(path);
  const heightPx = Math.round((image.height / image.width) * widthPx);
  const context: SKRSContext2D = createCanvas(widthPx, heightPx).getContext('2d');
  context.drawImage(image, 0, 0, widthPx, heightPx);
  return { data: context.getImageData(0, 0, widthPx, heightPx).data, heightPx };
}

const coloursOf = (data: Uint8ClampedArray): Set<number> => {
  const colours = new Set<number>();
  for (let i = 0; i < data.length; i += 4) {
    colours.add(((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0));
  }
  return colours;
};

/** Share of the pixels whose colours are clearly others. */
function difference(a: Uint8ClampedArray, b: Uint8ClampedArray): number {
  let others = 0;
  for (let i = 0; i < a.length; i += 4) {
    const apart = [0, 1, 2].map((part) => Math.abs((a[i + part] ?? 0) - (b[i + part] ?? 0)));
    if (Math.max(...apart) > 64) others++;
  }
  return others / (a.length / 4);
}

describe('fdscope export, pictures', () => {
  it('writes each track that has something to show, the same as SVG and as PNG', async () => {
    expect(await exported('svg', 'svg')).toMatchObject({ code: 0, stderr: '' });
    expect(await exported('png', 'png')).toMatchObject({ code: 0, stderr: '' });
    const names = readdirSync(inFolder('svg')).map((name) => name.slice(0, -'.svg'.length));
    expect(names).toEqual(expect.arrayContaining(['throughput', 'latency', 'syscalls', 'sockets', 'threads']));
    expect(readdirSync(inFolder('png')).sort()).toEqual(names.map((name) => `${name}.png`).sort());
    for (const name of names) {
      const svg = await pixelsOf(inFolder(`svg/${name}.svg`), 1200);
      const png = await pixelsOf(inFolder(`png/${name}.png`), 1200);
      expect(png.heightPx).toBe(svg.heightPx);
      // A blank picture has one colour. Letters lie a little elsewhere, and lines are smoothed.
      expect(coloursOf(png.data).size).toBeGreaterThan(20);
      expect(difference(svg.data, png.data), name).toBeLessThan(0.05);
    }
  });

  it('shows the stretch of time, the width and the theme that are asked for', async () => {
    const choices = ['--track', 'sockets', '--width', '640'];
    await exported('png', 'whole.png', ...choices);
    await exported('png', 'dark.png', ...choices, '--theme', 'dark');
    expect((await loadImage(inFolder('whole.png'))).width).toBe(2 * 640);
    const whole = await pixelsOf(inFolder('whole.png'), 640);
    const dark = await pixelsOf(inFolder('dark.png'), 640);
    expect(difference(whole.data, dark.data)).toBeGreaterThan(0.2);
    // The times of the axis are text in an SVG.
    await exported('svg', 'part.svg', '--track', 'throughput', '--from', '0.5', '--to', '0.7');
    const times = [...readFileSync(inFolder('part.svg'), 'utf8').matchAll(/>([\d.]+) s</g)].map(([, text]) =>
      Number(text),
    );
    expect(Math.min(...times)).toBe(0.5);
    expect(Math.max(...times)).toBe(0.7);
  });

  it('refuses what it cannot draw with one sentence and the exit code 2', async () => {
    const cases: [RegExp, string, ...string[]][] = [
      [/^There is no track "lines": choose throughput, .*\.\n$/, 'svg', '--track', 'lines'],
      [/^The session has [\d.]+ s: choose --from before --to, within them\.\n$/, 'png', '--from', '2', '--to', '1'],
      [/^The session has [\d.]+ s: .*\.\n$/, 'png', '--from', '9999'],
      [/^--width is 200 to 8000 pixels, not 3\.\n$/, 'png', '--width', '3'],
      [/^The format svg has no tables to choose from\.\n$/, 'svg', '--table', 'events'],
      [/^The format csv is no picture: it has no track, width or theme\.\n$/, 'csv', '--track', 'sockets'],
    ];
    for (const [sentence, format, ...more] of cases) {
      const { code, stdout, stderr } = await exported(format, 'refused', ...more);
      expect(stderr).toMatch(sentence);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(existsSync(inFolder('refused'))).toBe(false);
    }
    expect(readdirSync(run.folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});
