/** Lesson files: those that are shipped, one's own, and any other by its path. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { modelIds } from '../../../shared/catalogue.ts';
import type { LessonEntry, OpenedLesson } from '../../../shared/contract/lessons.ts';
import type { ScenarioPlace } from '../../../shared/contract/scenarios.ts';
import { parseLesson, type KnownNames, type Lesson } from '../../../shared/lesson/lesson.ts';
import { ScenarioError } from '../../../shared/schemas/yaml-text.ts';
import { didYouMean } from '../../../shared/schemas/suggest.ts';
import type { WalkLibrary } from '../bench/walk-library.ts';
import { dataFolder } from '../data-folder.ts';
import { lessonFolder } from '../engine-location.ts';
import { LabError } from '../errors.ts';
import { readGlossary } from '../glossary.ts';
import { MadeFromText } from '../made-from-text.ts';
import { readScenarioText } from '../scenario-files.ts';
import type { ScenarioLibrary } from '../scenario-library.ts';

const ending = '.md';
const nameOf = (file: string): string => basename(file, ending);
/** What a folder of lessons says of itself is no lesson. */
const isLessonFile = (file: string): boolean => file.endsWith(ending) && !/^readme\.md$/i.test(file);

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isLessonFile).map(nameOf).sort();
  } catch {
    return []; // there is no such folder until something is put into it
  }
}

export interface NamedLesson {
  readonly name: string;
  readonly file: string;
  readonly lesson: Lesson;
}

type LessonReading = Pick<LessonEntry, 'head' | 'mistakes'>;

function readLesson(text: string, known: KnownNames): LessonReading {
  try {
    const { blocks: _blocks, sources: _sources, ...head } = parseLesson(text, 'lesson', known);
    return { head, mistakes: [] };
  } catch (error) {
    if (error instanceof ScenarioError) return { mistakes: [...error.mistakes] };
    throw error;
  }
}

interface Libraries {
  readonly walks: Pick<WalkLibrary, 'list'>;
  readonly scenarios: Pick<ScenarioLibrary, 'list'>;
}

export class LessonLibrary {
  readonly #libraries: Libraries;
  readonly #own: string;
  readonly #shipped: string;
  readonly #readings = new MadeFromText<LessonReading>();

  constructor(libraries: Libraries, own: string = join(dataFolder(), 'lessons'), shipped: string = lessonFolder()) {
    this.#libraries = libraries;
    this.#own = own;
    this.#shipped = shipped;
  }

  /** In reading order; of the same place, shipped ones come before one's own. Those with mistakes stand last. */
  list(): LessonEntry[] {
    const known = this.#known();
    const shipped = namesIn(this.#shipped);
    const own = namesIn(this.#own).filter((name) => !shipped.includes(name));
    const entryOf = (name: string): LessonEntry[] => {
      try {
        const { text: _text, ...entry } = this.open({ name }, known);
        return [entry];
      } catch (error) {
        if (error instanceof LabError) return []; // it went while the folder was read
        throw error;
      }
    };
    const rank = ({ head }: LessonEntry): number => (head ? head.chapter * 100 + head.order : Infinity);
    return [...shipped, ...own].flatMap(entryOf).sort((a, b) => rank(a) - rank(b));
  }

  /** Throws LabError where it cannot be read; what is wrong in its text is in `mistakes`. */
  open(place: ScenarioPlace, known = this.#known()): OpenedLesson {
    const { file, origin } = this.#locate(place);
    const text = readScenarioText(file, 'lesson');
    // Where it may lead to decides on its mistakes, too.
    const all = JSON.stringify([text, { ...known, walks: [...(known.walks ?? [])] }]);
    return { name: nameOf(file), origin, file, text, ...this.#readings.of(file, all, () => readLesson(text, known)) };
  }

  /** By its name or its path, for running. Throws LabError, or ScenarioError with each mistake. */
  named(nameOrFile: string): NamedLesson {
    const isPath = nameOrFile.includes('/') || nameOrFile.endsWith(ending);
    const known = this.#known();
    const { name, file, text } = this.open(isPath ? { file: nameOrFile } : { name: nameOrFile }, known);
    return { name, file, lesson: parseLesson(text, file, known) };
  }

  /** Every lesson of a folder; a link may lead from one to another. Throws LabError where there is none. */
  checkFolder(folder: string): { readonly file: string; readonly mistakes: OpenedLesson['mistakes'] }[] {
    if (!existsSync(folder)) throw new LabError('bad-input', `There is no folder ${folder}.`);
    const names = namesIn(folder);
    if (names.length === 0)
      throw new LabError('bad-input', `There is no lesson in ${folder}: a lesson is a file NAME.md.`);
    const known = this.#known(names);
    return names.map((name) => {
      const file = join(folder, `${name}.md`);
      return { file, mistakes: this.open({ file }, known).mistakes };
    });
  }

  #known(further: readonly string[] = []): KnownNames {
    const walks = this.#libraries.walks.list().map(({ name, walk }) => [name, walk?.steps.length ?? 0] as const);
    return {
      walks: new Map(walks),
      lessons: [...namesIn(this.#shipped), ...namesIn(this.#own), ...further],
      scenarios: this.#libraries.scenarios.list().map(({ name }) => name),
      terms: readGlossary().map(({ id }) => id),
      models: modelIds,
    };
  }

  #locate(place: ScenarioPlace): Pick<LessonEntry, 'file' | 'origin'> {
    if ('file' in place) return { file: place.file, origin: 'file' };
    const { name } = place;
    const shipped = namesIn(this.#shipped);
    if (shipped.includes(name)) return { file: join(this.#shipped, `${name}.md`), origin: 'built-in' };
    const own = namesIn(this.#own);
    if (own.includes(name)) return { file: join(this.#own, `${name}.md`), origin: 'own' };
    const names = [...shipped, ...own];
    const hint = didYouMean(name, names) || `; there are ${names.join(', ')}, or name a Markdown file.`;
    throw new LabError('bad-input', `There is no lesson "${name}"${hint}`);
  }
}
