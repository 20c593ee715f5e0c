/** Who sends what to whom, and how much: told before the first run, kept to limits, and agreed to by the user. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { PlaceSettings } from '../../../shared/schemas/places.ts';
import type { CountedClient } from '../client-mix.ts';
import { LabError } from '../errors.ts';
import { settingsFolder } from '../sessions/folder.ts';
import { whereText } from './launch.ts';
import { shareClients, wholeRate } from './shares.ts';

export interface NamedPlace {
  readonly name: string;
  readonly settings: PlaceSettings;
}

/** One run, as far as places are concerned. */
export interface AskedLoad {
  readonly clients: readonly CountedClient[];
  readonly seconds: number;
}

export interface Traffic {
  readonly place: NamedPlace;
  readonly connections: number;
  /** Undefined where clients go as fast as they are answered. */
  readonly rate: number | undefined;
  readonly seconds: number;
}

/** The most of any run, by place. Throws LabError where that is beyond the limits of a place. */
export function trafficOf(places: readonly NamedPlace[], loads: readonly AskedLoad[]): Traffic[] {
  const weights = places.map(({ settings }) => settings.weight);
  const shared = loads.map(({ clients }) => shareClients(clients, weights));
  return places.map((place, i) => {
    const own = shared.map((each) => each[i] ?? []);
    const rates = own.map(wholeRate);
    const traffic = {
      place,
      connections: Math.max(...own.map((list) => list.reduce((sum, each) => sum + each.connections, 0))),
      rate: rates.includes(undefined) ? undefined : Math.max(...rates.map((rate) => rate ?? 0)),
      seconds: Math.max(...loads.map(({ seconds }) => seconds)),
    };
    checkLimits(traffic);
    return traffic;
  });
}

function checkLimits({ place, connections, rate, seconds }: Traffic): void {
  const { limits } = place.settings;
  const beyond =
    connections > limits.connections
      ? `${connections} connections, and its limit is ${limits.connections}`
      : (rate ?? 0) > limits.rate
        ? `${Math.round(rate ?? 0)} requests/s, and its limit is ${limits.rate}`
        : seconds > limits.seconds
          ? `${seconds} s, and its limit is ${limits.seconds} s`
          : undefined;
  if (beyond === undefined) return;
  throw new LabError(
    'bad-input',
    `The place ${place.name} would be asked for ${beyond}: raise "limits" of ${place.name} in places.yaml, or ask for less.`,
  );
}

/** A line for each place. */
export function trafficLines(traffic: readonly Traffic[], target: string): string[] {
  return traffic.map(({ place, connections, rate, seconds }) => {
    const fast = rate === undefined ? 'as fast as it is answered' : `at most ${Math.round(rate)} requests/s`;
    return `${place.name} (${whereText(place.settings)}) sends to ${target}: ${connections} connections, ${fast}, for ${seconds} s a run`;
  });
}

const agreedSchema = z.record(
  z.string(),
  z.object({ connections: z.number(), rate: z.number().nullable(), seconds: z.number() }),
);
type Agreed = z.infer<typeof agreedSchema>;

const agreedFile = (): string => join(settingsFolder(), 'places-agreed.json');

function readAgreed(): Agreed {
  try {
    return agreedSchema.parse(JSON.parse(readFileSync(agreedFile(), 'utf8')));
  } catch {
    return {}; // none yet, or none that can be read: it is asked again
  }
}

/** Of this pair, as it is described now: another address or login is another pair. */
const keyOf = ({ name, settings }: NamedPlace, target: string): string =>
  createHash('sha256')
    .update(JSON.stringify([name, settings, target]))
    .digest('hex');

/** Whether as much as this was agreed to before. */
export function isAgreed(traffic: readonly Traffic[], target: string): boolean {
  const agreed = readAgreed();
  return traffic.every(({ place, connections, rate, seconds }) => {
    const known = agreed[keyOf(place, target)];
    if (!known || connections > known.connections || seconds > known.seconds) return false;
    return known.rate === null || (rate !== undefined && rate <= known.rate);
  });
}

/** Kept where it can be; else it is asked again. */
export function keepAgreed(traffic: readonly Traffic[], target: string): void {
  const agreed = readAgreed();
  for (const { place, connections, rate, seconds } of traffic) {
    agreed[keyOf(place, target)] = { connections, rate: rate ?? null, seconds };
  }
  const file = agreedFile();
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}.part`, `${JSON.stringify(agreed, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.${process.pid}.part`, file);
  } catch {
    // A settings folder that cannot be written is no reason not to run.
  }
}
