/**
 * Brings the engine to a place over the channel that starts programs there: by its content's hash into a cache folder,
 * checked after it has arrived, once. The release engine is wholly static (see its Makefile), so that a copy runs on
 * every Linux of its architecture, whatever libraries are there.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PlaceSettings } from '../../../shared/schemas/places.ts';
import { engineCommand } from '../engine-location.ts';
import { LabError } from '../errors.ts';
import { StderrTail } from '../stderr-tail.ts';
import { launch } from './launch.ts';
import { whyUnreachable } from './place-words.ts';

/** What both scripts begin with: $1 the hash, $2 the cache folder or nothing. POSIX sh and coreutils or busybox. */
const folderScript = `d=$2
[ -n "$d" ] || d="\${XDG_CACHE_HOME:-\${HOME:-/tmp}/.cache}/fdscope/engines"
f="$d/$1/fdscope-engine"
same() { [ "$(sha256sum <"$1" 2>/dev/null | cut -d' ' -f1)" = "$2" ]; }
`;
const lookScript = `${folderScript}
printf 'system=%s\\nmachine=%s\\n' "$(uname -s)" "$(uname -m)"
if [ -x "$f" ] && same "$f" "$1"; then printf 'engine=%s\\n' "$f"; fi
if p=$(command -v fdscope-engine); then printf 'installed=%s\\n' "$p"; fi
exit 0
`;
const takeScript = `${folderScript}
set -e
umask 077
mkdir -p "$d/$1"
t="$d/$1/.$$.part"
trap 'rm -f "$t"' EXIT
cat >"$t"
same "$t" "$1" || { echo "what arrived is not what was sent" >&2; exit 9; }
chmod 700 "$t"
mv -f "$t" "$f"
printf 'engine=%s\\n' "$f"
`;

const lookMs = 30_000;
const takeMs = 300_000;
const mostOutput = 65_536;

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: readonly string[];
}

/** Runs a POSIX script at the place. Throws LabError where its launcher cannot be started. */
async function runScript(
  name: string,
  place: PlaceSettings,
  script: string,
  args: readonly string[],
  { input, limitMs, signal }: { input?: Buffer; limitMs: number; signal: AbortSignal | undefined },
): Promise<Said> {
  const { file, args: given } = launch(place, ['sh', '-c', script, 'fdscope', ...args]);
  const child = spawn(file, given, { stdio: ['pipe', 'pipe', 'pipe'], ...(signal ? { signal } : {}) });
  const tail = new StderrTail();
  let stdout = '';
  child.stdin.on('error', () => {}); // whoever reads has gone, and its exit code says so
  child.stdout.on('data', (chunk: Buffer) => {
    if (stdout.length < mostOutput) stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => tail.push(chunk));
  const lateness = { isLate: false };
  const late = setTimeout(() => {
    lateness.isLate = true;
    child.kill('SIGKILL');
  }, limitMs);
  child.stdin.end(input);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (lateness.isLate) throw new LabError('failed', `The place ${name} did not answer within ${limitMs / 1000} s.`);
    return { code, stdout, stderr: tail.lines };
  } catch (error) {
    if (error instanceof LabError) throw error;
    if (signal?.aborted) throw new LabError('interrupted', 'The run was interrupted before its end.');
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = code === 'ENOENT' ? `there is no program ${file} here` : String(error);
    throw new LabError('failed', `The place ${name} cannot be reached: ${why}.`);
  } finally {
    clearTimeout(late);
  }
}

const valueOf = (text: string, key: string): string | undefined =>
  new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1]?.trim();

/** e_machine of the ELF header, as `uname -m` names it. */
const elfMachines: Readonly<Record<number, string>> = { 62: 'x86_64', 183: 'aarch64' };
export const elfMachine = (bytes: Buffer): string | undefined =>
  bytes.length > 20 && bytes.readUInt32BE(0) === 0x7f454c46 ? elfMachines[bytes.readUInt16LE(18)] : undefined;

let own: { readonly file: string; readonly bytes: Buffer; readonly hash: string } | undefined;
function ownEngine(): NonNullable<typeof own> {
  const { file } = engineCommand();
  if (own?.file === file) return own;
  const bytes = readFileSync(file);
  return (own = { file, bytes, hash: createHash('sha256').update(bytes).digest('hex') });
}

export interface Delivered {
  /** Path of the program there. */
  readonly engine: string;
  /** How it came to be there. */
  readonly how: 'here' | 'kept' | 'copied' | 'installed';
  readonly machine: string | undefined;
}

/** Where the engine is at the place, brought there if need be. Throws LabError with what to do. */
export async function deliverEngine(
  name: string,
  place: PlaceSettings,
  signal: AbortSignal | undefined,
): Promise<Delivered> {
  if (place.kind === 'local') return { engine: engineCommand().file, how: 'here', machine: undefined };
  const { bytes, hash } = ownEngine();
  const args = [hash, place.cache ?? ''];
  const looked = await runScript(name, place, lookScript, args, { limitMs: lookMs, signal });
  const system = valueOf(looked.stdout, 'system');
  if (looked.code !== 0 || system === undefined) {
    const fallback = `its launcher ended with exit code ${looked.code ?? 'unknown'}`;
    throw new LabError(
      'failed',
      `The place ${name} cannot be reached: ${whyUnreachable(place, looked.stderr, fallback)}.`,
    );
  }
  if (system !== 'Linux') throw new LabError('failed', `The place ${name} runs ${system}, and the engine needs Linux.`);
  const machine = valueOf(looked.stdout, 'machine');
  const kept = valueOf(looked.stdout, 'engine');
  if (kept !== undefined) return { engine: kept, how: 'kept', machine };
  const installed = valueOf(looked.stdout, 'installed');
  const ours = elfMachine(bytes);
  if (machine !== ours) {
    if (installed !== undefined) return { engine: installed, how: 'installed', machine };
    throw new LabError(
      'failed',
      `The place ${name} is ${machine ?? 'of an unknown architecture'}, and the engine here is for ${ours ?? 'another'}: build fdscope there, and put its fdscope-engine on the PATH of programs that are started there.`,
    );
  }
  const taken = await runScript(name, place, takeScript, args, { input: bytes, limitMs: takeMs, signal });
  const engine = valueOf(taken.stdout, 'engine');
  if (taken.code === 0 && engine !== undefined) return { engine, how: 'copied', machine };
  if (installed !== undefined) return { engine: installed, how: 'installed', machine };
  const why = taken.stderr.at(-1) ?? `exit code ${taken.code ?? 'unknown'}`;
  throw new LabError(
    'failed',
    `The engine could not be brought to the place ${name} (${why}): name a folder of its own with "cache" in places.yaml, or put fdscope-engine on the PATH there.`,
  );
}
