/** Calls that are out of order or given what they cannot take: the kernel's own errno, and a bench that goes on. */
import { describe, expect, it } from 'vitest';
import { BenchUnderTest } from '../support/bench/bench-under-test.ts';

const tcp = { family: 'inet', type: 'stream' };
const udp = { family: 'inet', type: 'dgram' };
const here = '127.0.0.1:$port';

const on = (title: string, work: (under: BenchUnderTest) => Promise<void>): void =>
  it(title, { timeout: 120_000 }, () => BenchUnderTest.with(work));

describe('the server’s six steps in another order', () => {
  on('accept before listen, on a datagram socket, on what is no socket, on nothing', async (b) => {
    await b.do('server', 'socket', tcp, 's');
    await b.fails('EINVAL', 'server', 'accept4', { fd: 's' });
    await b.do('server', 'bind', { fd: 's', address: here });
    const { sentence } = await b.fails('EINVAL', 'server', 'accept4', { fd: 's' });
    expect(sentence).toContain('listen');
    await b.do('server', 'socket', udp, 'd');
    await b.fails('EOPNOTSUPP', 'server', 'accept4', { fd: 'd' });
    await b.do('server', 'eventfd', { initial: 0 }, 'e');
    await b.fails('ENOTSOCK', 'server', 'accept4', { fd: 'e' });
    await b.fails('EBADF', 'server', 'accept4', { fd: 99 });
    await b.fails('EBADF', 'server', 'accept4', { fd: -1 });
  });

  on('bind twice, on a port that another has, on an address of another family', async (b) => {
    await b.do('server', 'socket', tcp, 's');
    await b.do('server', 'bind', { fd: 's', address: here });
    await b.fails('EINVAL', 'server', 'bind', { fd: 's', address: '127.0.0.1:$port2' });
    await b.do('server', 'listen', { fd: 's', backlog: 1 });
    await b.do('client', 'socket', tcp, 'other');
    await b.fails('EADDRINUSE', 'client', 'bind', { fd: 'other', address: here });
    await b.do('client', 'socket', { family: 'inet6', type: 'stream' }, 'six');
    await b.fails('EINVAL', 'client', 'bind', { fd: 'six', address: '127.0.0.1:$port2' });
  });

  on('listen without bind gets a port from the kernel; twice changes the backlog; not on a connection', async (b) => {
    await b.do('server', 'socket', tcp, 's');
    await b.do('server', 'listen', { fd: 's', backlog: 3 });
    expect(b.socket('s')).toMatchObject({ state: 'LISTEN', backlog: 3 });
    expect(b.socket('s')?.local?.port).toBeGreaterThan(0);
    await b.do('server', 'listen', { fd: 's', backlog: 9 });
    expect(b.socket('s')).toMatchObject({ state: 'LISTEN', backlog: 9 });
    await b.do('client', 'socket', tcp, 'c');
    await b.do('client', 'connect', { fd: 'c', address: '@s' });
    await b.fails('EINVAL', 'client', 'listen', { fd: 'c', backlog: 1 });
    await b.do('server', 'socket', udp, 'd');
    await b.fails('EOPNOTSUPP', 'server', 'listen', { fd: 'd', backlog: 1 });
  });

  on('reading from the guard, and asking it for its peer', async (b) => {
    await b.connected();
    await b.fails('ENOTCONN', 'server', 'read', { fd: 'listener', count: 10 });
    await b.fails('EPIPE', 'server', 'write', { fd: 'listener', data: 'x' });
    await b.fails('ENOTCONN', 'server', 'getpeername', { fd: 'listener' });
    // Of all calls this one is taken: it ends the listening.
    await b.do('server', 'shutdown', { fd: 'listener', how: 'SHUT_RD' });
    await b.fails('EINVAL', 'server', 'accept4', { fd: 'listener' });
  });
});

describe('the client’s four steps in another order', () => {
  on('connect to nobody, twice, by another family; a socket whose connect failed can be used again', async (b) => {
    await b.do('client', 'socket', tcp, 'c');
    await b.fails('ECONNREFUSED', 'client', 'connect', { fd: 'c', address: here });
    await b.do('server', 'socket', tcp, 's');
    await b.do('server', 'bind', { fd: 's', address: here });
    // Bound is not listening.
    await b.fails('ECONNREFUSED', 'client', 'connect', { fd: 'c', address: here });
    await b.do('server', 'listen', { fd: 's', backlog: 1 });
    await b.do('client', 'connect', { fd: 'c', address: here });
    await b.fails('EISCONN', 'client', 'connect', { fd: 'c', address: here });
    await b.fails('EISCONN', 'server', 'connect', { fd: 's', address: here });
    await b.do('client', 'socket', { family: 'unix', type: 'stream' }, 'u');
    await b.fails('ECONNREFUSED', 'client', 'connect', { fd: 'u', address: 'unix:@fdscope-nobody' });
  });

  on('write and read before connect; shutdown of what has no connection', async (b) => {
    await b.do('client', 'socket', tcp, 'c');
    await b.fails('ENOTCONN', 'client', 'read', { fd: 'c', count: 1 });
    await b.fails('EPIPE', 'client', 'write', { fd: 'c', data: 'x' });
    await b.fails('ENOTCONN', 'client', 'shutdown', { fd: 'c', how: 'SHUT_WR' });
    await b.fails('ENOTCONN', 'client', 'getpeername', { fd: 'c' });
  });

  on('an address of another machine is refused in words, and nothing is sent', async (b) => {
    await b.do('client', 'socket', tcp, 'c');
    for (const address of ['192.0.2.1:80', 'example.org:80', '[2001:db8::1]:80', 'unix:/tmp/x']) {
      const step = await b.call('client', 'connect', { fd: 'c', address });
      expect(step).toMatchObject({ refused: true, result: null });
      expect(step.sentence).toMatch(/^The bench uses 127\.0\.0\.0\/8 and \[::1\] only|is not of the bench/);
    }
    expect(b.socket('c')).toMatchObject({ state: 'CLOSE', local: null, peer: null });
  });
});

describe('endings', () => {
  on('write after the peer has closed: the first is taken, the second is EPIPE', async (b) => {
    await b.connected();
    await b.do('client', 'close', { fd: 'peer' });
    const first = await b.do('server', 'write', { fd: 'connection', data: 'hello' });
    expect(first.result).toBe(5);
    await b.until(() => b.socket('connection')?.state ?? 'CLOSE', 'CLOSE');
    await b.fails('EPIPE', 'server', 'write', { fd: 'connection', data: 'again' });
    await b.fails('EPIPE', 'server', 'send', { fd: 'connection', data: 'again', nosignal: true });
  });

  on('half close: one side has said all, and the other goes on', async (b) => {
    await b.connected();
    await b.do('client', 'shutdown', { fd: 'peer', how: 'SHUT_WR' });
    await b.fails('EPIPE', 'client', 'write', { fd: 'peer', data: 'x' });
    expect((await b.do('server', 'read', { fd: 'connection', count: 9 })).result).toBe(0);
    await b.do('server', 'write', { fd: 'connection', data: 'still here' });
    expect((await b.do('client', 'read', { fd: 'peer', count: 99 })).output?.data).toBe('still here');
    expect([b.socket('peer')?.state, b.socket('connection')?.state]).toEqual(['FIN_WAIT_2', 'CLOSE_WAIT']);
    // A second one changes nothing.
    await b.do('client', 'shutdown', { fd: 'peer', how: 'SHUT_WR' });
    await b.do('server', 'shutdown', { fd: 'connection', how: 'SHUT_WR' });
    await b.until(() => b.socket('peer')?.state, 'TIME_WAIT');
  });

  on('SO_LINGER 0: close is a RST, and nothing stays', async (b) => {
    await b.connected();
    await b.do('client', 'setsockopt', { fd: 'peer', option: 'SO_LINGER', value: 0 });
    const step = await b.do('client', 'close', { fd: 'peer' });
    expect(step.crossed.flatMap(({ inferredFlags }) => inferredFlags)).toContain('RST');
    expect(b.socket('peer')).toBeUndefined();
    await b.fails('ECONNRESET', 'server', 'read', { fd: 'connection', count: 1 });
    expect((await b.do('server', 'read', { fd: 'connection', count: 1 })).result).toBe(0);
    await b.fails('EPIPE', 'server', 'write', { fd: 'connection', data: 'x' });
  });

  on('close with unread data is a RST too', async (b) => {
    await b.connected();
    await b.do('server', 'write', { fd: 'connection', data: 'nobody reads that' });
    await b.until(() => b.socket('peer')?.recvQueue, 17);
    await b.do('client', 'close', { fd: 'peer' });
    await b.fails('ECONNRESET', 'server', 'read', { fd: 'connection', count: 1 });
    expect(b.socket('peer')).toBeUndefined();
  });

  on('close twice; and a read of what the other end closes in both directions', async (b) => {
    await b.connected();
    await b.do('client', 'shutdown', { fd: 'peer', how: 'SHUT_RDWR' });
    expect((await b.do('server', 'read', { fd: 'connection', count: 1 })).result).toBe(0);
    await b.do('client', 'close', { fd: 'peer' });
    await b.fails('EBADF', 'client', 'close', { fd: 3 });
    await b.fails('EBADF', 'client', 'read', { fd: 3, count: 1 });
  });

  on('a peer that is killed: its kernel says goodbye for it', async (b) => {
    await b.connected();
    await b.sleeps('server', 'read', { fd: 'connection', count: 9 });
    const killed = await b.bench.act('client', 'kill');
    const read = b.step(killed.index - 1);
    if (read.blocked) await b.until(() => b.step(read.index).blocked, false);
    expect(b.step(read.index)).toMatchObject({ result: 0, errno: null });
    await expect(b.call('client', 'socket', tcp)).rejects.toThrow(/has ended/);
  });
});

describe('descriptors', () => {
  on('until EMFILE: socket, accept, dup, eventfd and epoll_create1 all say it, and close makes room', async (b) => {
    await b.connected();
    await b.do('server', 'setrlimit', { descriptors: 6 });
    await b.do('server', 'socket', tcp, 'last');
    await b.fails('EMFILE', 'server', 'socket', tcp);
    await b.fails('EMFILE', 'server', 'dup', { fd: 'last' });
    await b.fails('EMFILE', 'server', 'eventfd', { initial: 0 });
    await b.fails('EMFILE', 'server', 'epoll_create1', {});
    await b.do('client', 'socket', tcp, 'second');
    await b.do('client', 'connect', { fd: 'second', address: here });
    await b.fails('EMFILE', 'server', 'accept4', { fd: 'listener' });
    expect(b.socket('listener')?.acceptQueue).toBe(1);
    await b.do('server', 'close', { fd: 'last' });
    expect((await b.do('server', 'accept4', { fd: 'listener' })).result).toBe(5);
  });

  on('an fd past FD_SETSIZE: select is refused with the reason, poll and epoll take it', async (b) => {
    await b.connected();
    await b.do('server', 'dup', { fd: 'connection', to: 1100 });
    await b.do('client', 'write', { fd: 'peer', data: 'x' });
    const step = await b.call('server', 'select', { read: [1100], timeoutMs: 0 });
    expect(step).toMatchObject({ refused: true, result: null });
    expect(step.sentence).toMatch(/FD_SETSIZE/);
    expect((await b.do('server', 'poll', { fds: [{ fd: 1100, events: ['POLLIN'] }], timeoutMs: 0 })).result).toBe(1);
    await b.do('server', 'epoll_create1', {}, 'set');
    await b.do('server', 'epoll_ctl', { epfd: 'set', operation: 'EPOLL_CTL_ADD', fd: 1100, events: ['EPOLLIN'] });
    expect((await b.do('server', 'epoll_wait', { epfd: 'set', maxEvents: 4, timeoutMs: 0 })).result).toBe(1);
    // 1023 is the last that fits.
    await b.do('server', 'dup', { fd: 'connection', to: 1023 });
    expect((await b.do('server', 'select', { read: [1023], timeoutMs: 0 })).result).toBe(1);
    await b.fails('EBADF', 'server', 'dup', { fd: 'connection', to: 65_000 });
    await b.fails('EBADF', 'server', 'select', { read: [900], timeoutMs: 0 });
  });
});

describe('queues', () => {
  on('a full send queue: EAGAIN where it does not wait, asleep where it does, woken by the reader', async (b) => {
    await b.connected();
    await b.do('server', 'setsockopt', { fd: 'connection', option: 'SO_SNDBUF', value: 4096 });
    await b.do('client', 'setsockopt', { fd: 'peer', option: 'SO_RCVBUF', value: 4096 });
    const flood = { fd: 'connection', bytes: 1 << 20 };
    const part = await b.do('server', 'send', { ...flood, dontwait: true });
    expect(part.result).toBeGreaterThan(0);
    expect(part.result).toBeLessThan(1 << 20);
    for (let i = 0; i < 50; i++) {
      const { errno } = await b.call('server', 'send', { ...flood, dontwait: true });
      if (errno === 'EAGAIN') break;
    }
    await b.fails('EAGAIN', 'server', 'send', { ...flood, dontwait: true });
    expect(b.socket('connection')?.sendQueue).toBeGreaterThan(0);
    const asleep = await b.sleeps('server', 'write', { fd: 'connection', bytes: 100 });
    for (let i = 0; i < 400 && b.step(asleep.index).blocked; i++) {
      await b.call('client', 'recv', { fd: 'peer', count: 1 << 20, dontwait: true });
    }
    expect(b.step(asleep.index)).toMatchObject({ blocked: false, result: 100, errno: null });
  });

  on('an edge that was not drained is not told again, until more comes; a level is', async (b) => {
    await b.connected();
    await b.do('server', 'epoll_create1', {}, 'set');
    const watch = (events: string[], operation: string): Promise<unknown> =>
      b.do('server', 'epoll_ctl', { epfd: 'set', operation, fd: 'connection', events });
    const ready = async (): Promise<number | null> =>
      (await b.do('server', 'epoll_wait', { epfd: 'set', maxEvents: 4, timeoutMs: 0 })).result;
    await watch(['EPOLLIN', 'EPOLLET'], 'EPOLL_CTL_ADD');
    await b.do('client', 'write', { fd: 'peer', data: 'abcdef' });
    expect(await ready()).toBe(1);
    await b.do('server', 'read', { fd: 'connection', count: 2 });
    expect(await ready()).toBe(0);
    expect(b.socket('connection')?.recvQueue).toBe(4);
    await b.do('client', 'write', { fd: 'peer', data: 'g' });
    expect(await ready()).toBe(1);
    await watch(['EPOLLIN'], 'EPOLL_CTL_MOD');
    expect([await ready(), await ready()]).toEqual([1, 1]);
    await watch(['EPOLLIN', 'EPOLLONESHOT'], 'EPOLL_CTL_MOD');
    expect([await ready(), await ready()]).toEqual([1, 0]);
  });

  on(
    'an epoll set watches a closed descriptor through its dup, and cannot be told to stop by that number',
    async (b) => {
      await b.connected();
      await b.do('server', 'epoll_create1', {}, 'set');
      const add = { epfd: 'set', operation: 'EPOLL_CTL_ADD', fd: 'connection', events: ['EPOLLIN'] };
      await b.do('server', 'epoll_ctl', add);
      await b.do('server', 'dup', { fd: 'connection' }, 'copy');
      await b.do('server', 'close', { fd: 'connection' });
      await b.do('client', 'write', { fd: 'peer', data: 'x' });
      const wait = await b.do('server', 'epoll_wait', { epfd: 'set', maxEvents: 4, timeoutMs: 0 });
      expect(wait.output?.ready).toEqual([{ fd: 4, events: ['EPOLLIN'] }]);
      expect(b.bench.state.epollSets[0]?.watches).toMatchObject([{ target: 4, isStale: true }]);
      expect(b.bench.state.processes[0]?.fds.some(({ fd }) => fd === 4)).toBe(false);
      await b.fails('EBADF', 'server', 'epoll_ctl', { ...add, fd: 4, operation: 'EPOLL_CTL_DEL' });
      await b.fails('ENOENT', 'server', 'epoll_ctl', { ...add, fd: 'copy', operation: 'EPOLL_CTL_DEL' });
      await b.do('server', 'close', { fd: 'copy' });
      expect(b.bench.state.epollSets[0]?.watches).toEqual([]);
    },
  );

  on('epoll sets: added twice, changed or taken out without being in, in itself, in a circle', async (b) => {
    await b.connected();
    await b.do('server', 'epoll_create1', {}, 'set');
    await b.do('server', 'epoll_create1', {}, 'other');
    const control = { epfd: 'set', fd: 'connection', events: ['EPOLLIN'] };
    await b.fails('ENOENT', 'server', 'epoll_ctl', { ...control, operation: 'EPOLL_CTL_MOD' });
    await b.fails('ENOENT', 'server', 'epoll_ctl', { ...control, operation: 'EPOLL_CTL_DEL' });
    await b.do('server', 'epoll_ctl', { ...control, operation: 'EPOLL_CTL_ADD' });
    await b.fails('EEXIST', 'server', 'epoll_ctl', { ...control, operation: 'EPOLL_CTL_ADD' });
    await b.fails('EINVAL', 'server', 'epoll_ctl', { ...control, fd: 'set', operation: 'EPOLL_CTL_ADD' });
    await b.do('server', 'epoll_ctl', { ...control, fd: 'other', operation: 'EPOLL_CTL_ADD' });
    await b.fails('ELOOP', 'server', 'epoll_ctl', { ...control, epfd: 'other', fd: 'set', operation: 'EPOLL_CTL_ADD' });
    await b.fails('EINVAL', 'server', 'epoll_wait', { epfd: 'connection', maxEvents: 4, timeoutMs: 0 });
    await b.fails('EINVAL', 'server', 'epoll_wait', { epfd: 'set', maxEvents: 0, timeoutMs: 0 });
  });
});

describe('what is impossible', () => {
  on('gets one sentence, and no call is made', async (b) => {
    await b.do('server', 'socket', tcp, 's');
    const made = b.bench.steps.length;
    for (const [call, args, sentence] of [
      ['listen', { fd: 's' }, /backlog/],
      ['listen', { fd: 's', backlog: 'many' }, /backlog.*number/],
      ['socket', { family: 'inet', type: 'raw' }, /type/],
      ['read', { fd: 's', count: -1 }, /count/],
      ['read', { fd: 'nobody', count: 1 }, /Nothing on this bench is called "nobody"/],
      ['connect', { fd: 's', address: '@s' }, /not bound/],
      ['bind', { fd: 's', address: '127.0.0.1:$port9' }, /\$port3/],
      ['poll', { fds: [{ fd: 's', events: ['POLLEN'] }] }, /POLLIN/],
    ] as const) {
      await expect(b.call('server', call, args), call).rejects.toThrow(sentence);
    }
    await expect(b.call('nobody', 'close', { fd: 3 })).rejects.toThrow(/There is no actor "nobody".*server, client/);
    await expect(b.bench.act('server', 'signal')).rejects.toThrow(/\.$/);
    expect(b.bench.steps.length).toBe(made);
    await b.do('server', 'close', { fd: 's' });
  });
});
