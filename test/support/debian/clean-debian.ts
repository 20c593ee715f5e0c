/**
 * A clean Debian of its own, made by debootstrap: another root with its own processes, and this machine's network and
 * displays. A root by pivot_root, as the kernel gives no user namespaces, of which Chromium's sandbox is made, to who is in a chroot.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { toolEnvironment } from '../tools.ts';

const run = promisify(execFile);
const limitMs = 900_000;

/** An ordinary user of that Debian. */
const user = { name: 'ada', id: 1000, home: '/home/ada' } as const;

/** Devices that programs expect; those of this machine, as none can be made in every container. */
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** Runs as the first process of the other machine: makes it its root, says that it is ready, and waits for its end. */
const firstProcess = `
set -e
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$1"
mount -t proc proc proc
mount --rbind /sys sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in ${devices.join(' ')}; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir -m 1777 dev/shm dev/mqueue
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mkdir dev/pts && mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts && ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -m 1777 tmp/.X11-unix && mount --bind /tmp/.X11-unix tmp/.X11-unix
mkdir -p .before
pivot_root . .before
cd /
umount -l /.before
rmdir /.before
echo ready
exec cat
`;

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CleanDebian {
  readonly #folder: string;
  readonly #first: ChildProcess;
  readonly #pid: number;

  private constructor(folder: string, first: ChildProcess, pid: number) {
    this.#folder = folder;
    this.#first = first;
    this.#pid = pid;
  }

  /** What debootstrap makes of a release ("bookworm"): what every Debian has, and apt. It takes a minute, and the network. */
  static async make(release: string): Promise<CleanDebian> {
    const folder = mkdtempSync(join(tmpdir(), 'fdscope-debian-'));
    try {
      // From the mirror that debootstrap itself takes for a release.
      const args = ['--variant=minbase', release, folder];
      await run('debootstrap', args, { env: toolEnvironment, timeout: limitMs, maxBuffer: 16 << 20 });
      // A temporary folder is its maker's alone; this one becomes the root of every user there.
      chmodSync(folder, 0o755);
      copyFileSync('/etc/resolv.conf', join(folder, 'etc/resolv.conf'));
      writeFileSync(join(folder, 'etc/apt/apt.conf.d/90unattended'), 'APT::Get::Assume-Yes "true";\n');
      return await CleanDebian.#start(folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  static async #start(folder: string): Promise<CleanDebian> {
    const spaces = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
    const first = spawn('unshare', [...spaces, 'sh', '-c', firstProcess, 'sh', folder], {
      env: toolEnvironment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      first.once('error', reject);
      first.once('exit', (code) => reject(new Error(`The other root could not be made: it ended with ${code}.`)));
      first.stdout.once('data', () => resolve());
    });
    // unshare itself stays outside; its only child is the first process inside.
    const children = readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'utf8').trim();
    const debian = new CleanDebian(folder, first, Number(children));
    await debian.asRoot('useradd', '--create-home', '--uid', String(user.id), '--shell', '/bin/sh', user.name);
    return debian;
  }

  /** A path of it, as this machine sees it. */
  path(inside: string): string {
    return join(this.#folder, inside);
  }

  /** The process that all others in it come from. */
  get pid(): number {
    return this.#pid;
  }

  get home(): string {
    return user.home;
  }

  putForRoot(file: string, inside: string): void {
    mkdirSync(this.path(inside), { recursive: true });
    copyFileSync(file, join(this.path(inside), file.split('/').at(-1) ?? ''));
  }

  #enter(asUser: boolean, env: Readonly<Record<string, string>>, command: readonly string[]): string[] {
    const home = asUser ? user.home : '/root';
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const all = { PATH: path, HOME: home, LANG: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', ...env };
    const who = asUser ? ['setpriv', `--reuid=${user.id}`, `--regid=${user.id}`, '--clear-groups'] : [];
    return [
      ...['nsenter', `--target=${this.#pid}`, '--mount', '--pid', '--ipc', '--uts', '--root', '--wd=/'],
      // nsenter itself would look for the folder before it enters.
      ...['env', '-i', `--chdir=${home}`, ...Object.entries(all).map(([name, value]) => `${name}=${value}`)],
      ...[...who, ...command],
    ];
  }

  /** Runs to its end, in good order: what fails is an error with all that it said. */
  async asRoot(...command: string[]): Promise<string> {
    const said = await this.#run(this.#enter(false, {}, command));
    expect(said.code, `${command.join(' ')}\n${said.stdout}${said.stderr}`).toBe(0);
    return said.stdout;
  }

  /** Runs to its end, whatever that is. */
  asUser(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
    return this.#run(this.#enter(true, env, command));
  }

  tryAsRoot(...command: string[]): Promise<Said> {
    return this.#run(this.#enter(false, {}, command));
  }

  /** Starts what goes on. */
  startAsUser(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [file = '', ...args] = this.#enter(true, env, command);
    return spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], env: toolEnvironment });
  }

  #run([file = '', ...args]: readonly string[]): Promise<Said> {
    return new Promise((resolve) => {
      const options = { env: toolEnvironment, timeout: limitMs, maxBuffer: 64 << 20, encoding: 'utf8' } as const;
      execFile(file, args, options, (error, stdout, stderr) => {
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr });
      });
    });
  }

  /** Names in a folder of it; none where there is no such folder. */
  names(inside: string): string[] {
    try {
      return readdirSync(this.path(inside)).sort();
    } catch {
      return [];
    }
  }

  /** Ends all that runs in it, and takes it away. */
  async remove(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#first.once('close', () => resolve()));
    this.#first.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
