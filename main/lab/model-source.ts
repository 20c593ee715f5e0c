/** A model's own file, as readers see it beside its counters: the one that was built, wherever that runs. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ModelInfo } from '../../shared/catalogue.ts';
import { modelSourceSchema, type ModelSource } from '../../shared/contract/lab.ts';
import { nodeServerCommand } from './engine-location.ts';
import { askEngine } from './engine-query.ts';
import { LabError, sentenceOf } from './errors.ts';

/** Of a source map, what is read here: the files that a bundle was made of, with their text. */
const sourceMapSchema = z.object({ sources: z.array(z.string()), sourcesContent: z.array(z.string().nullable()) });

/** The engine carries its models' sources; the bundle of the model in TypeScript has them in its map. */
export async function readModelSource({ id, sourceFile }: ModelInfo): Promise<ModelSource> {
  if (!sourceFile.endsWith('.ts')) return askEngine('source', modelSourceSchema, { args: ['--model', id] });
  return {
    model: id,
    path: `main/engine/${sourceFile}`,
    language: 'typescript',
    text: bundled(id, sourceFile),
    steps: [],
  };
}

/** Throws LabError where the bundle has no such file. */
function bundled(id: string, sourceFile: string): string {
  const map = `${nodeServerCommand().args[0] ?? ''}.map`;
  try {
    const { sources, sourcesContent } = sourceMapSchema.parse(JSON.parse(readFileSync(map, 'utf8')));
    const text = sourcesContent[sources.findIndex((source) => source.endsWith(`main/engine/${sourceFile}`))];
    if (text != null) return text;
  } catch (error) {
    throw new LabError('failed', `The source of ${id} cannot be shown: ${sentenceOf(error)}.`);
  }
  throw new LabError(
    'failed',
    `The source of ${id} cannot be shown: ${map} does not hold ${sourceFile}; \`npm run build\` writes it.`,
  );
}
