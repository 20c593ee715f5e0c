/** What this fdscope is, for its user and for reports of faults: version, commit, engine, what it runs on, where sessions are. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join, resolve } from 'node:path';
import type { AboutRow, MachineInfo } from '../../shared/contract/lab.ts';
import { engineCommand, findRoot, manifestOf, version } from './engine-location.ts';
import { sentenceOf } from './errors.ts';

const hash = /^[0-9a-f]{40,64}$/;
const shownDigits = 12;

const textOf = (path: string): string | undefined =>
  existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8').trim() : undefined;

/** Where git keeps what belongs to a checkout: `.git` itself, or where that file of a linked worktree says. */
function gitFolder(root: string): string | undefined {
  const path = join(root, '.git');
  if (!existsSync(path)) return undefined;
  if (statSync(path).isDirectory()) return path;
  const target = /^gitdir: (.+)$/m.exec(readFileSync(path, 'utf8'))?.[1];
  return target === undefined ? undefined : resolve(root, target);
}

/** The commit that is checked out, from git's own files (gitrepository-layout), as there may be no git. */
function checkedOut(root: string): string | undefined {
  const folder = gitFolder(root);
  const head = folder === undefined ? undefined : textOf(join(folder, 'HEAD'));
  if (folder === undefined || head === undefined) return undefined;
  const branch = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
  if (branch === undefined) return head;
  const common = textOf(join(folder, 'commondir'));
  const shared = common === undefined ? folder : resolve(folder, common);
  const packed = textOf(join(shared, 'packed-refs'))?.split('\n') ?? [];
  return textOf(join(shared, branch)) ?? packed.find((line) => line.endsWith(` ${branch}`))?.split(' ')[0];
}

/** Of the commit that this was built from, the first digits; undefined where nobody knows, as in an unpacked archive. */
export function commit(root = findRoot()): string | undefined {
  const known = manifestOf(root).commit ?? checkedOut(root);
  return known !== undefined && hash.test(known) ? known.slice(0, shownDigits) : undefined;
}

/** "0.1.0", and with the commit where it is known. */
export function fullVersion(root = findRoot()): string {
  const of = commit(root);
  return of === undefined ? version(root) : `${version(root)} (commit ${of})`;
}

/** The engine's program with a sum of its bytes, as two builds of one version are not the same. */
export function engineText(): string {
  try {
    const { file } = engineCommand();
    const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
    return `${file} (sha256 ${sum.slice(0, shownDigits)})`;
  } catch (error) {
    return sentenceOf(error);
  }
}

function runtimeText(): string {
  // Of Electron they are told by it alone.
  const told = new Map(Object.entries(process.versions));
  const [electron, chrome] = [told.get('electron'), told.get('chrome')];
  const own = `Node ${process.versions.node}`;
  return electron === undefined ? own : `Electron ${electron}, Chromium ${chrome ?? '–'}, ${own}`;
}

const hosts: Readonly<Record<MachineInfo['host'], string>> = {
  electron: 'in its own window',
  web: 'in a browser',
  cli: 'on the command line',
};

export const aboutThis = (host: MachineInfo['host'], sessionFolder: string): AboutRow[] => [
  { label: 'fdscope', value: `${fullVersion()}, ${hosts[host]}` },
  { label: 'engine', value: engineText() },
  { label: 'runs on', value: `${runtimeText()}, Linux ${release()}, ${process.arch}` },
  { label: 'installed in', value: findRoot() },
  { label: 'sessions', value: sessionFolder },
];
