/** `fdscope schema`: the JSON Schema of scenario files or of walk files, for editors. */
import { walkJsonSchema } from '../../../shared/bench/walk.ts';
import { scenarioJsonSchema } from '../../../shared/schemas/json-schema.ts';
import { LabError } from '../../lab/errors.ts';
import type { Register } from '../command.ts';
import { addOut, type OutputFlags } from '../options.ts';
import { checkOut, deliver } from '../output.ts';

export const registerSchema: Register = (program) => {
  const command = program
    .command('schema')
    .description('the JSON Schema of scenario files, or of walk files, for editors')
    .option('--of <kind>', 'scenario or walk', 'scenario');
  addOut(command).action(async (flags: OutputFlags & { readonly of: string }) => {
    checkOut(flags);
    const schema = { scenario: scenarioJsonSchema, walk: walkJsonSchema }[flags.of];
    if (!schema)
      throw new LabError('bad-input', `There is a schema of a scenario and of a walk, not of "${flags.of}".`);
    await deliver({ ...flags, json: true }, schema(), () => '');
  });
};
