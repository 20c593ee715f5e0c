/** What tests take of deb.mjs. */

/** Makes fdscope_VERSION_ARCH.deb in `output` of the packaged folder. Returns its path. */
export function makeDeb(what: {
  readonly packaged: string;
  readonly output: string;
  readonly arch: string;
  readonly version: string;
  /** electron-builder's configuration. */
  readonly config: unknown;
  /** Options of dpkg-deb. */
  readonly compression?: readonly string[];
}): string;
