/** Walk files: those that are shipped, one's own, and any other by its path. */
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OpenedWalk, WalkEntry, WalkReading } from '../../../shared/contract/bench.ts';
import { parseWalk, walkChapters, type Walk } from '../../../shared/bench/walk.ts';
import type { ScenarioPlace } from '../../../shared/contract/scenarios.ts';
import { ScenarioError } from '../../../shared/schemas/yaml-text.ts';
import { didYouMean } from '../../../shared/schemas/suggest.ts';
import { dataFolder } from '../data-folder.ts';
import { walkFolder } from '../engine-location.ts';
import { LabError, sentenceOf } from '../errors.ts';
import { MadeFromText } from '../made-from-text.ts';
import { writeWhole } from '../private-files.ts';
import { builtInNames, ownFile, ownNames, readScenarioText, scenarioEnding } from '../scenario-files.ts';

/** What a walk's text says, or every mistake in it. */
export function readWalk(text: string): WalkReading {
  try {
    return { walk: parseWalk(text, 'walk'), mistakes: [] };
  } catch (error) {
    if (error instanceof ScenarioError) return { mistakes: [...error.mistakes] };
    throw error;
  }
}

export interface NamedWalk {
  readonly name: string;
  readonly file: string;
  readonly walk: Walk;
  /** The file, word for word. */
  readonly text: string;
}

export class WalkLibrary {
  readonly #own: string;
  readonly #shipped: string;
  readonly #readings = new MadeFromText<WalkReading>();

  constructor(own: string = join(dataFolder(), 'walks'), shipped: string = walkFolder()) {
    this.#own = own;
    this.#shipped = shipped;
  }

  /** Shipped ones in the order of their chapters and places in them, then one's own. */
  list(): WalkEntry[] {
    const shipped = builtInNames(this.#shipped);
    const entryOf = (name: string): WalkEntry[] => {
      try {
        const { text: _text, ...entry } = this.open({ name });
        return [entry];
      } catch (error) {
        if (error instanceof LabError) return []; // it went while the folder was read
        throw error;
      }
    };
    const rank = ({ walk }: WalkEntry): number =>
      walk?.chapter === undefined ? Infinity : walkChapters.indexOf(walk.chapter) * 100 + (walk.place ?? 99);
    return [
      ...shipped.flatMap(entryOf).sort((a, b) => rank(a) - rank(b)),
      ...ownNames(this.#own, shipped).flatMap(entryOf),
    ];
  }

  /** Throws LabError where it cannot be read; what is wrong in its text is in `mistakes`. */
  open(place: ScenarioPlace): OpenedWalk {
    const { file, origin } = this.#locate(place);
    const text = readScenarioText(file, 'walk');
    const reading = this.#readings.of(file, text, () => readWalk(text));
    return { name: basename(file).replace(scenarioEnding, ''), origin, file, text, ...reading };
  }

  /** By its name or its path, for going. Throws LabError, or ScenarioError with each mistake. */
  named(nameOrFile: string): NamedWalk {
    const isPath = nameOrFile.includes('/') || scenarioEnding.test(nameOrFile);
    const { name, file, text } = this.open(isPath ? { file: nameOrFile } : { name: nameOrFile });
    return { name, file, walk: parseWalk(text, file), text };
  }

  /** Throws LabError. */
  save(name: string, text: string, mayReplace: boolean): OpenedWalk {
    const shipped = builtInNames(this.#shipped);
    if (shipped.includes(name)) {
      throw new LabError('bad-input', `"${name}" is a walk of fdscope itself: give yours another name.`);
    }
    if (!mayReplace && ownNames(this.#own, shipped).includes(name)) {
      throw new LabError('bad-input', `There is a walk "${name}" already: replace it, or give this one another name.`);
    }
    const known = ownFile(this.#own, name);
    try {
      writeWhole(known, text);
    } catch (error) {
      throw new LabError('failed', `The walk could not be kept in ${this.#own}: ${sentenceOf(error)}.`);
    }
    return this.open({ name });
  }

  /** One's own only. Throws LabError. */
  delete(name: string): void {
    const shipped = builtInNames(this.#shipped);
    if (shipped.includes(name)) {
      throw new LabError('bad-input', `"${name}" is a walk of fdscope itself, which stays as it is.`);
    }
    if (!ownNames(this.#own, shipped).includes(name)) {
      throw new LabError('bad-input', `There is no walk "${name}" of yours.`);
    }
    rmSync(ownFile(this.#own, name), { force: true });
  }

  #locate(place: ScenarioPlace): Pick<WalkEntry, 'file' | 'origin'> {
    if ('file' in place) return { file: place.file, origin: 'file' };
    const { name } = place;
    const shipped = builtInNames(this.#shipped);
    if (shipped.includes(name)) return { file: join(this.#shipped, `${name}.yaml`), origin: 'built-in' };
    const own = ownNames(this.#own, shipped);
    if (own.includes(name)) return { file: ownFile(this.#own, name), origin: 'own' };
    const names = [...shipped, ...own];
    const hint = didYouMean(name, names) || `; there are ${names.join(', ')}, or name a YAML file.`;
    throw new LabError('bad-input', `There is no walk "${name}"${hint}`);
  }
}
