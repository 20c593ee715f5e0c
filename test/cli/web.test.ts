/** The web host as a process: who may come in, and a live run from start to stop through the contract. */
import type { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameSource } from '../../shared/contract/channels.ts';
import type { LabClient } from '../../shared/contract/client.ts';
import type { LiveState } from '../../shared/contract/live.ts';
import { counterOf, decodeCounters, decodeOpened, gaugeOf, type Counters } from '../../shared/telemetry/codec.ts';
import { FrameSplitter } from '../../shared/telemetry/frame-splitter.ts';
import { detailLevels, frameKinds } from '../../shared/telemetry/wire.ts';
import { startCli } from './command-line.ts';
import { isAlive } from '../support/server-under-test.ts';
import { cookieIn, get, knock, openWindow, printedAddress, startWebLab, type WebLab } from '../support/web-lab.ts';

let lab: WebLab;
beforeAll(async () => {
  lab = await startWebLab();
});
afterAll(async () => {
  lab.process.kill('SIGTERM');
  await lab.process.ended;
});

/** Frames of a window, and a promise for those to come. */
function watch(window: LabClient): {
  until: <T>(find: (source: FrameSource, kind: number, payload: Uint8Array) => T | undefined) => Promise<T>;
} {
  const watchers = new Set<(source: FrameSource, kind: number, payload: Uint8Array) => void>();
  window.onFrames((source, frames) => {
    for (const { kind, payload } of new FrameSplitter().push(frames)) {
      for (const look of watchers) look(source, kind, payload);
    }
  });
  return {
    until: (find) =>
      new Promise((resolve) => {
        const look = (source: FrameSource, kind: number, payload: Uint8Array): void => {
          const found = find(source, kind, payload);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
      }),
  };
}

const countersOf =
  (wanted: FrameSource, fits: (frame: Counters) => boolean = () => true) =>
  (source: FrameSource, kind: number, payload: Uint8Array): Counters | undefined => {
    if (source !== wanted || kind !== frameKinds.counters) return undefined;
    const frame = decodeCounters(payload);
    return fits(frame) ? frame : undefined;
  };

describe('the door of the web host', () => {
  it('gives a cookie for a code, once, and takes the code out of the address', async () => {
    const own = startCli(['web', '--no-open']);
    const [, port = '', code = ''] = await own.until('stdout', printedAddress);
    const answer = await get(Number(port), `/?code=${code}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      new RegExp(`^fdscope-${port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`),
    );
    expect(cookieIn(answer)).not.toContain(code);
    const again = await get(Number(port), `/?code=${code}`);
    expect([again.status, again.headers['set-cookie']]).toEqual([403, undefined]);
    expect(again.body).toContain('opened before');
    own.kill('SIGUSR2');
    const [, , other = ''] = await own.until('stdout', new RegExp(`(?<=${code}[^]*)${printedAddress.source}`));
    expect((await get(Number(port), `/?code=${other}`)).status).toBe(303);
    own.kill('SIGTERM');
    await own.ended;
  });

  it('serves the page with a strict policy to who has the cookie', async () => {
    const page = await get(lab.port, '/', { cookie: lab.cookie });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    const script = /src="\.(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1] ?? 'no script';
    expect((await get(lab.port, script, { cookie: lab.cookie })).headers['content-type']).toContain('javascript');
  });

  it.each<[string, string, (lab: WebLab) => Record<string, string>, number]>([
    ['no code and no cookie', '/', () => ({}), 403],
    ['a wrong code', '/?code=abc', () => ({}), 403],
    ['a wrong code beside a right cookie', '/?code=abc', (at) => ({ cookie: at.cookie }), 403],
    ['a wrong cookie', '/', (at) => ({ cookie: `fdscope-${at.port}=abc` }), 403],
    ['another Host', '/', (at) => ({ cookie: at.cookie, host: `evil.example:${at.port}` }), 403],
    ['another Origin', '/', (at) => ({ cookie: at.cookie, origin: 'http://evil.example' }), 403],
    ['another port of this machine as Origin', '/', (at) => ({ cookie: at.cookie, origin: 'http://127.0.0.1:1' }), 403],
    ['a target that no address has', '/%', (at) => ({ cookie: at.cookie }), 404],
    ['a target that the parser of addresses refuses', '/\\\\:x', () => ({}), 403],
    ['a file that is not of the renderer', '/../cli.mjs', (at) => ({ cookie: at.cookie }), 404],
    ['an encoded way out of the folder', '/%2e%2e/cli.mjs', (at) => ({ cookie: at.cookie }), 404],
  ])('refuses %s', async (_what, path, headers, status) => {
    expect((await get(lab.port, path, headers(lab))).status).toBe(status);
  });

  it('refuses to be asked by POST', async () => {
    expect((await get(lab.port, '/', { cookie: lab.cookie }, 'POST')).status).toBe(405);
  });

  it.each<[string, (lab: WebLab) => Record<string, string>, string?]>([
    ['without a cookie', (at) => ({ origin: `http://127.0.0.1:${at.port}` })],
    ['without an Origin', (at) => ({ cookie: at.cookie })],
    ['from another Origin', (at) => ({ cookie: at.cookie, origin: 'http://evil.example' })],
    ['on another path', (at) => ({ cookie: at.cookie, origin: `http://127.0.0.1:${at.port}` }), '/other'],
    [
      'for another Host',
      (at) => ({ cookie: at.cookie, origin: `http://evil.example:${at.port}`, host: `evil.example:${at.port}` }),
    ],
  ])('refuses a WebSocket %s', async (_what, headers, path) => {
    expect(await knock(lab.port, headers(lab), path)).toBe(403);
  });

  it('closes a WebSocket that does not speak the contract, with the reason', async () => {
    const socket = await knock(lab.port, { cookie: lab.cookie, origin: `http://127.0.0.1:${lab.port}` });
    const closed = new Promise<[number, string]>((resolve) =>
      (socket as WebSocket).once('close', (code, reason) => resolve([code, reason.toString()])),
    );
    (socket as WebSocket).send('{"type":"launch"}');
    expect(await closed).toEqual([1008, expect.stringContaining('not one of the contract')]);
  });
});

describe('a live run through the web host', () => {
  it('lists what the lab has, and says in a sentence what it refuses', async () => {
    const window = await openWindow(lab);
    expect((await window.request('lab.machine')).host).toBe('web');
    expect((await window.request('models.list')).map(({ id }) => id)).toContain('epoll-lt');
    const source = await window.request('models.source', { model: 'epoll-lt' });
    const { line, label } = source.steps[0] ?? { line: 0, label: 'no step' };
    expect(source.text.split('\n')[line - 1]).toContain(`STEP("${label}")`);
    expect((await window.request('scenarios.list')).map(({ name }) => name)).toContain('quick-tour');
    expect((await window.request('doctor.report')).map(({ id }) => id)).toContain('kernel');
    expect((await window.request('live.state')).phase).toBe('idle');
    await expect(window.request('live.change', { workUs: 1 })).rejects.toThrow('does not run');
    await expect(window.request('live.change', { workUs: -1 })).rejects.toThrow('at least 0');
    await expect(window.request('live.mark', { text: 'now' })).rejects.toThrow('Nothing runs');
    window.close();
  });

  it('starts, brings counters, switches, changes, stops, and leaves nothing behind', async () => {
    const window = await openWindow(lab);
    const states: LiveState[] = [];
    window.onEvent('live.state', (state) => states.push(state));
    const frames = watch(window);
    const ready = frames.until((source, kind) => (source === 'server' && kind === frameKinds.ready ? true : undefined));
    const started = await window.request('live.start', {
      ...{ server: { model: 'epoll-lt' }, connections: 8, clients: [{ profile: 'closed', thinkMs: 1 }] },
    });
    expect(started.phase).toBe('running');
    const pids = [started.serverPid ?? 0, started.clientsPid ?? 0];
    expect(pids.every(isAlive)).toBe(true);
    await ready;
    await expect(
      window.request('live.start', {
        ...{ server: { model: 'poll' }, connections: 1, clients: [{ profile: 'idle' }] },
      }),
    ).rejects.toThrow('stop it first');

    const first = await frames.until(countersOf('server', (frame) => counterOf(frame, 'requests') > 0));
    await frames.until(countersOf('clients', (frame) => counterOf(frame, 'requests') > 0));
    const report = await window.request('live.switch', { model: 'poll' });
    expect(report).toMatchObject({ model: 'poll', previous: 'epoll-lt', how: 'live', keptConnections: 8 });
    expect(report.pauseMs).toBeGreaterThan(0);
    const atSwitch = await frames.until(countersOf('server'));
    const later = await frames.until(
      countersOf('server', (frame) => counterOf(frame, 'requests') > counterOf(atSwitch, 'requests')),
    );
    expect(counterOf(later, 'accepts')).toBe(counterOf(first, 'accepts'));

    const changed = await window.request('live.change', { connections: 12, workUs: 5 });
    expect(changed.settings).toMatchObject({ connections: 12, server: { model: 'poll', workUs: 5 } });
    // Four connections more, and the eight stay.
    await frames.until(
      countersOf('server', (frame) => counterOf(frame, 'accepts') === counterOf(first, 'accepts') + 4),
    );
    expect([changed.serverPid, changed.clientsPid]).toEqual(pids);

    expect((await window.request('live.change', { paused: true })).paused).toBe(true);
    const sent = (frame: Counters): number => counterOf(frame, 'requestsSent');
    // Requests that were under way are answered; then nothing is asked.
    let before = Number.NaN;
    await frames.until(
      countersOf('clients', (frame) => {
        const isQuiet = sent(frame) === before;
        before = sent(frame);
        return isQuiet;
      }),
    );
    expect((await window.request('live.change', { paused: false })).paused).toBe(false);
    await frames.until(countersOf('clients', (frame) => sent(frame) > before));
    const marked = frames.until((source, kind) => (source === 'lab' && kind === frameKinds.mark ? true : undefined));
    await window.request('live.mark', { text: 'here' });
    await marked;
    await expect(window.request('live.switch', { model: 'poll', options: { wings: 2 } })).rejects.toThrow('wings');

    const stopped = await window.request('live.stop');
    expect(stopped).toMatchObject({ phase: 'idle', settings: { server: { model: 'poll' } } });
    expect(stopped.fault).toBeUndefined();
    expect(pids.some(isAlive)).toBe(false);
    expect(states.map(({ phase }) => phase)).toEqual(
      expect.arrayContaining(['starting', 'running', 'switching', 'stopping', 'idle']),
    );
    window.close();
  });

  it('shows sockets and threads from inside, to a window that comes later too, until it is told not to', async () => {
    const window = await openWindow(lab);
    const started = await window.request('live.start', {
      ...{ server: { model: 'epoll-lt' }, connections: 5, clients: [{ profile: 'closed', thinkMs: 1 }] },
    });
    expect(started.settings?.detail.level).toBe('fds');
    const frames = watch(window);
    const opened = new Set<number>();
    await frames.until((source, kind, payload) => {
      if (source !== 'server' || kind !== frameKinds.opened) return undefined;
      for (const { role, connectionId } of decodeOpened(payload)) if (role === 'client') opened.add(connectionId);
      return opened.size === 5 ? true : undefined;
    });
    const late = await openWindow(lab);
    const known = new Set<number>();
    const lateFrames = watch(late);
    await lateFrames.until((source, kind, payload) => {
      if (source !== 'server' || kind !== frameKinds.opened) return undefined;
      for (const { role, connectionId } of decodeOpened(payload)) if (role === 'client') known.add(connectionId);
      return known.size === 5 ? true : undefined;
    });
    expect(known).toEqual(opened);
    await lateFrames.until((source, kind) => (source === 'server' && kind === frameKinds.fdStates ? true : undefined));
    const changed = await window.request('live.change', { detail: { level: 'counters', switches: false } });
    expect(changed.settings?.detail).toEqual({ level: 'counters', switches: false });
    const level = (frame: Counters): number => gaugeOf(frame, 'detailLevel');
    await frames.until(countersOf('server', (frame) => level(frame) === detailLevels.indexOf('counters')));
    await window.request('live.stop');
    window.close();
    late.close();
  });

  it('switches to and from models that cannot hand over, on the same address, with new connections', async () => {
    const window = await openWindow(lab);
    const frames = watch(window);
    const { address } = await window.request('live.start', {
      ...{ server: { model: 'blocking-fork' }, connections: 3, clients: [{ profile: 'closed', thinkMs: 1 }] },
    });
    for (const model of ['node', 'epoll-et'] as const) {
      const report = await window.request('live.switch', { model });
      expect(report).toMatchObject({ model, how: 'reconnect', keptConnections: 0 });
      const state = await window.request('live.state');
      expect(state).toMatchObject({ phase: 'running', address, settings: { server: { model } } });
      // Only epoll-et is one of those that can be seen into again.
      expect(state.settings?.detail.level).toBe(model === 'node' ? 'counters' : 'fds');
      const { settings } = await window.request('live.change', { workUs: 3 });
      expect(settings?.server.workUs).toBe(3);
      await frames.until(countersOf('server', (frame) => counterOf(frame, 'requests') > 0));
    }
    await window.request('live.stop');
    window.close();
  });

  it('tells every window that a server was killed, and can start again', async () => {
    const [one, other] = [await openWindow(lab), await openWindow(lab)];
    const told = new Promise<LiveState>((resolve) => {
      other.onEvent('live.state', (state) => state.phase === 'idle' && resolve(state));
    });
    const settings = {
      server: { model: 'select' as const },
      connections: 2,
      clients: [{ profile: 'closed' as const }],
    };
    const { serverPid = 0, clientsPid = 0 } = await one.request('live.start', settings);
    process.kill(serverPid, 'SIGKILL');
    expect((await told).fault).toMatch(/The server \(select\) ended by SIGKILL/);
    expect([serverPid, clientsPid].some(isAlive)).toBe(false);
    expect((await one.request('live.start', settings)).phase).toBe('running');
    await one.request('live.stop');
    one.close();
    other.close();
  });
});

it('ends at SIGTERM in the middle of a run, with all of its engines', async () => {
  const own = await startWebLab();
  const window = await openWindow(own);
  const closed = new Promise<string>((resolve) => window.onClosed(resolve));
  const { serverPid = 0, clientsPid = 0 } = await window.request('live.start', {
    ...{ server: { model: 'blocking-threads' }, connections: 4, clients: [{ profile: 'closed', thinkMs: 1 }] },
  });
  own.process.kill('SIGTERM');
  expect(await closed).toBe('The lab has ended.');
  expect((await own.process.ended).code).toBe(0);
  expect([serverPid, clientsPid].some(isAlive)).toBe(false);
});
