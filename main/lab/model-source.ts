/** A model's own file, as readers see it beside its counters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { ModelInfo } from '../../shared/catalogue.ts';
import { modelSourceSchema, type ModelSource } from '../../shared/contract/lab.ts';
import { findRoot } from './engine-location.ts';
import { askEngine } from './engine-query.ts';
import { LabError, sentenceOf } from './errors.ts';

/** What `fdscope-engine models` says beside the catalogue: the marked lines. */
const stepsSchema = z.array(z.object({ id: z.string(), steps: modelSourceSchema.shape.steps }));

/** Throws LabError where the file is not part of this installation. */
export async function readModelSource({ id, sourceFile }: ModelInfo): Promise<ModelSource> {
  const path = `main/engine/${sourceFile}`;
  const steps = (await askEngine('models', stepsSchema)).find((model) => model.id === id)?.steps ?? [];
  try {
    const text = readFileSync(join(findRoot(), path), 'utf8');
    return { model: id, path, language: path.endsWith('.ts') ? 'typescript' : 'cpp', text, steps };
  } catch (error) {
    throw new LabError('failed', `The source of ${id} cannot be shown: ${sentenceOf(error)}.`);
  }
}
