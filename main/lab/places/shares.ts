/** The part of a load that each client place gets. */
import type { CountedClient } from '../client-mix.ts';
import { LabError } from '../errors.ts';
import type { LoadConfig } from '../measured-clients.ts';

/** Whole numbers by weight that sum to `total`, by largest remainder. */
export function shareWhole(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const exact = weights.map((weight) => (total * weight) / sum);
  const shares = exact.map(Math.floor);
  const missing = total - shares.reduce((all, share) => all + share, 0);
  const order = exact.map((value, i) => ({ i, rest: value - Math.floor(value) })).sort((a, b) => b.rest - a.rest);
  for (const { i } of order.slice(0, missing)) shares[i] = (shares[i] ?? 0) + 1;
  return shares;
}

/** Every group of clients is spread; a rate follows its connections. */
export function shareClients(clients: readonly CountedClient[], weights: readonly number[]): CountedClient[][] {
  const shared: CountedClient[][] = weights.map(() => []);
  for (const client of clients) {
    shareWhole(client.connections, weights).forEach((connections, i) => {
      if (connections === 0) return;
      const rate = client.profile === 'rate' ? { rate: (client.rate * connections) / client.connections } : {};
      shared[i]?.push({ ...client, ...rate, connections });
    });
  }
  return shared;
}

export interface Share {
  readonly config: LoadConfig;
  /** Where its open loop begins behind that of the first place: even schedules take turns. */
  readonly scheduleLagNs: number;
}

/** Throws LabError where a place would have no client. */
export function shareLoad(config: LoadConfig, places: readonly { name: string; weight: number }[]): Share[] {
  const weights = places.map(({ weight }) => weight);
  const clients = shareClients(config.clients, weights);
  const without = places.find((_, i) => (clients[i]?.length ?? 0) === 0);
  if (without) {
    throw new LabError(
      'bad-input',
      `The place ${without.name} would have no client: ask for more connections, give it more weight, or leave it out.`,
    );
  }
  const connectionsOf = (list: readonly CountedClient[]): number =>
    list.reduce((sum, each) => sum + each.connections, 0);
  const requests = config.requests === undefined ? undefined : shareWhole(config.requests, clients.map(connectionsOf));
  const rate = config.clients.find((client) => client.profile === 'rate')?.rate;
  return clients.map((own, i) => ({
    config: { ...config, clients: own, ...(requests ? { requests: requests[i] ?? 0 } : {}) },
    scheduleLagNs: rate === undefined ? 0 : Math.round((i * 1e9) / rate),
  }));
}

/** Requests a second of open loops; undefined where a client goes as fast as it can. */
export function wholeRate(clients: readonly CountedClient[]): number | undefined {
  const rates = clients.map((client) => (client.profile === 'rate' ? client.rate : undefined));
  return rates.includes(undefined) ? undefined : rates.reduce<number>((sum, rate) => sum + (rate ?? 0), 0);
}
