/** Another user of the machine beside a web host: what they can read, and that it lets nobody in. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, openWindow, startWebLab, type WebLab } from '../support/web-lab.ts';

/** Becoming another user takes root. */
const canBecome = process.getuid?.() === 0;
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

let lab: WebLab;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fdscope-second-'));
  // A browser that waits with opening what it is given: the time in which others can read it.
  const opener = join(folder, 'xdg-open');
  writeFileSync(opener, '#!/bin/sh\nexec /bin/sh -c "sleep 20" opener "$@"\n');
  chmodSync(opener, 0o755);
  lab = await startWebLab(
    { DISPLAY: ':99', PATH: `${folder}:${process.env.PATH}`, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    [],
    ['web'],
  );
});
afterAll(async () => {
  lab.process.kill('SIGTERM');
  await lab.process.ended;
  rmSync(folder, { recursive: true, force: true });
});

/** A request of another user, as a program of theirs; resolves to what it prints. */
const askAsNobody = (path: string, headers: Record<string, string> = {}): string => {
  const program = `require('http').get({ host: '127.0.0.1', port: ${lab.port}, path: ${JSON.stringify(path)},
    headers: ${JSON.stringify(headers)} }, (r) => { let b = r.statusCode + ' ' + (r.headers['set-cookie'] ?? '') + ' ';
    r.on('data', (d) => b += d); r.on('end', () => console.log(b)); });`;
  const [setpriv = '', ...args] = asNobody;
  return execFileSync(setpriv, [...args, process.execPath, '-e', program], { encoding: 'utf8', cwd: '/' });
};

/** What everybody can read of every process: its command line. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1')];
      } catch {
        return []; // it has ended
      }
    });
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // it was closed meanwhile
  }
}

const everything = (under: string): string =>
  readdirSync(under, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

describe('another user of the machine', () => {
  it('can read the code that a browser is given, and cannot use it; whom it is for can', async (context) => {
    if (!canBecome) context.skip('becoming another user takes root');
    const line = commandLines().find((text) => text.includes(`127.0.0.1:${lab.port}/?code=`)) ?? '';
    const [, code = ''] = /\?code=([\w-]{43})/.exec(line) ?? [];
    expect(code).not.toBe('');
    expect(askAsNobody(`/?code=${code}`)).toMatch(
      /^403 {2}This lab is for the user who started it, and this is user 65534/,
    );
    expect((await get(lab.port, `/?code=${code}`)).status).toBe(303);
    expect((await get(lab.port, `/?code=${code}`)).status).toBe(403);
  });

  it('gets nothing for a cookie that came to a port of theirs', (context) => {
    if (!canBecome) context.skip('becoming another user takes root');
    expect(askAsNobody('/', { cookie: lab.cookie })).toMatch(/^403 /);
    const upgrade = {
      ...{ cookie: lab.cookie, origin: `http://127.0.0.1:${lab.port}`, connection: 'Upgrade', upgrade: 'websocket' },
      ...{ 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' },
    };
    expect(askAsNobody('/lab', upgrade)).toMatch(/^403 /);
  });

  it('finds the cookie in no command line, environment, log, session or answer to somebody else', async () => {
    const [, secret = ''] = lab.cookie.split('=');
    expect(secret).toHaveLength(43);
    const window = await openWindow(lab);
    await window.request('recording.start', { name: 'kept' }).catch(() => undefined);
    const { serverPid = 0, clientsPid = 0 } = await window.request('live.start', {
      ...{ server: { model: 'epoll-lt' }, connections: 2, clients: [{ profile: 'closed', thinkMs: 5 }] },
    });
    await window.request('recording.start', { name: 'kept' }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    for (const pid of [lab.process.pid, serverPid, clientsPid]) {
      expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain(secret);
    }
    expect(commandLines().join('\n')).not.toContain(secret);
    await window.request('live.stop');
    window.close();
    expect(readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith('.fdscope'))).toBe(true);
    expect(everything(folder)).not.toContain(secret);
    const page = await get(lab.port, '/', { cookie: lab.cookie });
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    expect(page.body).not.toContain(secret);
    expect((await get(lab.port, '/')).body).not.toContain(secret);
  });

  it('reads nothing of it themselves: not what is kept, nor what the kernel says of its processes', (context) => {
    if (!canBecome) context.skip('becoming another user takes root');
    chmodSync(folder, 0o755); // their way to it, as to a home
    const [setpriv = '', ...args] = asNobody;
    const readable = (...paths: string[]): string[] =>
      execFileSync(
        setpriv,
        [...args, 'sh', '-c', 'for each; do head -c 1 "$each" >/dev/null 2>&1 && echo "$each"; done; :'].concat(
          'sh',
          paths,
        ),
        {
          ...{ encoding: 'utf8', cwd: '/' },
        },
      )
        .split('\n')
        .filter((path) => path !== '');
    const kept = readdirSync(join(folder, 'fdscope'), { recursive: true, withFileTypes: true });
    const files = kept.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.length).toBeGreaterThan(0);
    const proc = `/proc/${lab.process.pid}`;
    const inProc = ['environ', 'mem', 'maps', 'stack', 'fd/0'].map((name) => `${proc}/${name}`);
    expect(readable(join(folder, 'xdg-open'), `${proc}/status`, ...files, ...inProc)).toEqual([
      join(folder, 'xdg-open'),
      `${proc}/status`,
    ]);
    // And no socket has a name in the file system or beside it that they could go to.
    const inodes = readdirSync(`${proc}/fd`).map((fd) => /^socket:\[(\d+)\]$/.exec(linkAt(`${proc}/fd/${fd}`))?.[1]);
    const named = readFileSync('/proc/net/unix', 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , , , , inode, path]) => path !== undefined && inodes.includes(inode));
    expect(named).toEqual([]);
  });

  it('cannot read what the lab keeps: files are 0600 and folders 0700', () => {
    const kept = readdirSync(join(folder, 'fdscope'), { recursive: true, withFileTypes: true });
    expect(kept.length).toBeGreaterThan(0);
    for (const entry of kept) {
      const { mode } = statSync(join(entry.parentPath, entry.name));
      expect([entry.name, (mode & 0o777).toString(8)]).toEqual([entry.name, entry.isDirectory() ? '700' : '600']);
    }
    expect((statSync(join(folder, 'fdscope')).mode & 0o777).toString(8)).toBe('700');
  });
});
