/** Sockets of every family and type, eventfd and the small calls: what the kernel says of them, as steps. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { socketOptions } from '../../shared/bench/calls.ts';
import { BenchUnderTest } from '../support/bench/bench-under-test.ts';

const on = (title: string, work: (under: BenchUnderTest) => Promise<void>, cannot = false): void =>
  it.skipIf(cannot)(title, { timeout: 120_000 }, () => BenchUnderTest.with(work));

const hasIpv6 = existsSync('/proc/net/if_inet6');

describe('stream sockets', () => {
  on(
    'over IPv6: the six steps, and both 4-tuples in brackets',
    async (b) => {
      await b.connected('[::1]:$port', 'inet6');
      const port = b.bench.ports[0];
      expect(b.socket('listener')).toMatchObject({ family: 'inet6', state: 'LISTEN', local: { host: '::1', port } });
      expect(b.socket('connection')?.peer).toEqual(b.socket('peer')?.local);
      await b.do('client', 'write', { fd: 'peer', data: 'six' });
      expect((await b.do('server', 'read', { fd: 'connection', count: 9 })).output?.data).toBe('six');
      const name = await b.do('client', 'getpeername', { fd: 'peer' });
      expect(name.output?.address).toBe(`[::1]:${port}`);
      await b.do('client', 'close', { fd: 'peer' });
      expect(b.socket('connection')?.state).toBe('CLOSE_WAIT');
      await b.do('server', 'close', { fd: 'connection' });
      await b.until(() => b.socket('peer')?.state, 'TIME_WAIT');
    },
    !hasIpv6,
  );

  on(
    'IPV6_V6ONLY leaves the same port of IPv4 to another',
    async (b) => {
      await b.do('server', 'socket', { family: 'inet6', type: 'stream' }, 'six');
      await b.do('server', 'setsockopt', { fd: 'six', option: 'IPV6_V6ONLY', value: 1 });
      await b.do('server', 'bind', { fd: 'six', address: '[::1]:$port' });
      await b.do('server', 'listen', { fd: 'six', backlog: 1 });
      await b.do('client', 'socket', { family: 'inet', type: 'stream' }, 'four');
      await b.do('client', 'bind', { fd: 'four', address: '127.0.0.1:$port' });
      await b.do('client', 'listen', { fd: 'four', backlog: 1 });
    },
    !hasIpv6,
  );

  on('over UNIX: no ports, a name; a close with unread data is ECONNRESET there too', async (b) => {
    await b.connected('unix:@fdscope-$port', 'unix');
    expect(b.socket('listener')).toMatchObject({ family: 'unix', state: 'LISTEN', timer: null });
    await b.do('client', 'write', { fd: 'peer', data: 'near' });
    expect(b.socket('connection')).toMatchObject({ state: 'ESTABLISHED', recvQueue: 4 });
    const read = await b.do('server', 'recv', { fd: 'connection', count: 9, peek: true });
    expect(read.output?.data).toBe('near');
    await b.do('server', 'close', { fd: 'connection' });
    await b.fails('ECONNRESET', 'client', 'read', { fd: 'peer', count: 9 });
    await b.fails('EPIPE', 'client', 'write', { fd: 'peer', data: 'x' });
  });
});

describe('datagram sockets', () => {
  on('have no connection: a datagram a read, the rest of it is gone, and nobody is told as ECONNREFUSED', async (b) => {
    await b.do('server', 'socket', { family: 'inet', type: 'dgram' }, 'in');
    await b.do('server', 'bind', { fd: 'in', address: '127.0.0.1:$port' });
    await b.do('client', 'socket', { family: 'inet', type: 'dgram' }, 'out');
    await b.fails('EDESTADDRREQ', 'client', 'write', { fd: 'out', data: 'to whom' });
    await b.do('client', 'sendto', { fd: 'out', data: 'first', address: '@in' });
    await b.do('client', 'sendto', { fd: 'out', data: 'second', address: '@in' });
    const first = await b.do('server', 'recvfrom', { fd: 'in', count: 2 });
    expect(first.output).toMatchObject({ data: 'fi', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string });
    expect((await b.do('server', 'recvfrom', { fd: 'in', count: 99 })).output?.data).toBe('second');
    await b.fails('EAGAIN', 'server', 'recvfrom', { fd: 'in', count: 99, dontwait: true });
    await b.fails('EMSGSIZE', 'client', 'sendto', { fd: 'out', bytes: 70_000, address: '@in' });
    await b.do('client', 'connect', { fd: 'out', address: '127.0.0.1:$port2' });
    await b.do('client', 'write', { fd: 'out', data: 'is anybody there' });
    await b.fails('ECONNREFUSED', 'client', 'write', { fd: 'out', data: 'no' });
  });

  on('of UNIX find their peer by name', async (b) => {
    await b.do('server', 'socket', { family: 'unix', type: 'dgram' }, 'in');
    await b.do('server', 'bind', { fd: 'in', address: 'unix:@fdscope-$port' });
    await b.do('client', 'socket', { family: 'unix', type: 'dgram' }, 'out');
    await b.do('client', 'sendto', { fd: 'out', data: 'x', address: '@in' });
    expect((await b.do('server', 'recv', { fd: 'in', count: 9 })).output?.data).toBe('x');
    await b.fails('ECONNREFUSED', 'client', 'sendto', { fd: 'out', data: 'x', address: 'unix:@fdscope-nobody' });
  });
});

describe('eventfd', () => {
  on('is a counter of eight bytes: added by write, taken by read, by one as a semaphore', async (b) => {
    await b.do('server', 'eventfd', { initial: 2, nonblock: true, semaphore: true }, 'e');
    const entry = b.bench.state.processes.flatMap(({ fds }) => fds).find(({ kind }) => kind === 'eventfd');
    expect(entry?.fd).toBe(3);
    for (let i = 0; i < 2; i++) expect((await b.do('server', 'read', { fd: 'e', count: 8 })).result).toBe(8);
    await b.fails('EAGAIN', 'server', 'read', { fd: 'e', count: 8 });
    await b.fails('EINVAL', 'server', 'read', { fd: 'e', count: 4 });
    expect((await b.do('server', 'write', { fd: 'e', bytes: 8 })).result).toBe(8);
    await b.fails('EINVAL', 'server', 'write', { fd: 'e', bytes: 4 });
    await b.do('server', 'epoll_create1', {}, 'set');
    await b.do('server', 'epoll_ctl', { epfd: 'set', operation: 'EPOLL_CTL_ADD', fd: 'e', events: ['EPOLLIN'] });
    const ready = await b.do('server', 'epoll_wait', { epfd: 'set', maxEvents: 4, timeoutMs: 0 });
    expect(ready.output?.ready).toEqual([{ fd: 3, events: ['EPOLLIN'] }]);
  });

  on('wakes a sleeper of another thread of its process', async (b) => {
    await b.bench.addActor({ name: 'second', process: 'server' });
    await b.do('server', 'eventfd', { initial: 0 }, 'e');
    const asleep = await b.sleeps('server', 'read', { fd: 'e', count: 8 });
    const woke = await b.do('second', 'write', { fd: 'e', bytes: 8 });
    await b.until(() => b.step(asleep.index).blocked, false);
    expect(b.step(asleep.index)).toMatchObject({ result: 8, errno: null });
    expect(woke.woke).toEqual([asleep.index]);
  });
});

describe('the small calls', () => {
  on(
    'every socket option can be asked for, and set where the kernel lets one',
    async (b) => {
      await b.connected('[::1]:$port', 'inet6');
      for (const option of socketOptions) {
        const { output } = await b.do('server', 'getsockopt', { fd: 'connection', option });
        expect(output?.value, option).toEqual(expect.any(Number));
        const isAsked = ['SO_ERROR', 'SO_TYPE', 'SO_ACCEPTCONN'].includes(option);
        if (isAsked) await b.fails('ENOPROTOOPT', 'server', 'setsockopt', { fd: 'connection', option, value: 1 });
        else if (option === 'IPV6_V6ONLY')
          await b.fails('EINVAL', 'server', 'setsockopt', { fd: 'connection', option, value: 1 });
        else await b.do('server', 'setsockopt', { fd: 'connection', option, value: 1 });
      }
      await b.fails('ENOTSOCK', 'server', 'getsockopt', { fd: 0, option: 'SO_TYPE' });
      expect((await b.do('server', 'getsockopt', { fd: 'listener', option: 'SO_ACCEPTCONN' })).output?.value).toBe(1);
    },
    !hasIpv6,
  );

  on('fcntl: flags of the file and of the descriptor, and a dup from a number on', async (b) => {
    await b.connected();
    await b.do('server', 'fcntl', { fd: 'connection', command: 'F_SETFL', flags: ['O_NONBLOCK'] });
    await b.do('server', 'fcntl', { fd: 'connection', command: 'F_SETFD', flags: ['FD_CLOEXEC'] });
    const entry = (): string[] => b.bench.state.processes[0]?.fds.find(({ fd }) => fd === 4)?.flags ?? [];
    expect(entry()).toEqual(expect.arrayContaining(['O_NONBLOCK', 'FD_CLOEXEC']));
    await b.fails('EAGAIN', 'server', 'read', { fd: 'connection', count: 1 });
    const { result } = await b.do('server', 'fcntl', { fd: 'connection', command: 'F_DUPFD', value: 30 });
    expect(result).toBe(30);
    // A dup shares the file's flags, and not the descriptor's.
    const copy = b.bench.state.processes[0]?.fds.find(({ fd }) => fd === 30)?.flags ?? [];
    expect(copy).toContain('O_NONBLOCK');
    expect(copy).not.toContain('FD_CLOEXEC');
    expect((await b.do('server', 'dup', { fd: 30, to: 30 })).result).toBe(30);
  });

  on('fork shares what is open, execve closes what is FD_CLOEXEC, exit closes all', async (b) => {
    await b.connected();
    await b.do('server', 'fcntl', { fd: 'listener', command: 'F_SETFD', flags: ['FD_CLOEXEC'] });
    await b.do('server', 'fork', { child: 'child' });
    const fdsOf = (name: string): number[] =>
      (b.bench.state.processes.find((each) => each.name === name)?.fds ?? [])
        .map(({ fd }) => fd)
        .filter((fd) => fd > 2);
    expect([fdsOf('server'), fdsOf('child')]).toEqual([
      [3, 4],
      [3, 4],
    ]);
    await b.do('child', 'execve', {});
    expect(fdsOf('child')).toEqual([4]);
    await b.do('server', 'close', { fd: 'connection' });
    expect(b.socket('peer')?.state).toBe('ESTABLISHED');
    expect((await b.do('child', 'write', { fd: 4, data: 'from the child' })).result).toBe(14);
    await b.do('client', 'read', { fd: 'peer', count: 99 });
    await b.call('child', 'exit', { code: 3 });
    await b.until(() => b.socket('peer')?.state, 'CLOSE_WAIT');
    expect(b.bench.state.processes.find(({ name }) => name === 'child')?.state).not.toBe('running');
  });
});
