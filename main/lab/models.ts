/** Every model of the catalogue as this machine has it, and the values that its options may take. */
import { existsSync } from 'node:fs';
import { modelIds, modelListSchema, type ModelId, type ModelInfo, type OptionSpec } from '../../shared/catalogue.ts';
import { parseQuantity } from '../../shared/quantities.ts';
import { didYouMean } from '../../shared/schemas/suggest.ts';
import type { ModelOptions } from '../../shared/schemas/settings.ts';
import { optionSpecs as nodeOptions } from '../engine/node/settings.ts';
import { nodeServerScript } from './engine-location.ts';
import { askEngine } from './engine-query.ts';
import { LabError } from './errors.ts';

function nodeModel(): ModelInfo {
  const available = existsSync(nodeServerScript());
  return {
    id: 'node',
    summary: "Node.js's own net module: one JavaScript thread over libuv",
    family: 'multiplexing',
    execution: 'event-loop',
    sourceFile: 'node/connection.ts',
    options: [...nodeOptions],
    available,
    ...(available ? {} : { reason: 'its server is not bundled', enable: 'npm run build' }),
  };
}

/** A model of the catalogue that the engine does not have. */
function absentModel(id: ModelId): ModelInfo {
  return {
    id,
    summary: 'a model of the catalogue that this engine does not have',
    ...kindOf(id),
    ...{ sourceFile: '', options: [], available: false },
    ...{ reason: 'this engine was built without it', enable: 'npm run engine' },
  };
}

export function kindOf(id: ModelId): Pick<ModelInfo, 'family' | 'execution'> {
  if (id.startsWith('blocking-'))
    return { family: 'blocking', execution: id === 'blocking-fork' ? 'process' : 'thread' };
  if (id === 'polling-threads') return { family: 'non-blocking', execution: 'thread' };
  if (id === 'polling-scan') return { family: 'non-blocking', execution: 'event-loop' };
  if (id.startsWith('coroutine-')) return { family: 'multiplexing', execution: 'coroutine' };
  if (id === 'signal-driven') return { family: 'signal-driven', execution: 'event-loop' };
  return { family: id === 'io_uring' ? 'asynchronous' : 'multiplexing', execution: 'event-loop' };
}

/** In the order of the catalogue. A model that the engine lacks is listed as unavailable. Throws LabError. */
export async function listModels(): Promise<ModelInfo[]> {
  const known = new Map((await askEngine('models', modelListSchema)).map((model) => [model.id, model]));
  known.set('node', nodeModel());
  return modelIds.map((id) => known.get(id) ?? absentModel(id));
}

/** The sentence for a model that cannot run here. */
export const unavailableSentence = ({ id, reason, enable }: ModelInfo): string => {
  const why = (reason ?? 'no reason given').replace(/\.$/, '');
  return `The model ${id} is not available here: ${why}${enable ? `; to enable it: ${enable}` : ''}.`;
};

function optionValue(model: string, spec: OptionSpec, value: ModelOptions[string]): ModelOptions[string] {
  const refuse = (allowed: string): never => {
    throw new LabError('bad-input', `The option ${spec.name} of ${model} must be ${allowed}, not "${String(value)}".`);
  };
  const text = String(value);
  switch (spec.kind) {
    case 'integer': {
      // Of the command line it may be 4k: 4000.
      const number = parseQuantity(text, 'count') ?? NaN;
      const isFit = Number.isInteger(number) && number >= spec.min && number <= spec.max;
      return isFit ? number : refuse(`a whole number from ${spec.min} to ${spec.max}`);
    }
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : refuse('true or false');
    case 'choice':
      return spec.choices.includes(text) ? text : refuse(`one of ${spec.choices.join(', ')}`);
  }
}

/** Options as the model takes them; text such as a command line's is read as the kind of the option. Throws LabError. */
export function resolveOptions(model: ModelInfo, options: ModelOptions): ModelOptions {
  const names = model.options.map((spec) => spec.name);
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const spec = model.options.find((each) => each.name === name);
      if (!spec) {
        const hint = didYouMean(name, names) || `; it has ${names.join(', ') || 'none'}.`;
        throw new LabError('bad-input', `The model ${model.id} has no option "${name}"${hint}`);
      }
      return [name, optionValue(model.id, spec, value)];
    }),
  );
}

/** The option that sets how many threads serve, where the model has one. */
export const threadsOption = (model: ModelInfo): string | undefined =>
  ['threads', 'poolSize'].find((name) => model.options.some((spec) => spec.name === name));
