/** What comes to an engine that should not: commands without end, and a reader that is not there. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, mkdtempSync, rmSync, constants } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeJson } from '../../shared/telemetry/codec.ts';
import { FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';
import { engine as binary, slowdown } from '../support/engines.ts';

const config = JSON.stringify({ model: 'epoll-lt', protocol: 'http', handler: 'respond', host: '127.0.0.1', port: 0 });

type Engine = ChildProcessByStdio<Writable, Readable | null, null>;

function startEngine(stdout: 'pipe' | number): Engine {
  const engine = spawn(binary, ['serve', '--config', config, '--frames', '1'], {
    stdio: ['pipe', stdout, 'ignore'],
  }) as Engine;
  engine.stdin.on('error', () => {}); // it ends while it is written to
  onTestFinished(() => void engine.kill('SIGKILL'));
  return engine;
}

/** How it ended, unless it is there after `limitMs`. */
async function ending(engine: Engine, limitMs: number): Promise<unknown[]> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs * slowdown);
  try {
    return (await once(engine, 'exit', { signal: limit.signal })) as unknown[];
  } finally {
    clearTimeout(timer);
  }
}

describe('a command that is too long', () => {
  it.each([
    ['with an end', `${'x'.repeat(200_000)}\n`],
    ['in a line by itself, just too long', `${' '.repeat(65_537)}\n`],
  ])('is refused by name, %s, and the engine goes on', async (_what, line) => {
    const engine = startEngine('pipe');
    const replies: unknown[] = [];
    const splitter = new FrameSplitter();
    engine.stdout?.on('data', (bytes: Buffer) => {
      for (const { kind, payload } of splitter.push(bytes)) {
        if (kind === frameKinds.reply) replies.push(decodeJson(payload));
      }
    });
    engine.stdin.write(line);
    engine.stdin.write('{"id":7,"cmd":"level","level":"fds"}\n{"id":8,"cmd":"nothing"}\n');
    while (replies.length < 3) await sleep(10);
    expect(replies[0]).toEqual({ id: 0, ok: false, error: 'A command of more than 65536 bytes was not read.' });
    // The telemetry thread answers one of them and the command thread the other, whoever is first.
    expect(replies).toContainEqual({ id: 7, ok: true });
    expect(replies).toContainEqual(expect.objectContaining({ id: 8, ok: false }));
    engine.stdin.end();
    expect(await ending(engine, 5000)).toEqual([0, null]);
  });
});

describe('frames that nobody reads', () => {
  it.each(['a socket, as the lab has it', 'a pipe, as a shell makes it'])(
    'do not keep an engine when stdin has ended: %s',
    async (what) => {
      let output: 'pipe' | number = 'pipe';
      if (what.startsWith('a pipe')) {
        const folder = mkdtempSync(join(tmpdir(), 'fdscope-fifo-'));
        onTestFinished(() => rmSync(folder, { recursive: true }));
        execFileSync('mkfifo', [join(folder, 'frames')]);
        // Both ends, so that it is open and nobody reads.
        output = openSync(join(folder, 'frames'), constants.O_RDWR);
        const open = output;
        onTestFinished(() => closeSync(open));
      }
      const engine = startEngine(output);
      engine.stdout?.pause();
      // Answers of 200 bytes fill what the kernel keeps of a stream sooner than frames every 50 ms do.
      const asked = '{"id":1,"cmd":"nothing"}\n'.repeat(4000);
      for (let i = 0; i < 5; i++) engine.stdin.write(asked);
      await sleep(1500);
      expect(engine.exitCode).toBeNull();
      engine.stdin.destroy();
      const [code, signal] = await ending(engine, 20_000);
      expect(signal).toBeNull();
      expect(code).not.toBeNull();
    },
  );
});
