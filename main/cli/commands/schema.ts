/** `fdscope schema`: the JSON Schema of scenario files, for editors. */
import { scenarioJsonSchema } from '../../../shared/schemas/json-schema.ts';
import type { Register } from '../command.ts';
import { addOut, type OutputFlags } from '../options.ts';
import { checkOut, deliver } from '../output.ts';

export const registerSchema: Register = (program) => {
  const command = program.command('schema').description('the JSON Schema of scenario files, for editors');
  addOut(command).action(async (flags: OutputFlags) => {
    checkOut(flags);
    await deliver({ ...flags, json: true }, scenarioJsonSchema(), () => '');
  });
};
