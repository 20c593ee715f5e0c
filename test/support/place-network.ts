/** Hosts made of network namespaces on one switch, each with an sshd of its own: other machines, as far as a network tells. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const sshd = '/usr/sbin/sshd';
const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Why such a network cannot be made here; undefined where it can. */
export function whyNoPlaceNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (!existsSync(sshd)) return 'there is no sshd (openssh-server)';
  const name = `fdscope-try-${process.pid}`;
  try {
    ip('netns', 'add', name);
  } catch (error) {
    return `network namespaces may not be made here (${error instanceof Error ? (error.message.split('\n')[1] ?? '') : ''})`;
  }
  try {
    ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', name, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
    return undefined;
  } catch {
    return 'this kernel has no bridge or no veth';
  } finally {
    ip('netns', 'del', name);
  }
}

export interface PlaceNetwork {
  readonly folder: string;
  /** Where copies of the engine are kept. */
  readonly cache: string;
  /** Of the namespace of a host. */
  readonly netns: (host: string) => string;
  readonly address: (host: string) => string;
  /** Starts a program on a host. */
  readonly by: (host: string) => string[];
  /** ssh_config with an alias for each host. */
  readonly sshConfig: string;
  /** Ids of engines that run on a host. */
  readonly enginesOn: (host: string) => number[];
  readonly close: () => Promise<void>;
}

const hosts = ['lab', 'srv', 'c1', 'c2', 'c3'] as const;

/** A third byte of its own, so that several may be at once. */
export async function makePlaceNetwork(): Promise<PlaceNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-places-'));
  const prefix = `fds${process.pid}`;
  const netns = (host: string): string => `${prefix}-${host}`;
  const address = (host: string): string => `10.77.0.${hosts.findIndex((each) => each === host) + 1}`;
  const daemons: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(
      daemons.map(async (daemon) => {
        if (daemon.exitCode !== null || daemon.signalCode !== null) return;
        const ended = new Promise((resolve) => daemon.once('close', resolve));
        daemon.kill('SIGKILL');
        await ended;
      }),
    );
    for (const host of [...hosts, 'switch']) {
      for (const pid of idsIn(netns(host))) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // it has ended by itself
        }
      }
      if (existsSync(`/run/netns/${netns(host)}`)) ip('netns', 'del', netns(host));
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    ip('netns', 'add', netns('switch'));
    ip('-n', netns('switch'), 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', netns('switch'), 'link', 'set', 'br0', 'up');
    for (const host of hosts) {
      ip('netns', 'add', netns(host));
      ip(
        '-n',
        netns('switch'),
        'link',
        'add',
        `v-${host}`,
        'type',
        'veth',
        'peer',
        'name',
        'eth0',
        'netns',
        netns(host),
      );
      ip('-n', netns('switch'), 'link', 'set', `v-${host}`, 'master', 'br0', 'up');
      ip('-n', netns(host), 'address', 'add', `${address(host)}/24`, 'dev', 'eth0');
      ip('-n', netns(host), 'link', 'set', 'eth0', 'up');
      ip('-n', netns(host), 'link', 'set', 'lo', 'up');
    }
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const key = (name: string): string => {
      const file = join(folder, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file], { stdio: 'ignore' });
      return readFileSync(`${file}.pub`, 'utf8').trim();
    };
    writeFileSync(join(folder, 'authorized'), `${key('user')}\n`, { mode: 0o600 });
    key('stranger');
    const remote = hosts.filter((host) => host !== 'lab');
    const known = remote.map((host) => `${address(host)} ${key(`host-${host}`)}`);
    writeFileSync(join(folder, 'known'), `${known.join('\n')}\n`);
    writeFileSync(join(folder, 'known-none'), '');
    const common = (more: string): string =>
      `User root\nIdentitiesOnly yes\nStrictHostKeyChecking yes\nGlobalKnownHostsFile /dev/null\n${more}`;
    const usual = common(`IdentityFile ${folder}/user\nUserKnownHostsFile ${folder}/known`);
    const aliases = [
      ...remote.map((host) => `Host ${host}\nHostName ${address(host)}\n${usual}`),
      `Host unknown-key\nHostName ${address('c1')}\n${common(`IdentityFile ${folder}/user\nUserKnownHostsFile ${folder}/known-none`)}`,
      `Host wrong-key\nHostName ${address('c1')}\n${common(`IdentityFile ${folder}/stranger\nUserKnownHostsFile ${folder}/known`)}`,
      `Host no-sshd\nHostName ${address('c1')}\nPort 2\n${usual}`,
    ];
    const sshConfig = join(folder, 'ssh_config');
    writeFileSync(sshConfig, `${aliases.join('\n')}\n`);
    for (const host of remote) {
      const conf = join(folder, `sshd-${host}`);
      writeFileSync(
        conf,
        `Port 22
ListenAddress ${address(host)}
HostKey ${folder}/host-${host}
AuthorizedKeysFile ${folder}/authorized
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
MaxStartups 50:30:100
`,
      );
      daemons.push(await startSshd(netns(host), conf));
    }
    return {
      ...{ folder, cache: join(folder, 'cache'), netns, address, sshConfig, close },
      by: (host) => ['ip', 'netns', 'exec', netns(host)],
      enginesOn: (host) => idsIn(netns(host)).filter(isEngine),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resolves when it listens. */
function startSshd(name: string, conf: string): Promise<ChildProcess> {
  const daemon = spawn('ip', ['netns', 'exec', name, sshd, '-D', '-e', '-f', conf], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  return new Promise((resolve, reject) => {
    daemon.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Server listening')) resolve(daemon);
    });
    daemon.once('close', (code) => reject(new Error(`sshd ended with ${code ?? 'a signal'}: ${said}`)));
  });
}

/** Processes in a network namespace. */
function idsIn(name: string): number[] {
  try {
    return ip('netns', 'pids', name).split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // there is no such namespace any more
  }
}

function isEngine(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/exe`).includes('fdscope-engine');
  } catch {
    return false; // it has gone meanwhile
  }
}

/** Until it holds, at most two minutes. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 120_000; waited += 100) {
    if (holds()) return;
    await sleep(100);
  }
  throw new Error(`This did not come to be: ${what}.`);
}

export interface CountingNginx {
  readonly target: string;
  /** Ends it in good order; resolves to the lines of its log, one for each request, after "CLIENT ". */
  readonly stop: () => Promise<string[]>;
}

/** nginx on a host, which logs the address of who asked. */
export async function nginxOn(network: PlaceNetwork, host: string, port: number): Promise<CountingNginx> {
  const { folder } = network;
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  log_format asked '$remote_addr $status';
  access_log ${folder}/access.log asked;
  keepalive_requests 1000000; ${temp.join(' ')}
  server { listen ${network.address(host)}:${port}; location / { return 200 "counted"; } }
}
`,
  );
  const [file, ...args] = [...network.by(host), '/usr/sbin/nginx', '-p', folder, '-c', join(folder, 'nginx.conf')];
  const child = spawn(file, args, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await until('nginx runs', () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${readFileSync(join(folder, 'error.log'), 'utf8')}`);
    return existsSync(join(folder, 'nginx.pid')) && readdirSync(folder).includes('access.log');
  });
  return {
    target: `${network.address(host)}:${port}`,
    stop: async () => {
      child.kill('SIGQUIT');
      await ended;
      return readFileSync(join(folder, 'access.log'), 'utf8').split('\n').filter(Boolean);
    },
  };
}
