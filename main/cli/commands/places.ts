/** `fdscope places`: the places that runs may name, and whether each can be reached. */
import { resolve } from 'node:path';
import { LabError, sentenceOf } from '../../lab/errors.ts';
import { labNowNs } from '../../lab/places/clock.ts';
import { whereText } from '../../lab/places/launch.ts';
import { OpenPlace } from '../../lab/places/open-place.ts';
import { readPlaces, usualPlacesFile } from '../../lab/places/places-file.ts';
import type { Register } from '../command.ts';
import { addJson, addOut, type OutputFlags } from '../options.ts';
import { checkOut, deliver } from '../output.ts';
import { addPlacesFile } from '../places.ts';
import { clockText } from '../print-places.ts';
import { tableOf, type Page } from '../table.ts';

interface Checked {
  readonly name: string;
  readonly kind: string;
  readonly where: string;
  readonly address: string | null;
  readonly weight: number;
  readonly isReached: boolean;
  /** Why it cannot be used. */
  readonly sentence?: string;
  readonly machine?: string;
  readonly kernel?: string;
  readonly cpus?: number;
  /** How the engine came to be there. */
  readonly engine?: string;
  readonly roundTripNs?: number;
  readonly clock?: { readonly offsetNs: number; readonly boundNs: number };
}

const engineWords = { here: 'here', kept: 'in its cache', copied: 'copied now', installed: 'on its PATH' } as const;

async function check(name: string, settings: Parameters<typeof whereText>[0], signal: AbortSignal): Promise<Checked> {
  const { kind, address = null, weight } = settings;
  const about = { name, kind, where: whereText(settings), address, weight };
  try {
    const place = await OpenPlace.open(name, settings, signal);
    try {
      const clock = place.clock.at(labNowNs()) ?? { offsetNs: 0, boundNs: 0 };
      const { machine, kernel, cpus } = place.hello;
      return {
        ...{ ...about, isReached: true, machine, kernel, cpus, engine: engineWords[place.delivered.how] },
        roundTripNs: Math.round(2 * clock.boundNs),
        clock: { offsetNs: Math.round(clock.offsetNs), boundNs: Math.round(clock.boundNs) },
      };
    } finally {
      await place.close();
    }
  } catch (error) {
    if (!(error instanceof LabError) || error.kind === 'interrupted') throw error;
    return { ...about, isReached: false, sentence: sentenceOf(error) };
  }
}

function placesPage({ file, places }: { file: string | null; places: readonly Checked[] }): Page {
  const table = tableOf(['place', 'how', 'address', 'machine', 'engine', 'CPUs', 'round trip', 'clock'], 5);
  for (const place of places) {
    table.push([
      ...[place.name, place.where, place.address ?? '–', place.machine ?? '–', place.engine ?? 'not reached'],
      String(place.cpus ?? '–'),
      place.roundTripNs === undefined ? '–' : `${(place.roundTripNs / 1e6).toFixed(2)} ms`,
      place.clock ? clockText(place.clock) : '–',
    ]);
  }
  return [
    file === null ? `No ${usualPlacesFile()}: there is this machine alone.` : `Places of ${file}`,
    table,
    ...places.flatMap(({ sentence }) => (sentence === undefined ? [] : [sentence])),
  ];
}

export const registerPlaces: Register = (program, { signal }) => {
  const command = program
    .command('places')
    .description('places where servers and clients may run: which there are, and whether each can be reached');
  addJson(addOut(addPlacesFile(command))).action(async (flags: OutputFlags & { readonly places?: string }) => {
    checkOut(flags);
    const { file, places } = readPlaces(flags.places === undefined ? undefined : resolve(flags.places));
    const checked = await Promise.all([...places].map(([name, settings]) => check(name, settings, signal)));
    await deliver(flags, { file: file ?? null, places: checked }, placesPage);
    const missing = checked.filter(({ isReached }) => !isReached).map(({ name }) => name);
    if (missing.length > 0) throw new LabError('failed', `Not every place can be used: ${missing.join(', ')}.`);
  });
};
