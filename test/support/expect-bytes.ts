/** Compares what may be a megabyte, and says in a line where it differs. */
import { expect } from 'vitest';

const around = 24;

const excerpt = (bytes: Uint8Array, at: number): string =>
  JSON.stringify(Buffer.from(bytes.subarray(Math.max(0, at - around), at + around)).toString('latin1'));

export function expectBytes(got: Uint8Array, wanted: Uint8Array, what = 'bytes'): void {
  const longest = Math.max(got.length, wanted.length);
  let at = 0;
  while (at < longest && got[at] === wanted[at]) at++;
  if (at < longest) {
    expect.fail(
      `${what}: ${got.length} came where ${wanted.length} were wanted; the first that differs is ${at}: ` +
        `${excerpt(got, at)} instead of ${excerpt(wanted, at)}`,
    );
  }
}
