/** Where the shell would find a program. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Absolute path of a program in PATH, or in one of `more` folders, or undefined. */
export function onPath(name, { env = process.env, more = ['/usr/bin'] } = {}) {
  return [...(env.PATH ?? '').split(delimiter), ...more]
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
