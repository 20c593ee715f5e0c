/** The glossary's files. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTerms, type Term } from '../../shared/glossary.ts';
import { glossaryFolder } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';
import { MadeFromText } from './made-from-text.ts';

const termsOf = new MadeFromText<readonly Term[]>();

/** All terms in the order of the files, which is that of their topics. Throws LabError where they cannot be read. */
export function readGlossary(folder = glossaryFolder()): Term[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort()
      .flatMap((file) => {
        const path = join(folder, file);
        const text = readFileSync(path, 'utf8');
        return termsOf.of(path, text, () => parseTerms(text, file));
      });
  } catch (error) {
    throw new LabError('failed', `The glossary in ${folder} could not be read: ${sentenceOf(error)}.`);
  }
}
