/** Context switches, as the engine reports them, held against the kernel's figures for each of its threads. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { counterOf } from '../../shared/telemetry/codec.ts';
import { runLoad } from '../support/load-engine.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';

interface Switches {
  readonly voluntary: number;
  readonly involuntary: number;
}

/** Fewer switches would not tell 2% from one or two. */
const enough = 5000;

/** Sum over /proc/PID/task/TID/status: threads that have ended are not in it. */
function kernelSwitches(pid: number): Switches {
  let voluntary = 0;
  let involuntary = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'utf8');
    voluntary += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
    involuntary += Number(/^nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  }
  return { voluntary, involuntary };
}

/** Both kinds of switches of a server under load, within 2%. */
export async function expectSwitchFigures(model: string): Promise<void> {
  const server = await ServerUnderTest.start(model, { protocol: 'http' });
  try {
    const voluntary = async () => counterOf(await server.snapshot(), 'voluntarySwitches');
    // A busy machine needs longer for as many.
    while ((await voluntary()) < enough) {
      await runLoad({
        protocol: 'http',
        target: `127.0.0.1:${server.port}`,
        durationMs: 1000,
        // One request at a time: each makes the server wait, which is a voluntary switch.
        clients: [{ profile: 'closed', connections: 1 }],
      });
    }
    const before = kernelSwitches(server.pid);
    const counted = await server.snapshot();
    const after = kernelSwitches(server.pid);
    const mine = {
      voluntary: counterOf(counted, 'voluntarySwitches'),
      involuntary: counterOf(counted, 'involuntarySwitches'),
    };
    // The engine looked at a moment between the two.
    expect(mine.voluntary).toBeGreaterThanOrEqual(before.voluntary * 0.98);
    expect(mine.voluntary).toBeLessThanOrEqual(after.voluntary * 1.02);
    const slack = Math.max(after.involuntary * 0.02, 5);
    expect(mine.involuntary).toBeGreaterThanOrEqual(before.involuntary - slack);
    expect(mine.involuntary).toBeLessThanOrEqual(after.involuntary + slack);
    await server.stop();
  } finally {
    server.kill();
  }
}
