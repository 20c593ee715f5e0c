/** What an opened file is to the lab. */
import { existsSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { OpenedFile } from '../../shared/contract/shell.ts';
import { sentenceOf } from '../lab/errors.ts';
import type { LabService } from '../lab/lab-service.ts';
import { cardOf } from '../lab/live/scenario-cards.ts';
import { scenarioEndings, sessionEndings } from './files.ts';

/** What the page is told of a file. Faults are told too, as the user waits for an answer either way. */
export function openFile(path: string, lab: Pick<LabService, 'openScenario'>): OpenedFile {
  const ending = extname(path).toLowerCase();
  const refused = (sentence: string): OpenedFile => ({ kind: 'refused', sentence });
  if (sessionEndings.includes(ending)) {
    return existsSync(path) ? { kind: 'session', path } : refused(`There is no file ${path}.`);
  }
  if (!scenarioEndings.includes(ending)) {
    return refused(`${basename(path)} is neither a session (.fdscope) nor a scenario (.yaml): open one of these.`);
  }
  try {
    const card = cardOf(lab.openScenario(path));
    return card
      ? { kind: 'scenario', card: { ...card, name: path } }
      : refused(`${basename(path)} watches a server of your own, which the command line runs: fdscope run ${path}`);
  } catch (error) {
    return refused(sentenceOf(error));
  }
}
