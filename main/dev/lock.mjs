/** A lock between processes: one file that names its holder. Node's own modules only. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 100;

/**
 * A process's id and its start time in clock ticks since boot, or undefined where it does not run. The start time tells
 * a holder from a later process with its number: in containers the same small numbers come again and again.
 */
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold spaces; the start time is the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie holds nothing any more; its parent has merely not asked for its exit code.
    return fields[0] === 'Z' ? undefined : `${pid} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

function readHolder(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** True where this process got the lock. A lock file is made by linking, so that it is never seen without its holder. */
function tryLock(path, mine) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, mine);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Takes away a dead holder's lock. Renaming lets only one of several waiters do it. */
function breakStale(path, holder) {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    // Another waiter may have been quicker and a live holder's lock be in our hands: it goes back.
    if (readHolder(aside) !== holder) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Runs `work` while holding the lock at `path` and resolves to its result. Waits for a live holder, saying so once, and
 * takes over from one that died.
 */
export async function withLock(path, work, say) {
  mkdirSync(dirname(path), { recursive: true });
  const mine = identity(process.pid) ?? `${process.pid} unknown`;
  let said = false;
  while (!tryLock(path, mine)) {
    const holder = readHolder(path);
    if (holder === undefined) continue;
    const pid = holder.split(' ')[0];
    if (identity(pid) !== holder) {
      breakStale(path, holder);
      continue;
    }
    if (!said) say(`waiting for process ${pid}, which prepares the same checkout ...`);
    said = true;
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    if (readHolder(path) === mine) rmSync(path, { force: true });
  }
}
