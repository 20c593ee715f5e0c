/** `--server-on`, `--clients-on`: places opened for a command, after the user knows who sends what to whom. */
import { createInterface } from 'node:readline/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { PlannedRun } from '../../shared/schemas/scenario.ts';
import { shareConnections } from '../lab/client-mix.ts';
import { LabError, orInterrupted } from '../lab/errors.ts';
import {
  isAgreed,
  keepAgreed,
  trafficLines,
  trafficOf,
  type AskedLoad,
  type NamedPlace,
} from '../lab/places/consent.ts';
import { OpenPlace } from '../lab/places/open-place.ts';
import { localName, placeNamed, readPlaces } from '../lab/places/places-file.ts';
import type { RunPlaces } from '../lab/places/run-places.ts';
import { tell } from './terminal.ts';

export interface PlaceFlags {
  readonly serverOn?: string;
  readonly clientsOn?: readonly string[];
  readonly places?: string;
  readonly yes?: boolean;
}

/** "lab2,lab3". Throws LabError. */
function namesOf(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LabError('bad-input', `--clients-on names "${twice}" twice.`);
  return names;
}

export const addPlacesFile = (command: Command): Command =>
  command.option('--places <file>', 'the places, instead of places.yaml in the settings folder');

export function addPlaces(command: Command, { hasServer }: { readonly hasServer: boolean }): Command {
  if (hasServer) command.option('--server-on <place>', 'where the server runs; by default here');
  command.option('--clients-on <places>', 'where the clients run, by their weights: lab2,lab3', namesOf);
  command.option('-y, --yes', 'run without being asked first, in scripts');
  return addPlacesFile(command);
}

/** Throws LabError where runs at places are to be recorded. */
export function refuseRecordingAtPlaces({
  record,
  serverOn,
  clientsOn,
}: PlaceFlags & { readonly record?: string }): void {
  if (record === undefined || (clientsOn === undefined && serverOn === undefined)) return;
  throw new LabError('bad-input', '--record writes sessions of this machine; runs at places have their results alone.');
}

/** What each run asks of its places; ramps and the opening of connections are beside it. */
export const askedOf = (runs: readonly PlannedRun[]): AskedLoad[] =>
  runs.flatMap(({ settings }) => {
    const { clients, connections, durationSeconds, warmupSeconds, phases = [] } = settings;
    const seconds = durationSeconds + warmupSeconds;
    const mixes = [{ clients, connections }, ...phases].map((phase) =>
      shareConnections(phase.clients ?? clients, phase.connections ?? connections),
    );
    return mixes.map((counted) => ({ clients: counted, seconds }));
  });

const isTerminal = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

async function askToGoOn(signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    const ended = new Promise<string>((done) => lines.once('close', () => done('')));
    tell('Go on? Type yes: ');
    return /^y(es)?$/i.test((await Promise.race([orInterrupted(lines.question(''), signal), ended])).trim());
  } finally {
    lines.close();
    process.stdin.pause();
  }
}

/** Throws LabError where the user does not agree, or cannot be asked. */
async function agree(
  clients: readonly NamedPlace[],
  loads: readonly AskedLoad[],
  { target, yes, signal }: { target: string; yes: boolean; signal: AbortSignal },
): Promise<void> {
  const traffic = trafficOf(clients, loads);
  if (yes || isAgreed(traffic, target)) return;
  const lines = trafficLines(traffic, target);
  tell(`${lines.join('\n')}\n`);
  if (!isTerminal()) {
    throw new LabError('bad-input', 'The first such run asks before it begins; add --yes where nobody can be asked.');
  }
  if (!(await askToGoOn(signal))) throw new LabError('interrupted', 'Nothing was run.');
  keepAgreed(traffic, target);
}

/**
 * Opens the places that the flags name, for as long as `work` takes; undefined where none is named. `target`: where
 * clients go, where the server is not the run's own. Throws LabError.
 */
export async function withPlaces<T>(
  flags: PlaceFlags,
  { loads, target, signal }: { loads: readonly AskedLoad[]; target?: string; signal: AbortSignal },
  work: (places: RunPlaces | undefined) => Promise<T>,
): Promise<T> {
  if (flags.serverOn === undefined && flags.clientsOn === undefined) {
    if (flags.places !== undefined) {
      throw new LabError('bad-input', '--places goes with --clients-on or --server-on.');
    }
    return work(undefined);
  }
  const known = readPlaces(flags.places === undefined ? undefined : resolve(flags.places));
  const named = (name: string): NamedPlace => ({ name, settings: placeNamed(known, name) });
  const clients = (flags.clientsOn ?? [localName]).map(named);
  const server = target === undefined ? named(flags.serverOn ?? localName) : undefined;
  const where = target ?? `the server at ${server?.name ?? ''} (${server?.settings.address ?? 'loopback'})`;
  await agree(clients, loads, { target: where, yes: flags.yes === true, signal });
  const wanted = new Map([...(server ? [server] : []), ...clients].map((place) => [place.name, place.settings]));
  const opened = await Promise.allSettled(
    [...wanted].map(([name, settings]) => OpenPlace.open(name, settings, signal)),
  );
  const places = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const failed = opened.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    if (failed.length > 0) {
      const sentences = failed.map((error) => (error instanceof Error ? error.message : String(error)));
      throw failed.length === 1 ? failed[0] : new LabError('failed', sentences);
    }
    const byName = new Map(places.map((place) => [place.name, place]));
    return await work({
      server: server && byName.get(server.name),
      clients: clients.flatMap(({ name }) => byName.get(name) ?? []),
    });
  } finally {
    await Promise.all(places.map((place) => place.close()));
  }
}
