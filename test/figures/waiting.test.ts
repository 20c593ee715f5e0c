/** How long a socket was ready and not served, for models that block as well, where the test knows it. */
import { describe, expect, it, type TestContext } from 'vitest';
import { fdFlags, fdRoles } from '../../shared/telemetry/wire.ts';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { Inspection } from '../support/inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const dialect = dialects.http;
const request = dialect.request(Buffer.alloc(0));
const replyBytes = dialect.reply(pattern(128)).length;
const models = allModels().filter(({ id, available }) => available && id !== 'node');

/** The handler computes for so long, and meanwhile its thread reads nothing. */
const workUs = 700_000;

const nowUs = (): number => Number(process.hrtime.bigint() / 1000n);

const withServer = (
  context: TestContext,
  model: string,
  work: (server: ServerUnderTest, inspection: Inspection) => Promise<void>,
): Promise<void> => measured(context, () => withOneServer(model, work));

async function withOneServer(
  model: string,
  work: (server: ServerUnderTest, inspection: Inspection) => Promise<void>,
): Promise<void> {
  const server = await ServerUnderTest.start(model, { workUs });
  const inspection = new Inspection(server);
  try {
    expect(await server.command('level', { level: 'fds', switches: false })).toBeUndefined();
    await work(server, inspection);
    expect(await server.stop()).toMatchObject({ code: 0 });
  } finally {
    server.kill();
  }
}

/** The longest wait that was told of a socket, and whether the newest record still has it waiting. */
function waits(inspection: Inspection, role: 'client' | 'listener', connectionId: number) {
  let longestUs = 0;
  let isWaiting = false;
  for (const frame of inspection.fdStates) {
    frame.connectionIds.forEach((id, i) => {
      if (id !== connectionId || fdRoles[frame.roles[i] ?? 0] !== role) return;
      longestUs = Math.max(longestUs, frame.waitingUs[i] ?? 0);
      isWaiting = ((frame.flags[i] ?? 0) & fdFlags.waiting) !== 0;
    });
  }
  return { longestUs, isWaiting };
}

/** Told is at most what a socket waited, and all of it but for what lies between looks, 50 ms where a core is free for them. */
function judge(toldUs: number, { leastUs, mostUs }: { leastUs: number; mostUs: number }): void {
  expect(toldUs).toBeLessThanOrEqual(mostUs);
  whenQuiet(() => {
    expect(leastUs, 'the test itself came too late').toBeGreaterThan(workUs / 2);
    expect(toldUs).toBeGreaterThan(leastUs * 0.5);
  });
}

const busyModels = [
  'blocking-threads',
  'blocking-pool',
  'blocking-iterative',
  'epoll-lt',
  'epoll-et',
  'coroutine-stackless',
];

describe.each(models.filter(({ id }) => busyModels.includes(id)))('ready but not served: $id', ({ id: model }) => {
  it('a request that comes while the handler is at work waits for as long as that', (context) =>
    withServer(context, model, async (server, inspection) => {
      const client = await RawClient.connect(server.port);
      await client.write(request);
      const socket = await settled(
        () => inspection.socketOf(client.socket.localPort),
        (found) => found !== undefined,
      );
      const id = socket?.connectionId ?? 0;
      await settled(
        () => inspection.fdState(id)?.flags.has('read'),
        (hasRead) => hasRead === true,
      );
      const beforeUs = nowUs();
      await client.write(request);
      const sentUs = nowUs();
      await client.read(replyBytes);
      const firstReplyUs = nowUs();
      await client.read(replyBytes);
      const { longestUs } = waits(inspection, 'client', id);
      judge(longestUs, { leastUs: firstReplyUs - sentUs, mostUs: firstReplyUs - beforeUs + 50_000 });
      // Nobody waits once all is read.
      await settled(
        () => waits(inspection, 'client', id).isWaiting,
        (isWaiting) => !isWaiting,
      );
      expect(waits(inspection, 'client', id).isWaiting).toBe(false);
      client.close();
    }));
});

describe('ready but not served: the listener of blocking-iterative', () => {
  it('whoever connects while another is served waits in the accept queue', (context) =>
    withServer(context, 'blocking-iterative', async (server, inspection) => {
      const first = await RawClient.connect(server.port);
      await first.write(request);
      await settled(
        () => inspection.socketOf(first.socket.localPort),
        (found) => found !== undefined,
      );
      const beforeUs = nowUs();
      const second = await RawClient.connect(server.port);
      const connectedUs = nowUs();
      await first.read(replyBytes);
      first.close();
      const leftUs = nowUs();
      const isTold = (): boolean => inspection.socketOf(second.socket.localPort) !== undefined;
      await settled(isTold, (found) => found);
      const acceptedUs = nowUs();
      judge(waits(inspection, 'listener', 0).longestUs, {
        leastUs: leftUs - connectedUs,
        mostUs: acceptedUs - beforeUs,
      });
      await settled(
        () => waits(inspection, 'listener', 0).isWaiting,
        (isWaiting) => !isWaiting,
      );
      expect(waits(inspection, 'listener', 0).isWaiting).toBe(false);
      second.close();
    }));
});
