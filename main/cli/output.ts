/** Where results go: stdout for people or, with --json, for programs; --out for a file. */
import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Conclusion } from '../../shared/expectations/conclude.ts';
import type { ResultNotice } from '../../shared/run-result.ts';
import { resultVersion } from '../../shared/schemas/results.ts';
import { visibleJson, visibleTexts } from '../../shared/visible.ts';
import { LabError } from '../lab/errors.ts';
import { newFile } from '../lab/private-files.ts';
import { isSessionFile, keptSentence } from '../lab/sessions/session-file-check.ts';
import type { OutputFlags } from './options.ts';
import { pageMarkdown, pageText, type Page } from './table.ts';
import { print } from './terminal.ts';
import { UnmetExpectation } from './unmet-expectation.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder does not exist',
  EACCES: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function refuse(out: string, error: unknown, option = '--out'): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  throw new LabError('bad-input', `${option} ${out} cannot be written: ${reasons[code] ?? code}.`);
}

/** Stdout holds one thing. Throws LabError. */
export function checkFormat({ json, csv, markdown, csvFormulas }: OutputFlags): void {
  if (csvFormulas !== undefined && csv !== true) throw new LabError('bad-input', '--csv-formulas goes with --csv.');
  const given = [...(json ? ['--json'] : []), ...(csv ? ['--csv'] : []), ...(markdown ? ['--markdown'] : [])];
  if (given.length > 1) throw new LabError('bad-input', `${given.join(' and ')} are one or the other.`);
}

/** Before anything runs, so that no figures are measured that then have no place to go. Throws LabError. */
export function checkOut({ out }: { readonly out?: string | undefined }, option = '--out'): void {
  if (out === undefined) return;
  try {
    accessSync(dirname(out), constants.W_OK);
  } catch (error) {
    refuse(out, error, option);
  }
  const there = statSync(out, { throwIfNoEntry: false });
  const kept = there?.isDirectory()
    ? 'it is a folder'
    : there?.isFile() && isSessionFile(out)
      ? keptSentence
      : undefined;
  if (kept !== undefined) throw new LabError('bad-input', `${option} ${out} cannot be written: ${kept}.`);
}

/** A JSON Schema is no result, and has no version of ours. */
const resultJson = (result: object): string =>
  visibleJson(`${JSON.stringify('$schema' in result ? result : { version: resultVersion, ...result }, null, 2)}\n`);

/**
 * Prints, and writes the file whole or not at all. `text` is given the result as a terminal may show it, `csv` is for
 * programs. Throws LabError, after printing, where the file cannot be written.
 */
export async function deliver<T extends object>(
  flags: OutputFlags,
  result: T,
  text: (shown: T) => Page,
  csv?: () => string,
): Promise<void> {
  const json = resultJson(result);
  if (flags.json === true) await print(json, true);
  else if (flags.csv === true && csv) await print(csv(), true);
  else if (flags.markdown === true) await print(pageMarkdown(text(visibleTexts(result))));
  else await print(pageText(text(visibleTexts(result))));
  if (flags.out !== undefined) writeWhole(flags.out, json, '--out');
}

/** Whole or not at all. Throws LabError that names the option. */
export function writeWhole(path: string, text: string, option: string): void {
  const part = `${path}.${process.pid}.part`;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    // A device or pipe takes the text; a file put in its place would take the name away from everybody else.
    if (there && !there.isFile()) {
      writeFileSync(path, text);
      return;
    }
    rmSync(part, { force: true });
    writeFileSync(part, text, { flag: newFile });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    refuse(path, error, option);
  }
}

/** A result with a notice of level `error` is shown, but nobody may rely on it. Throws LabError, which gives exit code 1. */
export function failOnErrors(notices: readonly ResultNotice[]): void {
  const [first] = notices.filter(({ level }) => level === 'error');
  if (first) throw new LabError('failed', first.text);
}

/** Throws UnmetExpectation where one did not hold. One that could not be judged is no failure: its model was not run. */
export function failOnUnmet({ expectations }: Conclusion): void {
  const unmet = expectations.filter(({ held }) => held === false);
  if (unmet.length === 0) return;
  const names = unmet.map(({ expect }) => expect).join('; ');
  throw new UnmetExpectation(`${unmet.length} of ${expectations.length} expectations did not hold: ${names}.`);
}
