/**
 * What was made of a file's text, for as long as the file has that text: every window asks for all scenarios, walks and
 * lessons, and to parse one takes milliseconds. Nobody may change what is kept.
 */

/** One's own files come and go, and any file may be opened by its path. */
const mostKept = 512;

export class MadeFromText<T> {
  /** By file, the longest unused first. */
  readonly #kept = new Map<string, { readonly text: string; readonly made: T }>();

  of(file: string, text: string, make: () => T): T {
    const kept = this.#kept.get(file);
    this.#kept.delete(file);
    const now = kept?.text === text ? kept : { text, made: make() };
    this.#kept.set(file, now);
    const [first] = this.#kept.keys();
    if (this.#kept.size > mostKept && first !== undefined) this.#kept.delete(first);
    return now.made;
  }
}
