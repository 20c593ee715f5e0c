/** Whether the first page was seen: once, whatever host shows it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './private-files.ts';
import { settingsFolder } from './sessions/folder.ts';

export class Welcome {
  readonly #path: string;

  constructor(folder = settingsFolder()) {
    this.#path = join(folder, 'welcome.json');
  }

  /** To have asked is to have seen it. Where that cannot be kept, nobody is greeted at every start. */
  take(now = new Date()): { readonly isNew: boolean } {
    if (existsSync(this.#path)) return { isNew: false };
    try {
      writeWhole(this.#path, `${JSON.stringify({ seen: now.toISOString() })}\n`);
      return { isNew: true };
    } catch {
      return { isNew: false };
    }
  }
}
