/** Scenario files on disk: the ones that are shipped, by name, and everybody's own, by path. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseScenario } from '../../shared/schemas/scenario-text.ts';
import type { Scenario } from '../../shared/schemas/scenario.ts';
import { didYouMean } from '../../shared/schemas/suggest.ts';
import { dataFolder } from './data-folder.ts';
import { scenarioFolder } from './engine-location.ts';
import { LabError } from './errors.ts';
import { readRegular } from './regular-file.ts';

export interface NamedScenario {
  /** File name without its ending. */
  readonly name: string;
  readonly file: string;
  readonly scenario: Scenario;
  /** The file, word for word. */
  readonly text: string;
}

export const scenarioEnding = /\.ya?ml$/;
/** A scenario is a page of text; a file this large is something else. */
const maxFileBytes = 1 << 20;

export const builtInNames = (folder = scenarioFolder()): string[] =>
  readdirSync(folder)
    .filter((file) => scenarioEnding.test(file))
    .map((file) => file.replace(scenarioEnding, ''))
    .sort();

/** The text of a scenario, or of what is kept as scenarios are. Throws LabError. */
export function readScenarioText(file: string, what: 'scenario' | 'walk' | 'lesson' = 'scenario'): string {
  try {
    return readRegular(file, maxFileBytes, `The ${what} file ${file}`);
  } catch (error) {
    if (error instanceof LabError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') throw new LabError('bad-input', `There is no file ${file}.`);
    if (code === 'EACCES') throw new LabError('bad-input', `The file ${file} may not be read by this user.`);
    throw new LabError('bad-input', `The file ${file} cannot be read (${code}).`);
  }
}

/** One's own, by name; a shipped one of the same name comes first. */
export function ownNames(folder: string, shipped: readonly string[]): string[] {
  try {
    return builtInNames(folder).filter((name) => !shipped.includes(name));
  } catch {
    return []; // there is no such folder until something is kept in it
  }
}

/** Where one's own is: as .yaml, unless it is there as .yml. */
export function ownFile(folder: string, name: string): string {
  const other = join(folder, `${name}.yml`);
  return existsSync(other) ? other : join(folder, `${name}.yaml`);
}

/** A shipped scenario or one's own by its name, or any file. Throws LabError, or ScenarioError with each mistake in the file. */
export function openScenario(
  nameOrFile: string,
  folder = scenarioFolder(),
  own = join(dataFolder(), 'scenarios'),
): NamedScenario {
  const shipped = builtInNames(folder);
  const names = [...shipped, ...ownNames(own, shipped)];
  const isPath = nameOrFile.includes('/') || scenarioEnding.test(nameOrFile);
  if (!isPath && !names.includes(nameOrFile)) {
    const hint = didYouMean(nameOrFile, names) || `; there are ${names.join(', ')}, or name a YAML file.`;
    throw new LabError('bad-input', `There is no scenario "${nameOrFile}"${hint}`);
  }
  const inFolder = shipped.includes(nameOrFile) ? join(folder, `${nameOrFile}.yaml`) : ownFile(own, nameOrFile);
  const file = isPath ? nameOrFile : inFolder;
  const text = readScenarioText(file);
  return { name: basename(file).replace(scenarioEnding, ''), file, scenario: parseScenario(text, file), text };
}
