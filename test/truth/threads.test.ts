/** What threads do, as the engine's frames tell it, where the test knows it. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dialects, pattern } from '../support/dialects.ts';
import { Inspection, type ThreadDoing } from '../support/inspection.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerUnderTest, settled } from '../support/server-under-test.ts';

const dialect = dialects.http;

/** What /proc says of the server's thread of this name: its state letter. */
function kernelState(server: ServerUnderTest, name: string): string {
  for (const tid of readdirSync(`/proc/${server.pid}/task`)) {
    if (server.threadNames.get(Number(tid)) !== name) continue;
    return readFileSync(`/proc/${server.pid}/task/${tid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
  }
  return '';
}

describe.each([false, true])('threads, context switches recorded: %s', (switches) => {
  it('a thread that sleeps is told with the call and the fd it sleeps in', async () => {
    const server = await ServerUnderTest.start('blocking-threads', {});
    const inspection = new Inspection(server);
    try {
      await server.command('level', { level: 'fds', switches });
      const client = await RawClient.connect(server.port);
      await client.ask(dialect.request(Buffer.alloc(0)), dialect.reply(pattern(128)).length);
      const isBlockedIn = (syscall: string) => (doing: ThreadDoing | undefined) =>
        doing?.state === 'blocked' && doing.syscall === syscall;
      const serving = await settled(() => inspection.thread('connection 1'), isBlockedIn('read'));
      const accepting = await settled(() => inspection.thread('main'), isBlockedIn('accept4'));
      const socket = await settled(
        () => inspection.socketOf(client.socket.localPort),
        (found) => found !== undefined,
      );
      const listener = inspection.opened.find(({ role }) => role === 'listener');
      expect(serving).toMatchObject({ state: 'blocked', syscall: 'read', fd: socket?.fd });
      expect(accepting).toMatchObject({ state: 'blocked', syscall: 'accept4', fd: listener?.fd });
      expect(kernelState(server, 'connection 1')).toBe('S');
      const told = await settled(
        () => inspection.fdState(1),
        (state) => state?.flags.has('blocked') === true,
      );
      expect(told?.flags, 'somebody sleeps on this socket').toContain('blocked');
      client.close();
      expect(await server.stop()).toMatchObject({ code: 0 });
    } finally {
      server.kill();
    }
  });

  it('a thread that waits for a time sleeps, one that computes runs or is ready', async () => {
    const server = await ServerUnderTest.start('blocking-threads', { waitMs: 1500, workUs: 1_500_000 });
    const inspection = new Inspection(server);
    try {
      await server.command('level', { level: 'fds', switches });
      const client = await RawClient.connect(server.port);
      const reply = client.ask(dialect.request(Buffer.alloc(0)), dialect.reply(pattern(128)).length);
      const seen = new Set<string | undefined>();
      await settled(
        () => seen.add(inspection.thread('connection 1')?.state),
        () => seen.has('sleeping') && (seen.has('running') || seen.has('ready')),
        90_000,
      );
      expect(seen).toContain('sleeping');
      expect(seen.has('running') || seen.has('ready'), [...seen].join()).toBe(true);
      await reply;
      client.close();
      await server.stop();
    } finally {
      server.kill();
    }
  });
});
