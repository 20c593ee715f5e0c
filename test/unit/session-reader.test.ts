/** The thread that opens session files keeps to its limits of time and memory, and one bad file holds up no other. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LabError } from '../../main/lab/errors.ts';
import { SessionReader } from '../../main/lab/sessions/session-reader.ts';

/** What a file's name says is what reading it costs. */
const code = `
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ path }) => {
  if (path.includes('endless')) for (;;);
  if (path.includes('greedy')) for (const kept = []; ;) kept.push({ kept: [kept.length] });
  if (path.includes('thrown')) throw new Error('it broke');
  parentPort.postMessage({ details: { card: { file: path } } });
});`;
const limits = { shortMs: 3000, longMs: 6000, msPerGiB: 1000, heapMiB: 48 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-reader-'));
  for (const name of ['endless', 'greedy', 'thrown', 'good']) writeFileSync(join(folder, name), '');
  // Its size buys it no time: nothing of it is on the disk.
  truncateSync(join(folder, 'endless'), 64 * 2 ** 30);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the reader of sessions', () => {
  it('gives up a file that takes too long, and reads those behind it meanwhile', async () => {
    const reader = new SessionReader(code, limits);
    const order: string[] = [];
    const told = (name: string): Promise<unknown> =>
      reader
        .card(join(folder, name))
        .catch((error: unknown) => error)
        .finally(() => order.push(name));
    const [endless, , good] = await Promise.all([told('endless'), told('good'), told('good')]);
    expect(endless).toBeInstanceOf(LabError);
    expect((endless as LabError).message).toBe('endless could not be read within 6 s: it is damaged.');
    expect(good).toEqual({ file: join(folder, 'good') });
    expect(order).toEqual(['good', 'good', 'endless']);
    // Nobody waits in this thread meanwhile, and the next file has a thread of its own.
    expect(await told('good')).toEqual({ file: join(folder, 'good') });
  });

  it.each([
    ['greedy', 'greedy is damaged: reading it would take more than 48 MiB of memory.'],
    ['thrown', 'thrown is damaged: reading it failed (it broke).'],
  ])('outlives its thread: %s', async (name, sentence) => {
    const reader = new SessionReader(code, { ...limits, shortMs: 60_000 });
    const bad = reader.details(join(folder, name));
    const good = reader.card(join(folder, 'good'));
    await expect(bad).rejects.toThrow(sentence);
    await expect(bad).rejects.toMatchObject({ kind: 'bad-input' });
    expect(await good).toEqual({ file: join(folder, 'good') });
  });
});
