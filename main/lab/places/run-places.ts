/** A run whose server or clients are at other places: where the server listens, who reaches it, what each place did. */
import type { PlaceResult } from '../../../shared/run-result.ts';
import type { ServerSettings } from '../../../shared/schemas/settings.ts';
import { counterOf } from '../../../shared/telemetry/codec.ts';
import { totalConnections } from '../client-mix.ts';
import { LabError } from '../errors.ts';
import { clientLimitShare, type Notices } from '../notices.ts';
import type { LoadConfig } from '../measured-clients.ts';
import { ratio } from '../result.ts';
import { labNowNs } from './clock.ts';
import { EngineCrew, type CrewMember } from './engine-crew.ts';
import type { OpenPlace } from './open-place.ts';

export interface RunPlaces {
  /** Undefined where the server is not the run's own, as of `load`. */
  readonly server: OpenPlace | undefined;
  readonly clients: readonly OpenPlace[];
}

const reachMs = 3000;

/** The server listens for the address that its place gives, and for loopback where all clients are beside it. */
export function placedServer(settings: ServerSettings, { server, clients }: RunPlaces): ServerSettings {
  if (server === undefined || clients.every((place) => place === server)) return settings;
  if (settings.model === 'node' && server.settings.kind !== 'local') {
    throw new LabError(
      'unavailable',
      `The model node needs Node.js and fdscope at its place: ${server.name} gets the engine alone.`,
    );
  }
  const { address } = server.settings;
  if (address === undefined) {
    throw new LabError(
      'bad-input',
      `Clients at other places reach a server under an address: give the place ${server.name} an "address" in places.yaml.`,
    );
  }
  if (settings.host !== '127.0.0.1' && settings.host !== address) {
    throw new LabError(
      'bad-input',
      `The server listens at ${address}, the address of its place ${server.name}, and not at ${settings.host}.`,
    );
  }
  return { ...settings, host: address, exposeToNetwork: true };
}

/** One connection from each place, closed at once. Throws LabError that says who does not get through, and how. */
export async function checkReach(places: readonly OpenPlace[], target: string): Promise<void> {
  await Promise.all(
    places.map(async (place) => {
      const { reach, why } = await place.reach(target, reachMs);
      if (reach === 'ok') return;
      const how = {
        refused: 'was refused: nothing listens there, or a firewall says no',
        silent: `was not answered within ${reachMs / 1000} s: a firewall drops it, or no way leads there`,
        failed: `failed: ${why}`,
      }[reach];
      throw new LabError('failed', `A connection from the place ${place.name} to ${target} ${how}.`);
    }),
  );
}

export const startCrew = (config: LoadConfig, { clients }: RunPlaces, signal: AbortSignal | undefined): EngineCrew =>
  new EngineCrew(config, clients, signal);

/** As of all places: CPU is shared by the threads of all. */
export const crewConfig = (config: LoadConfig, { clients }: RunPlaces): LoadConfig => ({
  ...config,
  threads: config.threads * clients.length,
});

function aboutPlace(
  place: OpenPlace,
): Pick<PlaceResult, 'name' | 'kind' | 'host' | 'machine' | 'kernel' | 'cpus' | 'clock'> {
  const { hello, clock, name, settings } = place;
  const now = clock.at(labNowNs());
  const drift = clock.drift;
  return {
    ...{ name, kind: settings.kind, host: hello.host, machine: hello.machine, kernel: hello.kernel, cpus: hello.cpus },
    clock: {
      ...{ offsetNs: Math.round(now?.offsetNs ?? 0), boundNs: Math.round(now?.boundNs ?? 0) },
      ...{ driftPpm: drift?.ppm ?? null, driftBoundPpm: drift?.boundPpm ?? null, roundTrips: clock.count },
    },
  };
}

function clientPlace(member: CrewMember): PlaceResult {
  const { place, clients, config, engine, snapshots, lost, marks } = member;
  const [from, to] = [snapshots[0], snapshots.at(-1)];
  const last = engine.lastCounters;
  if (!from || !to || !last) throw new Error('The interval has not ended.');
  const figures = clients.figures(from, to);
  const begun = marks.get('steady')?.timeNs;
  return {
    ...aboutPlace(place),
    role: 'clients',
    connections: totalConnections(config.clients),
    ...{ requests: figures.requests, requestsPerSecond: figures.requestsPerSecond, requestsSent: figures.requestsSent },
    whole: { requests: counterOf(last, 'requests'), requestsSent: counterOf(last, 'requestsSent') },
    ...{ errors: figures.errors, latency: figures.latency, clientCpuShare: figures.clientCpuShare },
    rate: figures.account.rate,
    ...(lost && begun !== undefined
      ? { lost: { atSeconds: ratio(lost.atNs - place.timeHere(begun), 1e9), why: lost.why } }
      : {}),
  };
}

/** After every engine has ended. */
export function placeResults({ server }: RunPlaces, { members }: EngineCrew): PlaceResult[] {
  return [...(server ? [{ ...aboutPlace(server), role: 'server' as const }] : []), ...members.map(clientPlace)];
}

export function noticePlaces(notices: Notices, places: readonly PlaceResult[]): void {
  for (const place of places) {
    if (place.role !== 'clients') continue;
    if (place.lost) {
      notices.warn(
        'placeLost',
        `The client place ${place.name} was lost after ${place.lost.atSeconds.toFixed(1)} s: its ${place.connections} connections count up to what it told last, and the others went on. ${place.lost.why}`,
      );
    }
    if (places.length > 1 && place.clientCpuShare > clientLimitShare) {
      notices.warn(
        'placeLimit',
        `The client place ${place.name} is at ${Math.round(place.clientCpuShare * 100)}% of its cores: the figures say less about the server.`,
      );
    }
  }
}
