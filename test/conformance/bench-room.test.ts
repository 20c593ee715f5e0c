/** The bench that windows share: kept and shown again, gone back to a step, in a walk and without one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BenchRoom } from '../../main/lab/bench/bench-room.ts';
import { SessionLibrary } from '../../main/lab/sessions/library.ts';
import type { CallName } from '../../shared/bench/calls.ts';
import type { BenchStep } from '../../shared/bench/step.ts';
import { isOfBench } from '../support/bench/bench-under-test.ts';

let folder: string;
let room: BenchRoom;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-bench-room-'));
  room = new BenchRoom(new SessionLibrary(folder), () => Promise.resolve(undefined));
});
afterEach(async () => {
  await room.close();
  rmSync(folder, { recursive: true });
});

const limits = { timeout: 120_000 };
const call = (actor: string, name: CallName, args: Record<string, unknown> = {}, as?: string): Promise<BenchStep> =>
  room.call(actor, name, args, as);
/** What a call came to, without what is another time, port or process. */
const gist = ({ actor, call: name, result, errno, blocked }: BenchStep): unknown[] => [
  ...[actor, name, name === 'fork' ? 'a child' : result, errno, blocked],
];
const pids = (): number[] => room.steps.at(-1)?.state.processes.map(({ pid }) => pid) ?? [];

describe('going back', () => {
  it('in a walk begins anew on fresh sockets and stops at the step', limits, async () => {
    await room.open({ name: 'six-steps' }, undefined);
    for (let i = 0; i < 9; i++) await room.next();
    const before = [...room.steps];
    const old = pids();
    const { epoch } = room.state;
    await room.goto(6);
    expect(room.state).toMatchObject({ epoch: epoch + 1, steps: 6, walk: { name: 'six-steps', done: 6 } });
    expect(room.steps.map(gist)).toEqual(before.slice(0, 6).map(gist));
    expect(room.steps.flatMap(({ expectations }) => expectations).every(({ held }) => held)).toBe(true);
    for (const pid of old) expect(isOfBench(pid)).toBe(false);
    expect((await room.next()).call).toBe('write');
    await room.goto(0);
    expect(room.state).toMatchObject({ steps: 0, walk: { done: 0 } });
  });

  it(
    'in a free bench makes the calls again, with lanes that were added and ports that are others now',
    limits,
    async () => {
      await room.open(undefined, undefined);
      await room.addActor({ name: 'second', process: 'server' });
      // The kernel chooses the port, and the client names it by its number, as the screen does.
      await call('server', 'socket', { family: 'inet', type: 'stream' });
      await call('server', 'listen', { fd: 3, backlog: 4 });
      const port = room.steps.at(-1)?.state.sockets.find(({ state }) => state === 'LISTEN')?.local?.port ?? 0;
      expect(port).toBeGreaterThan(0);
      await call('client', 'socket', { family: 'inet', type: 'stream' });
      await call('client', 'connect', { fd: 3, address: `127.0.0.1:${port}` });
      await call('server', 'accept4', { fd: 3 });
      // Who closes first has TIME_WAIT on that port, whatever comes after.
      await call('server', 'close', { fd: 4 });
      await call('client', 'close', { fd: 3 });
      await call('server', 'fork', { child: 'child' });
      await call('second', 'accept4', { fd: 3 });
      await room.act('second', 'signal');
      await call('child', 'close', { fd: 3 });
      const before = [...room.steps];
      await room.goto(before.length);
      expect(room.steps.map(gist)).toEqual(before.map(gist));
      expect(room.steps.map(({ errno }) => errno).filter((errno) => errno !== null)).toEqual(['EINTR']);
      expect(room.state.actors.map(({ name }) => name)).toEqual(['server', 'client', 'second', 'child']);
      await room.goto(5);
      expect(room.steps.map(gist)).toEqual(before.slice(0, 5).map(gist));
      expect(room.state.actors.map(({ name }) => name)).toEqual(['server', 'client', 'second']);
    },
  );

  it('in a free bench whose port was bound by number', limits, async () => {
    await room.open(undefined, undefined);
    const address = `127.0.0.1:${room.state.ports[0] ?? 0}`;
    await call('server', 'socket', { family: 'inet', type: 'stream' });
    await call('server', 'bind', { fd: 3, address });
    await call('server', 'listen', { fd: 3, backlog: 4 });
    await call('client', 'socket', { family: 'inet', type: 'stream' });
    await call('client', 'connect', { fd: 3, address });
    await call('server', 'accept4', { fd: 3 });
    await call('server', 'close', { fd: 4 });
    await call('client', 'close', { fd: 3 });
    const before = [...room.steps];
    for (const done of [7, 6, 3]) {
      await room.goto(done);
      expect(room.steps.map(gist)).toEqual(before.slice(0, done).map(gist));
    }
  });
});

describe('a bench that is kept', () => {
  it('is shown again as it was, step by step, and exported under its own name', limits, async () => {
    await room.open({ name: 'half-close' }, undefined);
    for (let i = 0; i < 8; i++) await room.next();
    const made = structuredClone(room.steps);
    const { file } = await room.keep('For the class');
    await room.close();
    expect(await room.replay(file)).toMatchObject({ phase: 'replaying', steps: 8, session: file });
    expect(room.steps).toEqual(made);
    expect((await room.export('svg')).text).toContain('<title>For the class</title>');
    expect(JSON.parse((await room.export('json')).text ?? '')).toMatchObject({
      walk: 'half-close',
      title: 'For the class',
    });
    expect((await room.export('perfetto')).base64?.length).toBeGreaterThan(500);
    expect(room.program('c')).toMatchObject({ fileName: 'half-close.c' });
    await expect(room.goto(3)).rejects.toThrow(/No bench is open/);
    await room.open(undefined, undefined);
    expect(room.state).toMatchObject({ phase: 'open', steps: 0 });
  });

  it('that nothing was done on is not kept, and what is no bench is not shown', limits, async () => {
    await room.open(undefined, undefined);
    await expect(room.keep('Nothing')).rejects.toThrow(/nothing to keep/);
    await expect(room.export('svg')).rejects.toThrow(/Nothing was done/);
    await expect(room.replay('no-such.fdscope')).rejects.toThrow(/\.$/);
  });
});
