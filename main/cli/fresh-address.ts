/** Addresses are good once: whoever runs the web host asks for another one by Enter, or by SIGUSR2 where it has no terminal. */
import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';

/** Whether this process may read its terminal: a shell's background job that does is stopped. Fields of proc_pid_stat(5). */
export function isForeground(stat: string): boolean {
  // The name may hold spaces and brackets.
  const [, , processGroup, , , terminalGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return processGroup !== undefined && processGroup === terminalGroup;
}

function mayRead(): boolean {
  try {
    return isForeground(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return false;
  }
}

/** Returns how to stop listening. */
export function whenAsked(stdin: Pick<ReadStream, 'isTTY' | 'on' | 'pause' | 'resume'>, ask: () => void): () => void {
  process.on('SIGUSR2', ask);
  if (!stdin.isTTY) return () => process.off('SIGUSR2', ask);
  const look = (): void => {
    if (mayRead()) stdin.resume();
    else stdin.pause();
  };
  stdin.on('data', ask);
  // The terminal may go; the host stays.
  stdin.on('error', () => stdin.pause());
  process.on('SIGCONT', look);
  look();
  return () => {
    process.off('SIGUSR2', ask).off('SIGCONT', look);
    stdin.pause();
  };
}
