/** The glossary's files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTerms, type Term } from '../../shared/glossary.ts';
import { glossaryFolder } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';

/** All terms in the order of the files, which is that of their topics. Throws LabError where they cannot be read. */
export function readGlossary(folder = glossaryFolder()): Term[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .flatMap((file) => parseTerms(readFileSync(join(folder, file), 'utf8'), file));
  } catch (error) {
    throw new LabError('failed', `The glossary in ${folder} could not be read: ${sentenceOf(error)}.`);
  }
}
