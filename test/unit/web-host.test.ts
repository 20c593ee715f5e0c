/** The web host in this process: whatever comes, it goes on; who comes, and from whom. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import type { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { codeSeconds } from '../../main/web/gate.ts';
import type { Owner } from '../../main/web/peer.ts';
import { socketPath, startWebHost, type WebHost, type WebHostOptions } from '../../main/web/web-host.ts';
import { Account, countOf, patienceFor } from '../support/fuzz/counts.ts';
import { guardedLab, type GuardedLab } from '../support/fuzz/guarded-lab.ts';
import { sendMessages } from '../support/fuzz/messages.ts';
import { Random, seedOf } from '../support/fuzz/random.ts';
import { sendMessagesUninvited, sendRequests, type Door } from '../support/fuzz/requests.ts';
import { rawSocket } from '../support/fuzz/sockets.ts';
import { cookieIn, get, knock } from '../support/web-lab.ts';

const seed = seedOf(process.env.FDSCOPE_FUZZ_SEED);
let folder: string;
let guarded: GuardedLab;
let host: WebHost | undefined;
const complaints: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-host-'));
  buildPage();
  guarded = guardedLab('web');
  complaints.length = 0;
});
afterEach(async () => {
  await host?.close();
  host = undefined;
  await guarded.end();
  rmSync(folder, { recursive: true, force: true });
});

function buildPage(script = 'index'): void {
  rmSync(join(folder, 'page'), { recursive: true, force: true });
  mkdirSync(join(folder, 'page/assets'), { recursive: true });
  writeFileSync(join(folder, 'page/index.html'), '<!doctype html><title>fdscope</title>');
  writeFileSync(join(folder, `page/assets/${script}.js`), 'export {};');
}

const start = async (options: Partial<WebHostOptions> = {}): Promise<WebHost> => {
  const complain = (sentence: string): unknown => complaints.push(sentence);
  const all = { port: 0, folder: join(folder, 'page'), complain, ...options };
  return (host = await startWebHost(guarded.lab, guarded.verbs, all));
};

const codeIn = (address: string): string => new URL(address).searchParams.get('code') ?? '';

async function letIn(at: WebHost): Promise<Door> {
  return { port: at.port, cookie: cookieIn(await get(at.port, `/?code=${codeIn(at.newAddress())}`)) };
}

const page = (door: Door, path = '/'): ReturnType<typeof get> => get(door.port, path, { cookie: door.cookie });

describe('a page that is built anew while the host runs', () => {
  it('is 503 while it is gone, 404 for what it does not have any more, and itself when it is there', async () => {
    const door = await letIn(await start());
    expect((await page(door, '/assets/index.js')).status).toBe(200);
    rmSync(join(folder, 'page'), { recursive: true });
    expect((await page(door, '/assets/index.js')).status).toBe(404);
    const gone = await page(door);
    expect([gone.status, gone.body]).toEqual([503, 'The page is being built: reload in a moment.\n']);
    buildPage('anew');
    expect((await page(door)).status).toBe(200);
    expect((await page(door, '/assets/anew.js')).status).toBe(200);
    expect((await page(door, '/assets/index.js')).status).toBe(404);
    // What the file system refuses ends the one request.
    rmSync(join(folder, 'page/assets/anew.js'));
    mkdirSync(join(folder, 'page/assets/anew.js'));
    expect((await page(door, '/assets/anew.js')).status).toBe(500);
    expect(complaints).toEqual([expect.stringContaining('A request failed')]);
    expect((await page(door)).status).toBe(200);
  });
});

describe('who is let in', () => {
  it('takes a code once, within its time, and the newest of too many', async () => {
    let nowMs = 0;
    const at = await start({ now: () => nowMs });
    const open = async (address: string): Promise<number> => (await get(at.port, `/?code=${codeIn(address)}`)).status;
    const [used, late, fresh] = [at.newAddress(), at.newAddress(), at.newAddress()];
    expect([await open(used), await open(used)]).toEqual([303, 403]);
    nowMs = codeSeconds * 1000 - 1;
    expect(await open(late)).toBe(303);
    nowMs++;
    expect(await open(fresh)).toBe(403);
    const many = Array.from({ length: 17 }, () => at.newAddress());
    expect([await open(many[0] ?? ''), await open(many[1] ?? ''), await open(many[16] ?? '')]).toEqual([403, 303, 303]);
  });

  it.each<[string, Owner, boolean]>([
    ['its own user', process.getuid?.() ?? 0, true],
    ['root', 0, true],
    ['another user', 4711, false],
    ['a user that was named', 4242, true],
    ['a connection that nobody has any more', 'unknown', false],
    ['a system that does not tell', 'untold', true],
  ])('asks whose a connection is: %s', async (_who, owner, isLetIn) => {
    let isStranger = false;
    const at = await start({ users: [4242], ownerOf: () => (isStranger ? owner : 0) });
    const door = await letIn(at);
    const code = codeIn(at.newAddress());
    isStranger = true;
    const answers = [await page(door), await get(at.port, `/?code=${code}`)];
    expect(answers.map(({ status }) => status)).toEqual(isLetIn ? [200, 303] : [403, 403]);
    const headers = { cookie: door.cookie, origin: `http://127.0.0.1:${at.port}` };
    const socket = await knock(at.port, headers);
    if (isLetIn) (socket as WebSocket).terminate();
    else {
      expect(socket).toBe(403);
      expect(answers[0]?.body).toContain('--allow-user');
      // A stranger's try has not used it up.
      isStranger = false;
      expect((await get(at.port, `/?code=${code}`)).status).toBe(303);
    }
  });

  it('lets connections that show nothing go when there are too many, the oldest first', async () => {
    const door = await letIn(await start());
    const window = await rawSocket(door);
    const closed = vi.fn();
    const idle = Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port: door.port }));
    for (const socket of idle) socket.on('error', () => {}).on('close', closed);
    await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(36));
    expect((await page(door)).status).toBe(200);
    expect(window.isOpen()).toBe(true);
    for (const socket of idle) socket.destroy();
    window.close();
  });
});

describe('what comes at random', () => {
  const requestCount = countOf('FDSCOPE_FUZZ_REQUESTS', 1500);
  const messageCount = countOf('FDSCOPE_FUZZ_MESSAGES', 2000);

  it(
    `is answered or dropped, and ends nothing: ${requestCount} requests and upgrades (seed ${seed})`,
    async () => {
      const random = new Random(seed);
      const door = await letIn(await start());
      const account = new Account();
      const statuses = await sendRequests(random, door, requestCount);
      account.end('FDSCOPE_FUZZ_REQUESTS', Object.fromEntries(statuses));
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 403, 404, 405]));
      expect([...statuses.keys()]).not.toContain(500);
      expect(complaints).toEqual([]);
      expect((await page(door)).status).toBe(200);
    },
    patienceFor(requestCount, 100),
  );

  it(
    'is answered or dropped, and ends nothing: while the page goes and comes',
    async () => {
      const random = new Random(seed);
      const door = await letIn(await start());
      let turn = 0;
      const building = setInterval(() => {
        if (turn++ % 2 === 0) rmSync(join(folder, 'page'), { recursive: true, force: true });
        else buildPage(random.pick(['index', 'anew']));
      }, 20);
      const statuses = await sendRequests(random, door, Math.ceil(requestCount / 4));
      clearInterval(building);
      buildPage();
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 403, 404, 503]));
      expect([...statuses.keys()]).not.toContain(500);
      expect(complaints).toEqual([]);
      expect((await page(door)).status).toBe(200);
    },
    patienceFor(requestCount, 100),
  );

  it(
    `is answered or dropped, and ends nothing: ${messageCount} messages (seed ${seed})`,
    async () => {
      const random = new Random(seed);
      const door = await letIn(await start());
      const account = new Account();
      const counts = await sendMessages(random, messageCount, () => rawSocket(door));
      account.end('FDSCOPE_FUZZ_MESSAGES', { ...counts, started: guarded.started() });
      expect(counts.results, 'some are as they should be, by chance').toBeGreaterThan(5);
      expect(counts.faults).toBeGreaterThan(100);
      expect(counts.ended).toBeGreaterThan(5);
      expect(complaints).toEqual([]);
      const window = await rawSocket(door);
      expect(window.isOpen()).toBe(true);
      window.close();
    },
    patienceFor(messageCount, 100),
  );

  it(
    `reaches nothing without the token: ${messageCount} messages behind refused upgrades (seed ${seed})`,
    async () => {
      const random = new Random(seed);
      const door = await letIn(await start());
      const asked = vi.fn();
      // Whatever a message asks for would be asked of these.
      for (const verb of Object.keys(guarded.verbs)) Object.assign(guarded.verbs, { [verb]: asked });
      const account = new Account();
      const statuses = await sendMessagesUninvited(random, door, messageCount);
      account.end('FDSCOPE_FUZZ_MESSAGES', Object.fromEntries(statuses));
      expect(statuses.get(403)).toBeGreaterThan(messageCount / 200);
      expect([...statuses.keys()].filter((status) => ![0, 400, 403].includes(status))).toEqual([]);
      expect(asked).not.toHaveBeenCalled();
      expect(complaints).toEqual([]);
      expect((await page(door)).status).toBe(200);
    },
    patienceFor(messageCount, 100),
  );

  it('is no WebSocket at all: bytes after the upgrade', async () => {
    const random = new Random(seed);
    const door = await letIn(await start());
    const handshake =
      `GET ${socketPath} HTTP/1.1\r\nHost: 127.0.0.1:${door.port}\r\nOrigin: http://127.0.0.1:${door.port}\r\n` +
      `Cookie: ${door.cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
    let accepted = 0;
    const one = (): Promise<void> =>
      new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: door.port });
        socket.on('error', () => {}).on('close', () => resolve());
        socket.once('data', (answer: Buffer) => {
          accepted += answer.toString('latin1').startsWith('HTTP/1.1 101') ? 1 : 0;
          socket.write(random.bytes(1 + random.below(200)));
          setTimeout(() => socket.destroy(), 20);
        });
        socket.write(Buffer.concat([Buffer.from(handshake), random.bytes(random.below(200))]));
      });
    for (let i = 0; i < 25; i++) await Promise.all(Array.from({ length: 8 }, one));
    expect(accepted).toBe(200);
    expect(complaints).toEqual([]);
    expect((await page(door)).status).toBe(200);
  });
});
