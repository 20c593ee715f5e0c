import { describe, expect, it } from 'vitest';
import { isLoopback, parseAddress } from '../../main/lab/addresses.ts';
import { shareConnections } from '../../main/lab/client-mix.ts';
import { allowedCpus, parseCpuList, placeCores } from '../../main/lab/cores.ts';
import { diagnose } from '../../main/lab/doctor.ts';
import { parseOpenFiles, readFacts } from '../../main/lab/doctor-facts.ts';
import { resolveOptions } from '../../main/lab/models.ts';
import type { ModelInfo } from '../../shared/catalogue.ts';

describe('cores', () => {
  it('are read from the kernel’s lists', () => {
    expect(parseCpuList('0-2,5\n')).toEqual([0, 1, 2, 5]);
    expect(allowedCpus('Name:\tnode\nCpus_allowed_list:\t1,3-4\n')).toEqual([1, 3, 4]);
  });

  it('are halved between server and clients, and left alone where there is one or nobody wants it', () => {
    expect(placeCores([0, 1])).toEqual({ serverCpus: '0', clientCpus: '1' });
    expect(placeCores([1, 3, 5])).toEqual({ serverCpus: '1', clientCpus: '3,5' });
    expect(placeCores([0])).toEqual({ serverCpus: '', clientCpus: '' });
    expect(placeCores([0, 1], false)).toEqual({ serverCpus: '', clientCpus: '' });
  });
});

describe('a mix of clients', () => {
  const counts = (...args: Parameters<typeof shareConnections>): number[] =>
    shareConnections(...args).map((client) => client.connections);

  it('shares connections by weight, with none lost and none left without', () => {
    expect(counts([{ profile: 'closed', weight: 3 }, { profile: 'idle' }], 100)).toEqual([75, 25]);
    expect(
      counts([{ profile: 'closed' }, { profile: 'idle' }, { profile: 'churn' }], 100).reduce((a, b) => a + b),
    ).toBe(100);
    expect(
      counts(
        [
          { profile: 'closed', weight: 1000 },
          { profile: 'idle', weight: 0.001 },
        ],
        10,
      ),
    ).toEqual([9, 1]);
  });

  it('leaves clients with a number of their own alone', () => {
    expect(counts([{ profile: 'idle', connections: 900 }, { profile: 'closed' }], 50)).toEqual([900, 50]);
  });
});

describe('addresses', () => {
  it('are numeric, with a port', () => {
    expect(parseAddress('--target', '[::1]:80')).toEqual({ host: '::1', port: 80 });
    expect(parseAddress('--target', 'localhost:80')).toEqual({ host: '127.0.0.1', port: 80 });
    for (const text of [
      '127.0.0.1',
      '127.0.0.1:0',
      '127.0.0.1:70000',
      'example.org:80',
      '[127.0.0.1]:80',
      '::1:80',
      '',
    ]) {
      expect(() => parseAddress('--target', text), text).toThrow(/^--target must be a numeric address .*\.$/);
    }
  });

  it('stay on this machine only where they are loopback', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '127.example.org'].some(isLoopback)).toBe(false);
  });
});

const model: ModelInfo = {
  ...{
    id: 'coroutine-stackful',
    summary: '',
    family: 'multiplexing',
    execution: 'coroutine',
    sourceFile: '',
    available: true,
  },
  options: [
    { name: 'stackKiB', kind: 'integer', min: 16, max: 1024, default: 64, summary: '' },
    { name: 'backend', kind: 'choice', choices: ['epoll', 'poll'], default: 'epoll', summary: '' },
    { name: 'exclusive', kind: 'boolean', default: true, summary: '' },
  ],
};

describe('options of a model', () => {
  it('are read as their kind', () => {
    const options = resolveOptions(model, { stackKiB: '32', backend: 'poll', exclusive: 'false' });
    expect(options).toEqual({ stackKiB: 32, backend: 'poll', exclusive: false });
  });

  it.each([
    [{ stackKiB: '8' }, 'stackKiB of coroutine-stackful must be a whole number from 16 to 1024, not "8"'],
    [{ stackKiB: '' }, 'not ""'],
    [{ backend: 'select' }, 'one of epoll, poll, not "select"'],
    [{ exclusive: 1 }, 'true or false, not "1"'],
    [{ stakKiB: 64 }, 'no option "stakKiB"; did you mean "stackKiB"?'],
  ])('are refused in a sentence: %o', (options, sentence) => {
    expect(() => resolveOptions(model, options)).toThrow(sentence);
  });
});

describe('the doctor', () => {
  const texts: Record<string, string> = {
    [`/proc/${process.ppid}/limits`]:
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n',
    '/proc/sys/net/ipv4/ip_local_port_range': '32768\t33767\n',
    '/proc/sys/net/core/somaxconn': '128\n',
    '/proc/sys/net/ipv4/tcp_max_syn_backlog': '2048\n',
    '/proc/sys/kernel/perf_event_paranoid': '4\n',
    '/proc/self/status': 'Seccomp:\t2\nCpus_allowed_list:\t0\n',
  };
  const engine = {
    perfSwitchRecords: { available: false, reason: 'perf_event_open is refused.', enable: 'sudo sysctl x=2' },
    ioUring: { available: true },
    tls: { available: true, version: 'OpenSSL 3' },
  };
  const items = new Map(
    diagnose(
      readFacts(engine, (path) => texts[path]),
      [{ ...model, available: false, reason: 'why' }],
    ).map((item) => [item.id, item]),
  );

  it('reads the limits of open files', () => {
    expect(parseOpenFiles('Max open files   unlimited   unlimited   files')).toEqual({
      soft: Infinity,
      hard: Infinity,
    });
    expect(parseOpenFiles(undefined)).toBeUndefined();
  });

  it('says what each limit forbids and what would lift it', () => {
    expect(items.get('open-files')).toMatchObject({ status: 'limited', value: 'soft 1024, hard 4096' });
    expect(items.get('ports')).toMatchObject({
      status: 'limited',
      forbids: expect.stringContaining('1000 client') as string,
    });
    expect(items.get('somaxconn')).toMatchObject({ status: 'limited', enable: 'sudo sysctl net.core.somaxconn=4096' });
    expect(items.get('perf')).toMatchObject({ status: 'missing', enable: 'sudo sysctl x=2' });
    for (const id of ['cores', 'sandbox']) expect(items.get(id)).toMatchObject({ status: 'limited' });
    expect(items.get('model-coroutine-stackful')).toMatchObject({ status: 'missing', value: 'why' });
  });

  it('knows that somaxconn alone bounds the accept queue, to itself and one', () => {
    expect(items.get('somaxconn')).toMatchObject({
      meaning: expect.stringContaining('holds 129 connections at most') as string,
      forbids: expect.stringContaining('longer than 129') as string,
    });
    expect(items.get('syn-backlog')?.meaning).toContain('nothing about accept queues');
  });

  it('says what each line means, also where nothing is wrong', () => {
    const fine = diagnose(
      readFacts(engine, (path) => {
        const more: Record<string, string> = {
          '/proc/loadavg': '0.50 0.1 0.1 1/9 9',
          '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'powersave',
          [`/proc/${process.ppid}/limits`]:
            'Max open files            1024                 65536                files\nMax processes             500                  500                  processes\n',
          '/proc/sys/kernel/pid_max': '4194304',
          '/proc/self/cgroup': '0::/box',
          '/sys/fs/cgroup/box/pids.max': '100',
          '/proc/sys/net/ipv4/tcp_wmem': '4096 16384 4194304',
          '/proc/sys/net/ipv4/tcp_rmem': '4096 131072 6291456',
          '/proc/sys/net/ipv4/tcp_abort_on_overflow': '1',
          '/proc/sys/net/netfilter/nf_conntrack_count': '10',
          '/proc/sys/net/netfilter/nf_conntrack_max': '1000',
          '/proc/meminfo': 'SwapTotal:  1000 kB\nSwapFree:  100 kB\n',
          '/proc/net/if_inet6': '00000000000000000000000000000001 01 80 10 80       lo',
          '/proc/cpuinfo': 'flags\t\t: fpu hypervisor lahf_lm',
          '/sys/class/dmi/id/sys_vendor': 'QEMU',
        };
        return more[path] ?? texts[path];
      }),
      [],
    );
    for (const { id, meaning } of fine) expect([id, meaning]).toEqual([id, expect.stringMatching(/^[A-Z].*\.$/)]);
    const found = new Map(fine.map((each) => [each.id, `${each.status} ${each.value}`]));
    expect(Object.fromEntries(found)).toMatchObject({
      load: 'ok 0.5 on 1 CPUs',
      governor: 'limited powersave',
      processes: 'limited 500',
      'pid-max': 'ok 4194304',
      'cgroup-pids': 'limited 100',
      'tcp-wmem': 'ok 16 KiB at first, 4 MiB at most',
      'tcp-rmem': 'ok 128 KiB at first, 6 MiB at most',
      'abort-on-overflow': 'ok on',
      conntrack: 'limited 10 of 1000 entries',
      swap: 'limited 1 MiB of 1 MiB used',
      ipv6: 'ok on, with ::1',
      virtual: 'ok QEMU',
    });
  });

  it('finds nothing wrong with what is enough', () => {
    for (const id of ['syn-backlog', 'io_uring', 'kernel']) expect(items.get(id)).toMatchObject({ status: 'ok' });
  });
});
