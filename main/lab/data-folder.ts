/** Where the user's own things are kept. Source: XDG Base Directory Specification. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** A relative path in XDG_DATA_HOME is to be ignored. */
export function dataFolder(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.XDG_DATA_HOME;
  const base = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local/share');
  return join(base, 'fdscope');
}
