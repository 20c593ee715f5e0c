/** A user who has seen the app's first page: it is shown once, and most tests are of what comes after it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `config` is what XDG_CONFIG_HOME is, or would be. Returns what was made there. */
export function seeFirstPage(config: string): { readonly folder: string; readonly file: string } {
  const folder = join(config, 'fdscope');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'welcome.json');
  writeFileSync(file, '{}\n', { mode: 0o600 });
  return { folder, file };
}
