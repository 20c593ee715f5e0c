/** What a walk becomes as a program: it compiles without a warning, runs, and its calls come to what they came to here. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Bench } from '../../main/lab/bench/bench.ts';
import { WalkLibrary } from '../../main/lab/bench/walk-library.ts';
import { actorsOf, makeWalkStep, unavailableWalk } from '../../main/lab/bench/walking.ts';
import { LabService } from '../../main/lab/lab-service.ts';
import { programOf } from '../../shared/bench/source/program.ts';
import type { BenchStep } from '../../shared/bench/step.ts';
import { isInstalled } from '../support/tools.ts';

const library = new WalkLibrary();
const folder = mkdtempSync(join(tmpdir(), 'fdscope-programs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const walked = new Map<string, Promise<{ steps: readonly BenchStep[]; ports: readonly number[] } | undefined>>();

/** Gone once for both languages; undefined where this machine cannot go it. */
function stepsOf(name: string): Promise<{ steps: readonly BenchStep[]; ports: readonly number[] } | undefined> {
  const go = async (): Promise<{ steps: readonly BenchStep[]; ports: readonly number[] } | undefined> => {
    const { walk } = library.named(name);
    const uring = (await new LabService().listModels()).find(({ id }) => id === 'io_uring');
    if (unavailableWalk(walk, uring?.reason) !== undefined) return undefined;
    const bench = await Bench.open(actorsOf(walk));
    try {
      for (const index of walk.steps.keys()) await makeWalkStep(bench, walk, index);
      return { steps: [...bench.steps], ports: [...bench.ports] };
    } finally {
      await bench.close();
    }
  };
  let found = walked.get(name);
  if (!found) walked.set(name, (found = go()));
  return found;
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The bench's own connections are in TIME_WAIT on its ports. */
async function onOtherPorts(text: string, ports: readonly number[]): Promise<string> {
  let moved = text;
  for (const port of ports) moved = moved.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), String(await freePort()));
  return moved;
}

const errnoOf = (number: string | undefined): string | null =>
  Object.entries(constants.errno).find(
    ([name, value]) => String(value) === number && name !== 'EWOULDBLOCK' && name !== 'ENOTSUP',
  )?.[0] ?? null;

/** Their results are numbers of bytes or of descriptors, the same wherever the call is made. */
const counted = ['read', 'recv', 'recvfrom', 'select', 'poll', 'epoll_wait', 'sigtimedwait'];
/** Their results depend on when the kernel moved bytes between the queues. */
const vague = (step: BenchStep): boolean =>
  Number(step.arguments.bytes ?? 0) > 1000 || step.arguments.count === 1_000_000;

function compare(steps: readonly BenchStep[], printed: string): void {
  const lines = new Map(
    [...printed.matchAll(/^(\d+) = (-?\d+)(?: errno (\d+))?/gm)].map(([, step, result, errno]) => [
      Number(step),
      { result: Number(result), errno: errnoOf(errno) },
    ]),
  );
  const told = steps.flatMap((step, index) => {
    const isSilent = ['signal', 'kill', 'wait', 'exit'].includes(step.call) || step.blocked || vague(step);
    return isSilent ? [] : [{ step, index: index + 1 }];
  });
  expect(told.length).toBeGreaterThan(3);
  for (const { step, index } of told) {
    const line = lines.get(index);
    expect(line?.errno, `${index}. ${step.text}: ${printed}`).toBe(step.errno);
    if (counted.includes(step.call)) expect(line?.result, `${index}. ${step.text}`).toBe(step.result);
  }
}

const run = (file: string, ...args: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(file, args, { encoding: 'utf8', timeout: 70_000 });

describe.each(library.list().map(({ name }) => name))('%s', (name) => {
  const hasRing = library.named(name).walk.needs?.includes('io_uring') ?? false;
  const cannotCompile = !isInstalled('cc') || (hasRing && !existsSync('/usr/include/liburing.h'));

  it.skipIf(cannotCompile)('as a program in C', async () => {
    const gone = await stepsOf(name);
    if (!gone) return;
    const source = join(folder, `${name}.c`);
    writeFileSync(source, await onOtherPorts(programOf('c', gone.steps), gone.ports));
    const flags = ['-Wall', '-Werror', '-pthread', '-o', join(folder, name), source, ...(hasRing ? ['-luring'] : [])];
    const compiled = run('cc', ...flags);
    expect(compiled.stderr, 'cc').toBe('');
    const ran = run(join(folder, name));
    expect(ran.status, String(ran.stderr)).toBe(0);
    compare(
      gone.steps.filter(({ refused }) => !refused),
      String(ran.stdout),
    );
  });

  it.skipIf(!isInstalled('python3'))('as a program in Python', async () => {
    const gone = await stepsOf(name);
    if (!gone) return;
    const source = join(folder, `${name}.py`);
    writeFileSync(source, await onOtherPorts(programOf('python', gone.steps), gone.ports));
    const ran = run('python3', source);
    if (hasRing) {
      expect(ran.stderr).toContain('no io_uring');
      return;
    }
    expect(ran.status, String(ran.stderr)).toBe(0);
    // A call that ends with EINTR is repeated by Python itself, and left out.
    compare(
      gone.steps.filter(({ refused, errno }) => !refused && errno !== 'EINTR'),
      String(ran.stdout),
    );
  });
});
