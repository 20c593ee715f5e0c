/** `fdscope schema`: the JSON Schema of scenario files or of walk files, for editors, and of what --json prints. */
import { placesJsonSchema } from '../../../shared/schemas/places.ts';
import { walkJsonSchema } from '../../../shared/bench/walk.ts';
import { resultsJsonSchema } from '../../../shared/schemas/results.ts';
import { scenarioJsonSchema } from '../../../shared/schemas/json-schema.ts';
import { LabError } from '../../lab/errors.ts';
import type { Register } from '../command.ts';
import { addOut, type OutputFlags } from '../options.ts';
import { checkOut, deliver } from '../output.ts';
import { addSpelled } from '../spellings.ts';

export const registerSchema: Register = (program, { lab }) => {
  const command = program
    .command('schema')
    .description(
      'the JSON Schema of scenario files, of walk files, of places.yaml, or with --results of what --json prints',
    )
    .option('--results', 'of what commands print with --json');
  addSpelled(command, '--of', '<kind>', 'scenario, which it is by default, walk or places', {
    suggests: ['scenario', 'walk', 'places'],
  });
  addOut(command).action(async (flags: OutputFlags & { readonly of?: string; readonly results?: boolean }) => {
    checkOut(flags);
    const { of = 'scenario', results = false } = flags;
    if (results && flags.of !== undefined) {
      throw new LabError('bad-input', '--results and --of are one or the other.');
    }
    const scenario = async (): Promise<object> => scenarioJsonSchema(await lab.listModels());
    const schema = results ? resultsJsonSchema : { scenario, walk: walkJsonSchema, places: placesJsonSchema }[of];
    if (!schema)
      throw new LabError('bad-input', `There is a schema of a scenario, of a walk and of places, not of "${of}".`);
    await deliver({ ...flags, json: true }, await schema(), () => '');
  });
};
