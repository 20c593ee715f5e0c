/** places.yaml: of the user's settings folder, or as an option names it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePlaces, placeSchema, type PlaceSettings } from '../../../shared/schemas/places.ts';
import { didYouMean } from '../../../shared/schemas/suggest.ts';
import { LabError } from '../errors.ts';
import { settingsFolder } from '../sessions/folder.ts';

/** Always there. */
export const localName = 'local';

export interface KnownPlaces {
  /** The file that was read; undefined where there is none. */
  readonly file: string | undefined;
  readonly places: ReadonlyMap<string, PlaceSettings>;
}

export const usualPlacesFile = (): string => join(settingsFolder(), 'places.yaml');

/** Throws LabError where a file that was named cannot be read, ScenarioError with its mistakes. */
export function readPlaces(given?: string): KnownPlaces {
  const file = given ?? usualPlacesFile();
  const local = placeSchema.parse({ kind: 'local' });
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (given === undefined && code === 'ENOENT') return { file: undefined, places: new Map([[localName, local]]) };
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw new LabError('bad-input', `The places ${file} cannot be read: ${why}.`);
  }
  const { places } = parsePlaces(text, file);
  const named = Object.entries(places);
  const wrong = named.find(([name, { kind }]) => (name === localName) !== (kind === 'local'));
  if (wrong) {
    throw new LabError(
      'bad-input',
      `${file}: the place "${wrong[0]}" is of the kind ${wrong[1].kind}; the kind local is for the place "local", which is this machine.`,
    );
  }
  return { file, places: new Map([[localName, local], ...named]) };
}

/** Throws LabError. */
export function placeNamed({ file, places }: KnownPlaces, name: string): PlaceSettings {
  const place = places.get(name);
  if (place) return place;
  const where =
    file === undefined ? `there is no file ${usualPlacesFile()} that would name it` : `${file} does not name it`;
  throw new LabError(
    'bad-input',
    `There is no place "${name}": ${where}${didYouMean(name, [...places.keys()]) || '.'}`,
  );
}
