import { createServer, type Server } from 'node:net';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ExternalServer } from '../../main/lab/external/external-server.ts';
import { OutsideWatch } from '../../main/lab/external/outside-watch.ts';
import {
  countFds,
  listenersOn,
  parseHexAddress,
  parseListeners,
  parseStat,
  processTree,
  socketInodes,
} from '../../main/lab/external/proc.ts';
import { Notices } from '../../main/lab/notices.ts';
import { runServerSchema } from '../../shared/schemas/settings.ts';
import { isAlive } from '../support/server-under-test.ts';

const listening = (host: string): Promise<Server & { port: number }> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, host, () => {
      const address = server.address();
      resolve(Object.assign(server, { port: typeof address === 'object' && address ? address.port : 0 }));
    });
  });

const context = { cpus: '', notices: new Notices(), signal: undefined };
const settings = (given: object): Parameters<typeof ExternalServer.start>[0] =>
  runServerSchema.parse({ model: 'external', ...given });

describe('/proc', () => {
  it('gives the fields behind a name with blanks and brackets', () => {
    const line = `7 (a) b) c) S 3 1 1 0 -1 0 0 0 0 0 250 130 40 20 20 0 9 0 100 1000 55 ${'0 '.repeat(30)}`;
    expect(parseStat(line)).toEqual({
      ...{ name: 'a) b) c', state: 'S', parent: 3, threads: 9, rssBytes: 55 * 4096 },
      ...{ userSeconds: 2.5, systemSeconds: 1.3, childUserSeconds: 0.4, childSystemSeconds: 0.2 },
    });
  });

  it('gives addresses as people write them', () => {
    expect(parseHexAddress('0100007F')).toBe('127.0.0.1');
    expect(parseHexAddress('00000000')).toBe('0.0.0.0');
    expect(parseHexAddress('00000000000000000000000000000000')).toBe('::');
    expect(parseHexAddress('00000000000000000000000001000000')).toBe('::1');
    expect(parseHexAddress('B80D01200000000000000000D4C3B2A1')).toBe('2001:db8:0:0:0:0:a1b2:c3d4');
  });

  it('gives listeners of a port, and no connections', () => {
    const table = `  sl  local_address rem_address   st
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1
   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4712 1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1
`;
    expect(parseListeners(table, 8080)).toEqual([{ host: '127.0.0.1', inode: '4711' }]);
  });

  it.each(['127.0.0.1', '::1'])('knows this very process, its descriptors and its listener on %s', async (host) => {
    const before = countFds(process.pid) ?? 0;
    const server = await listening(host);
    const [listener] = listenersOn(server.port);
    expect(listener?.host).toBe(host);
    expect(socketInodes(process.pid).has(listener?.inode ?? '')).toBe(true);
    expect(countFds(process.pid)).toBeGreaterThan(before);
    expect(processTree(process.pid)[0]).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
    expect(listenersOn(server.port)).toEqual([]);
  });
});

describe('watching from outside', () => {
  it('counts the CPU time and the switches of a process as getrusage does', async () => {
    const watch = new OutsideWatch(process.pid);
    const from = process.resourceUsage();
    watch.begin();
    const until = performance.now() + 400;
    while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 1));
    for (let spun = performance.now(); performance.now() - spun < 300;);
    watch.end();
    const to = process.resourceUsage();
    const { cpuSeconds, contextSwitches, maxRssBytes, peakThreads, peakFds } = watch.figures(100);
    const usedSeconds = (to.userCPUTime + to.systemCPUTime - from.userCPUTime - from.systemCPUTime) / 1e6;
    // /proc has ticks of 10 ms, for user and system time.
    expect(Math.abs(cpuSeconds.user + cpuSeconds.system - usedSeconds)).toBeLessThan(0.05);
    const switched = to.voluntaryContextSwitches - from.voluntaryContextSwitches;
    expect(contextSwitches.voluntary).toBeGreaterThan(0.8 * switched);
    expect(contextSwitches.voluntary).toBeLessThan(1.2 * switched + 20);
    expect(maxRssBytes).toBeGreaterThan(10 << 20);
    expect(peakThreads).toBeGreaterThanOrEqual(2);
    expect(peakFds).toBeGreaterThan(2);
  });
});

describe('an external server', () => {
  it.each([
    [{ port: 0, command: 'true' }, /needs its port/],
    [{ port: 9 }, /needs either the command that starts it or the pid/],
    [{ port: 9, command: 'true', pid: 1 }, /needs either/],
    [{ port: 9, command: 'true', handler: 'forward' }, /echo or respond/],
    [{ port: 9, pid: 4_194_304 }, /There is no process 4194304/],
    [{ port: 9, command: 'echo no such file >&2; exit 3' }, /ended with exit code 3.*no such file$/s],
    [{ port: 9, command: 'true' }, /ended with exit code 0\. It must stay in the foreground/],
  ])('%j is refused in a sentence', async (given, sentence) => {
    await expect(ExternalServer.start(settings(given), context)).rejects.toThrow(sentence);
  });

  it('must be the one that listens on the port', async () => {
    const server = await listening('127.0.0.1');
    const { port } = server;
    await expect(ExternalServer.start(settings({ port, command: 'sleep 9' }), context)).rejects.toThrow(
      `Somebody listens on port ${port} already`,
    );
    await expect(ExternalServer.start(settings({ port, pid: process.ppid }), context)).resolves.toMatchObject({
      address: { host: '127.0.0.1', port },
    });
    server.close();
  });

  it('that the lab started ends with all that came of it; one that it attached to goes on', async () => {
    const { port } = await listening('127.0.0.1').then(
      (server) => new Promise<{ port: number }>((resolve) => server.close(() => resolve(server))),
    );
    const script = `require('child_process').spawn('sleep', ['99']); require('net').createServer().listen(${port}, '127.0.0.1')`;
    const command = `'${process.execPath}' -e "${script}"`;
    const started = await ExternalServer.start(settings({ port, command }), context);
    const tree = processTree(started.pid);
    const names = tree.map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
    expect(names).toContain('sleep');
    const attached = await ExternalServer.start(settings({ port, pid: started.pid }), context);
    await attached.stop();
    expect(isAlive(started.pid)).toBe(true);
    await started.stop();
    await expect.poll(() => tree.filter(isAlive), { timeout: 5000 }).toEqual([]);
    expect(listenersOn(port)).toEqual([]);
  });
});
