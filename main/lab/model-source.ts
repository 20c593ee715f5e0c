/** A model's own file, as readers see it beside its counters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelInfo } from '../../shared/catalogue.ts';
import { modelSourceSchema, type ModelSource } from '../../shared/contract/lab.ts';
import { findRoot } from './engine-location.ts';
import { askEngine } from './engine-query.ts';
import { LabError, sentenceOf } from './errors.ts';

/** The engine carries its models' sources; those in TypeScript are files. Throws LabError where there is none. */
export async function readModelSource({ id, sourceFile }: ModelInfo): Promise<ModelSource> {
  if (!sourceFile.endsWith('.ts')) return askEngine('source', modelSourceSchema, ['--model', id]);
  const path = `main/engine/${sourceFile}`;
  try {
    const text = readFileSync(join(findRoot(), path), 'utf8');
    return { model: id, path, language: 'typescript', text, steps: [] };
  } catch (error) {
    throw new LabError('failed', `The source of ${id} cannot be shown: ${sentenceOf(error)}.`);
  }
}
