/** What is read as text is a file, and no larger than any of its kind: neither time nor memory is spent on what is not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LabError } from '../../main/lab/errors.ts';
import { openRegular, readRegular } from '../../main/lab/regular-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-regular-'));
const at = (name: string): string => join(folder, name);
let server: Server;

beforeAll(async () => {
  mkdirSync(at('folder'));
  execFileSync('mkfifo', [at('pipe')]);
  server = createServer();
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
  writeFileSync(at('file'), 'text');
  writeFileSync(at('holes'), '');
  truncateSync(at('holes'), 64 * 2 ** 30);
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

describe('what is no file', () => {
  it.each([
    [at('folder'), 'a folder'],
    [at('pipe'), 'a pipe'],
    [at('socket'), 'a socket'],
    ['/dev/zero', 'a device'],
    ['/dev/null', 'a device'],
  ])('is refused, however it is opened: %s', async (path, kind) => {
    const sentence = `${path} cannot be read: it is ${kind}.`;
    expect(() => readRegular(path, 100)).toThrow(new LabError('bad-input', sentence));
    await expect(openRegular(path)).rejects.toThrow(new LabError('bad-input', sentence));
  });
});

describe('a file', () => {
  it('is read as a whole, up to the most that one has', () => {
    expect(readRegular(at('file'), 4)).toBe('text');
    expect(() => readRegular(at('file'), 3, 'This')).toThrow(/^This is larger than/);
  });

  it('of 64 GiB costs nothing before it is refused', () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => readRegular(at('holes'), 256 << 20)).toThrow('is larger than 256 MiB, which none is.');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });
});
