/** Ways to end a server: each within a second, under load, with nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { dialects, pattern } from '../support/dialects.ts';
import { allModels, serveCommand, slowdown } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { RawClient } from '../support/raw-client.ts';
import { isAlive, ServerUnderTest, settled } from '../support/server-under-test.ts';

const { request, reply } = dialects.http;
const stopLimitMs = 1000 * slowdown;

/** Clients in every state: silent, in mid-request, waiting, asking over and over, and not reading what they get. */
async function busyClients(port: number): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(port)));
  for (const [i, client] of clients.entries()) {
    if (i % 4 === 1) await client.write(request(Buffer.from('half')).subarray(0, 10));
    if (i % 4 === 2) {
      client.socket.pause();
      await client.write(Buffer.concat(Array.from({ length: 64 }, () => request(Buffer.of(65)))));
    }
    if (i % 4 === 3) void askUntilClosed(client);
  }
  return clients;
}

async function askUntilClosed(client: RawClient): Promise<void> {
  const replyBytes = reply(pattern(300_000)).length;
  try {
    while (true) await client.ask(request(Buffer.of(65)), replyBytes);
  } catch {
    // The server was stopped: that is what the test is about.
  }
}

describe.each(allModels())('$id', (model) => {
  if (!model.available) {
    it.skip(`stopping — skipped: ${model.reason ?? 'the model is unavailable here'}`);
    return;
  }

  it.for(['command', 'eof', 'SIGTERM'] as const)('stops by %s under load within a second', (how, context) =>
    measured(context, async () => {
      const server = await ServerUnderTest.start(model.id, {
        protocol: 'http',
        handler: 'respond',
        responseBytes: 300_000,
      });
      const clients = await busyClients(server.port);
      try {
        await sleep(100);
        const children = server.childPids();
        const ended = await server.stop(how);
        expect(ended).toMatchObject({ code: 0, signal: null, reason: how === 'eof' ? 'eof' : 'stopped' });
        expect(children.filter(isAlive)).toEqual([]);
        expect(server.findings).toBe('');
        whenQuiet(() => expect(ended.tookMs).toBeLessThan(stopLimitMs));
      } finally {
        server.kill();
        for (const client of clients) client.close();
      }
    }),
  );

  it('stops while a request waits for its upstream', (context) =>
    measured(context, async () => {
      const server = await ServerUnderTest.start(model.id, { protocol: 'http', handler: 'echo', waitMs: 60_000 });
      const client = await RawClient.connect(server.port);
      try {
        await client.write(request(Buffer.from('wait')));
        await sleep(50);
        const ended = await server.stop();
        expect(ended).toMatchObject({ code: 0, reason: 'stopped' });
        whenQuiet(() => expect(ended.tookMs).toBeLessThan(stopLimitMs));
      } finally {
        server.kill();
        client.close();
      }
    }));

  it('run alone: one ready line, SIGTERM, one line of totals', async () => {
    const [command, ...args] = serveCommand(model.id);
    const child = spawn(command, [...args, '--protocol', 'http'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    try {
      await settled(
        () => stdout,
        (text) => text.includes('\n'),
        90_000,
      );
      const { port } = (JSON.parse(stdout.trim()) as { ready: { port: number } }).ready;
      const client = await RawClient.connect(port);
      await client.ask(request(Buffer.from('x')), reply(pattern(128)).length);
      client.close();
      const exit = once(child, 'close');
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
      const lines = stdout.trim().split('\n');
      expect(lines.length).toBe(2);
      expect(JSON.parse(lines[1] ?? '')).toMatchObject({ requests: 1, accepts: 1 });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('does not outlive a parent that is killed', async () => {
    const [command, ...args] = [...serveCommand(model.id), '--protocol', 'http', '--frames', '1'];
    // The parent starts the server as the lab does, says its pid and waits to be killed.
    const script = `
      const child = require('node:child_process').spawn(${JSON.stringify(command)}, ${JSON.stringify(args)}, {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child.stdout.once('data', () => console.log(child.pid));
      child.stdout.resume();
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    parent.kill('SIGKILL');
    const isGone = await settled(
      () => !isAlive(pid),
      (gone) => gone,
      90_000,
    );
    if (!isGone) process.kill(pid, 'SIGKILL');
    expect(isGone).toBe(true);
  });
});
