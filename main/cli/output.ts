/** Where results go: stdout for people or, with --json, for programs; --out for a file. */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Conclusion } from '../../shared/expectations/conclude.ts';
import type { ResultNotice } from '../../shared/run-result.ts';
import { LabError } from '../lab/errors.ts';
import { isSessionFile, keptSentence } from '../lab/sessions/session-file-check.ts';
import type { OutputFlags } from './options.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder does not exist',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function refuse(out: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  throw new LabError('bad-input', `--out ${out} cannot be written: ${reasons[code] ?? code}.`);
}

/** Stdout holds one thing. Throws LabError. */
export function checkFormat({ json, csv }: OutputFlags): void {
  if (json === true && csv === true) throw new LabError('bad-input', '--json and --csv are one or the other.');
}

/** Before anything runs, so that no figures are measured that then have no place to go. Throws LabError. */
export function checkOut({ out }: OutputFlags): void {
  if (out === undefined) return;
  try {
    accessSync(dirname(out), constants.W_OK);
  } catch (error) {
    refuse(out, error);
  }
  const there = statSync(out, { throwIfNoEntry: false });
  const kept = there?.isDirectory()
    ? 'it is a folder'
    : there?.isFile() && isSessionFile(out)
      ? keptSentence
      : undefined;
  if (kept !== undefined) throw new LabError('bad-input', `--out ${out} cannot be written: ${kept}.`);
}

/** Resolves when the text has left this process: exiting before would cut what a pipe has not taken yet. */
const print = (text: string): Promise<void> => new Promise((resolve) => process.stdout.write(text, () => resolve()));

/** Prints, and writes the file whole or not at all. Throws LabError, after printing, where the file cannot be written. */
export async function deliver(
  flags: OutputFlags,
  result: object,
  text: () => string,
  csv: () => string = text,
): Promise<void> {
  const json = `${JSON.stringify(result, null, 2)}\n`;
  await print(flags.json === true ? json : flags.csv === true ? csv() : text());
  if (flags.out === undefined) return;
  const part = `${flags.out}.${process.pid}.part`;
  try {
    const there = statSync(flags.out, { throwIfNoEntry: false });
    // A device or pipe takes the text; a file put in its place would take the name away from everybody else.
    if (there && !there.isFile()) {
      writeFileSync(flags.out, json);
      return;
    }
    writeFileSync(part, json);
    renameSync(part, flags.out);
  } catch (error) {
    rmSync(part, { force: true });
    refuse(flags.out, error);
  }
}

/** A result with a notice of level `error` is shown, but nobody may rely on it. Throws LabError, which gives exit code 1. */
export function failOnErrors(notices: readonly ResultNotice[]): void {
  const [first] = notices.filter(({ level }) => level === 'error');
  if (first) throw new LabError('failed', first.text);
}

/** Everything was measured, but an expectation of the scenario did not hold: exit code 4. */
export class UnmetExpectation extends Error {
  override readonly name = 'UnmetExpectation';
}

/** Throws UnmetExpectation where one did not hold. One that could not be judged is no failure: its model was not run. */
export function failOnUnmet({ expectations }: Conclusion): void {
  const unmet = expectations.filter(({ held }) => held === false);
  if (unmet.length === 0) return;
  const names = unmet.map(({ expect }) => expect).join('; ');
  throw new UnmetExpectation(`${unmet.length} of ${expectations.length} expectations did not hold: ${names}.`);
}
