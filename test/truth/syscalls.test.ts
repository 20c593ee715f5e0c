/** System calls by name, as the engine counts them, against strace -f of the same process. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelIds } from '../../shared/catalogue.ts';
import { syscallOf, type Counters } from '../../shared/telemetry/codec.ts';
import { syscallNames } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';
import { isInstalled } from '../support/tools.ts';

const { request, reply } = dialects.http;
const connections = 8;
const rounds = 300;

/** Calls on the path of the data; others, such as mmap, the C library issues as well. */
const dataPath = syscallNames.slice(0, syscallNames.indexOf('rt_sigtimedwait') + 1);
const compared = [...dataPath, 'io_uring_enter'] as const;

// What strace calls it, where the C library uses a newer call under the old function.
const straceNames: Readonly<Record<string, string>> = { ppoll: 'poll', epoll_pwait: 'epoll_wait' };

/** The engine's own threads that serve nobody: their calls are not the server's, and are not counted as such. */
const serviceThreads = ['telemetry', 'commands'];

async function drive(port: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.connect(port)));
  const bytes = reply(pattern(128)).length;
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < rounds; ++i) await client.ask(request(Buffer.from('x')), bytes);
      client.close();
    }),
  );
}

/**
 * Calls that starting and ending take besides: the loader's files, the frames, what is opened and closed only once. The
 * telemetry asks each listener for its address, and which clock the kernel has.
 */
const alsoOutside: readonly string[] = ['close', 'eventfd2', 'writev', 'getsockname', 'read'];
const outsideCalls = 12;

/**
 * Calls by name in a log of `strace -f -o`, of the threads wanted. A call in two lines is counted at its beginning. What
 * the kernel restarts behind a signal is one call to the program and two beginnings in the log.
 */
function callsIn(log: string, wanted: ReadonlySet<number>): Map<string, number> {
  const calls = new Map<string, number>();
  /** By thread: the call that a signal interrupted, as long as it may be restarted. */
  const interrupted = new Map<string, string>();
  for (const line of log.split('\n')) {
    const [, tid = '', name = ''] = /^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)/.exec(line) ?? [];
    if (!wanted.has(Number(tid))) continue;
    if (!line.includes('<... ')) {
      const isRestart = interrupted.get(tid) === name;
      const known = straceNames[name] ?? name;
      if (isRestart) interrupted.delete(tid);
      else calls.set(known, (calls.get(known) ?? 0) + 1);
    }
    if (line.includes('= ? ERESTART')) interrupted.set(tid, name);
    // Back from a handler that lets the call end with EINTR.
    if (name === 'rt_sigreturn' && line.includes('EINTR')) interrupted.delete(tid);
  }
  return calls;
}

async function measure(model: string): Promise<{ seen: Map<string, number>; counted: Counters }> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-strace-'));
  const file = join(folder, 'log');
  const wrapper = ['strace', '-f', '-q', '-s', '0', '-o', file];
  const server = await ServerUnderTest.start(model, { protocol: 'http' }, wrapper);
  try {
    await drive(server.port);
    // Loops that poll, and threads that sleep in a call, have done more by the end: only the last counters hold it all.
    expect(await server.stop()).toMatchObject({ code: 0 });
    const counted = server.lastCounters;
    if (!counted) throw new Error('The engine sent no counters.');
    const serving = [...server.threadNames].filter(([, name]) => !serviceThreads.includes(name)).map(([tid]) => tid);
    return { seen: callsIn(readFileSync(file, 'latin1'), new Set(serving)), counted };
  } finally {
    server.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Why strace cannot be used here, or undefined. */
function obstacle(): string | undefined {
  if (!isInstalled('strace')) return 'strace is not installed';
  const probe = spawnSync('strace', ['-c', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  return probe.status === 0 ? undefined : `strace may not trace here: ${probe.stderr.split('\n')[0] ?? ''}`;
}

describe('system calls against strace -f', () => {
  const reason = obstacle();
  const facts = allModels();
  for (const model of modelIds.filter((id) => id !== 'node')) {
    const name = `${model}: each name within 1%`;
    const found = facts.find(({ id }) => id === model);
    const why = reason ?? (found?.available ? undefined : (found?.reason ?? 'the engine does not have this model'));
    if (why !== undefined) {
      it.skip(`${name} — skipped: ${why}`);
      continue;
    }
    it(name, (context) =>
      measured(context, async () => {
        const { seen, counted } = await measure(model);
        let thousands = 0;
        for (const call of compared) {
          const mine = syscallOf(counted, call);
          const theirs = seen.get(call) ?? 0;
          const slack = Math.max(mine / 100, alsoOutside.includes(call) ? outsideCalls : 1);
          expect(Math.abs(theirs - mine), `${call}: strace ${theirs}, engine ${mine}`).toBeLessThanOrEqual(slack);
          if (mine >= 1000) ++thousands;
        }
        // Without calls in the thousands the slack would hide everything.
        // A ring that waits for its core takes in many requests with one call.
        whenQuiet(() => expect(thousands).toBeGreaterThanOrEqual(model === 'io_uring' ? 1 : 2));
      }),
    );
  }
});
