/** Where the kernel refuses perf: the counts of /proc remain, twenty times a second, and a notice says what is missing. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { counterOf, decodeCounters, gaugeOf, type Counters } from '../../shared/telemetry/codec.ts';
import { frameIntervalMs, frameKinds } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { engine, root } from '../support/engines.ts';
import { Inspection } from '../support/inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const dialect = dialects.http;
const request = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;

const wrapper = join(root, 'build/test/refuse-perf');

describe('where perf_event_open is refused', () => {
  beforeAll(() => {
    mkdirSync(join(root, 'build/test'), { recursive: true });
    const source = join(root, 'test/support/refuse-perf.c');
    const compiled = spawnSync(process.env.CC ?? 'cc', ['-O1', '-o', wrapper, source], { encoding: 'utf8' });
    expect(compiled.status, compiled.stderr).toBe(0);
  });

  it('the doctor says so, and what would enable it', () => {
    const { stdout } = spawnSync(wrapper, [engine, 'doctor'], { encoding: 'utf8' });
    const { perfSwitchRecords } = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
    expect(perfSwitchRecords?.available).toBe(false);
    expect(perfSwitchRecords?.reason).toContain('Operation not permitted');
    expect(perfSwitchRecords?.enable).toMatch(/perf_event_open|perf_event_paranoid/);
  });

  it('the server serves, a notice says so, and the counts of /proc come at every tick', async () => {
    const server = await ServerUnderTest.start('blocking-threads', {}, [wrapper]);
    const inspection = new Inspection(server);
    const counted: Counters[] = [];
    const onFrame = server.onFrame;
    server.onFrame = (frame) => {
      if (frame.kind === frameKinds.counters) counted.push(decodeCounters(frame.payload));
      onFrame(frame);
    };
    try {
      expect(await server.command('level', { level: 'fds', switches: true })).toBeUndefined();
      const client = await RawClient.connect(server.port);
      for (let i = 0; i < 200; i++) {
        await client.ask(request, replyBytes);
        await sleep(10);
      }
      expect(inspection.notices).toHaveLength(1);
      expect(inspection.notices[0]?.code).toBe('switchesRefused');
      expect(inspection.notices[0]?.text).toMatch(
        /refused \(Operation not permitted\).*The counts of \/proc remain\..*To enable it/,
      );
      expect(inspection.switches).toEqual([]);

      // A thread that is asked a hundred times a second falls asleep as often, so the count grows from tick to tick.
      const values = counted.map((each) => counterOf(each, 'voluntarySwitches'));
      const grew = values.filter((value, i) => value > (values[i - 1] ?? value)).length;
      const span = (counted.at(-1)?.timeNs ?? 0) - (counted[0]?.timeNs ?? 0);
      expect(grew).toBeGreaterThan(span / 1e6 / frameIntervalMs / 2);

      const sum = await settled(
        () => server.snapshot(),
        (now) => counterOf(now, 'voluntarySwitches') >= 200,
      );
      expect(gaugeOf(sum, 'recordsSwitches')).toBe(0);
      expect(counterOf(sum, 'recordedBlocked')).toBe(0);
      const serving = [...server.threadsStarted.values()].find(({ name }) => name === 'connection 1');
      const status = readFileSync(`/proc/${server.pid}/task/${serving?.tid}/status`, 'utf8');
      const kernel = Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
      expect(kernel).toBeGreaterThanOrEqual(200);
      expect(counterOf(sum, 'voluntarySwitches')).toBeGreaterThanOrEqual(kernel);

      // What a thread is doing is known from its own calls.
      const doing = await settled(
        () => inspection.thread('connection 1'),
        (now) => now?.state === 'blocked' && now.syscall === 'read',
      );
      expect(doing).toMatchObject({ state: 'blocked', syscall: 'read' });
      client.close();
      expect(await server.stop()).toMatchObject({ code: 0 });
    } finally {
      server.kill();
    }
  });
});
