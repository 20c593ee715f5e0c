/** `fdscope models`: what there is, and what of it this machine can run. */
import type { ModelInfo, OptionSpec } from '../../../shared/catalogue.ts';
import type { Register } from '../command.ts';
import { addJson, type OutputFlags } from '../options.ts';
import { deliver } from '../output.ts';

function optionText(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'integer':
      return `${spec.name}=${spec.default} (${spec.min} to ${spec.max})`;
    case 'boolean':
      return `${spec.name}=${spec.default} (true or false)`;
    case 'choice':
      return `${spec.name}=${spec.default} (${spec.choices.join(', ')})`;
  }
}

/** One paragraph a model. */
export function modelsText(models: readonly ModelInfo[]): string {
  const width = Math.max(...models.map(({ id }) => id.length)) + 2;
  const line = (left: string, right: string): string => `${left.padEnd(width)}${right}\n`;
  return models
    .map(({ id, summary, available, reason, enable, options }) => {
      const missing = available ? '' : line('', `not available here: ${reason ?? 'no reason given'}`);
      const remedy = available || !enable ? '' : line('', `to enable it: ${enable}`);
      const settings = options.length === 0 ? '' : line('', `--option ${options.map(optionText).join(', ')}`);
      return line(id, summary) + missing + remedy + settings;
    })
    .join('');
}

export const registerModels: Register = (program, { lab }) => {
  const command = program.command('models').description('list the models, their options, and whether they run here');
  addJson(command).action(async (flags: OutputFlags) => {
    const models = await lab.listModels();
    await deliver(flags, { models }, (shown) => modelsText(shown.models));
  });
};
