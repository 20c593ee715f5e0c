/** Shipped scenarios and one's own, with their texts: listed, opened, checked, kept. */
import { rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { OpenedScenario, ScenarioEntry, ScenarioPlace, ScenarioReading } from '../../shared/contract/scenarios.ts';
import { parseScenario, ScenarioError } from '../../shared/schemas/scenario-text.ts';
import { chapters, planScenario, type Scenario } from '../../shared/schemas/scenario.ts';
import { dataFolder } from './data-folder.ts';
import { scenarioFolder } from './engine-location.ts';
import { LabError, sentenceOf } from './errors.ts';
import { cardOf } from './live/scenario-cards.ts';
import { MadeFromText } from './made-from-text.ts';
import { writeWhole } from './private-files.ts';
import { builtInNames, ownFile, ownNames, readScenarioText, scenarioEnding } from './scenario-files.ts';

/** Commands that a scenario would start. */
export const commandsIn = ({ models }: Pick<Scenario, 'models'>): string[] =>
  models.flatMap((entry) =>
    typeof entry === 'object' && 'command' in entry && entry.command !== undefined ? [entry.command] : [],
  );

function described(scenario: Scenario): ScenarioReading {
  const runs = planScenario(scenario).flatMap((run) => Array.from({ length: scenario.repeats }, () => run));
  const seconds = runs.reduce((sum, { settings }) => sum + settings.durationSeconds + settings.warmupSeconds, 0);
  const live = cardOf({ name: '', scenario })?.live;
  return {
    ...{ scenario, mistakes: [], plan: { runs: runs.length, seconds }, commands: commandsIn(scenario) },
    ...(live ? { live } : {}),
  };
}

/** What a scenario's text says, or every mistake in it. */
export function readScenario(text: string): ScenarioReading {
  try {
    return described(parseScenario(text, 'scenario'));
  } catch (error) {
    if (error instanceof ScenarioError) return { mistakes: [...error.mistakes], commands: [] };
    throw error;
  }
}

export class ScenarioLibrary {
  readonly #shipped: string;
  readonly #own: string;
  readonly #readings = new MadeFromText<ScenarioReading>();

  constructor(own: string = join(dataFolder(), 'scenarios'), shipped: string = scenarioFolder()) {
    this.#own = own;
    this.#shipped = shipped;
  }

  list(): ScenarioEntry[] {
    const entryOf = (name: string): ScenarioEntry[] => {
      try {
        const { text: _text, ...entry } = this.open({ name });
        return [entry];
      } catch (error) {
        // It went while the folder was read, or cannot be read: it is no scenario that one could choose.
        if (error instanceof LabError) return [];
        throw error;
      }
    };
    const rank = ({ scenario }: ScenarioEntry): number =>
      scenario?.chapter === undefined ? chapters.length : chapters.indexOf(scenario.chapter);
    const shipped = builtInNames(this.#shipped).flatMap(entryOf);
    return [...shipped.sort((a, b) => rank(a) - rank(b)), ...this.ownNames().flatMap(entryOf)];
  }

  ownNames(): string[] {
    return ownNames(this.#own, builtInNames(this.#shipped));
  }

  /** Throws LabError where it cannot be read; what is wrong in its text is in `mistakes`. */
  open(place: ScenarioPlace): OpenedScenario {
    const { file, origin } = this.#locate(place);
    const text = readScenarioText(file);
    const { mtimeMs: changedMs } = statSync(file);
    const reading = this.#readings.of(file, text, () => readScenario(text));
    return { name: basename(file).replace(scenarioEnding, ''), origin, file, changedMs, text, ...reading };
  }

  /** Throws LabError. */
  save(name: string, text: string, mayReplace: boolean): OpenedScenario {
    if (this.#isShipped(name)) {
      throw new LabError('bad-input', `"${name}" is a scenario of fdscope itself: give yours another name.`);
    }
    if (!mayReplace && this.ownNames().includes(name)) {
      throw new LabError(
        'bad-input',
        `There is a scenario "${name}" already: replace it, or give this one another name.`,
      );
    }
    const known = ownFile(this.#own, name);
    try {
      writeWhole(known, text);
    } catch (error) {
      throw new LabError('failed', `The scenario could not be kept in ${this.#own}: ${sentenceOf(error)}.`);
    }
    return this.open({ name });
  }

  /** Throws LabError. */
  duplicate(from: ScenarioPlace, name: string): OpenedScenario {
    return this.save(name, this.open(from).text, false);
  }

  /** Throws LabError. */
  rename(name: string, to: string): OpenedScenario {
    this.#mustBeOwn(name);
    if (name === to) return this.open({ name });
    const renamed = this.save(to, this.open({ name }).text, false);
    this.delete(name);
    return renamed;
  }

  /** Throws LabError. */
  delete(name: string): void {
    this.#mustBeOwn(name);
    rmSync(ownFile(this.#own, name), { force: true });
  }

  #mustBeOwn(name: string): void {
    if (this.#isShipped(name)) {
      throw new LabError('bad-input', `"${name}" is a scenario of fdscope itself, which stays as it is: duplicate it.`);
    }
    if (!this.ownNames().includes(name)) throw new LabError('bad-input', `There is no scenario "${name}" of yours.`);
  }

  readonly #isShipped = (name: string): boolean => builtInNames(this.#shipped).includes(name);

  #locate(place: ScenarioPlace): Pick<ScenarioEntry, 'file' | 'origin'> {
    if ('file' in place) return { file: place.file, origin: 'file' };
    const { name } = place;
    if (this.#isShipped(name)) return { file: join(this.#shipped, `${name}.yaml`), origin: 'built-in' };
    if (this.ownNames().includes(name)) return { file: ownFile(this.#own, name), origin: 'own' };
    throw new LabError('bad-input', `There is no scenario "${name}": it may have been renamed or deleted.`);
  }
}
