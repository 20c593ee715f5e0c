/** How many connections each client of a mix has. */
import type { Client } from '../../shared/schemas/settings.ts';
import { LabError } from './errors.ts';

export type CountedClient = Client & { readonly connections: number };

/**
 * Clients with `connections` keep them; the others share `total` by weight (1 where none is given), rounded by largest
 * remainder, at least one each. Throws LabError where there are fewer than one for each of those that share.
 */
export function shareConnections(clients: readonly Client[], total: number): CountedClient[] {
  const sharing = clients.filter((client) => client.connections === undefined);
  if (sharing.length > total) {
    const connections = total === 1 ? 'one connection' : `${total} connections`;
    throw new LabError('bad-input', `${sharing.length} clients share ${connections}, so some would have none.`);
  }
  const weightSum = sharing.reduce((sum, client) => sum + (client.weight ?? 1), 0);
  // One for each first, so that no weight is too small to be seen.
  const rest = total - sharing.length;
  const shares = sharing.map((client) => {
    const exact = (rest * (client.weight ?? 1)) / weightSum;
    return { client, count: 1 + Math.floor(exact), remainder: exact - Math.floor(exact) };
  });
  const missing = total - shares.reduce((sum, share) => sum + share.count, 0);
  const byRemainder = [...shares].sort((a, b) => b.remainder - a.remainder);
  for (const share of byRemainder.slice(0, Math.max(missing, 0))) share.count++;
  const counts = new Map(shares.map(({ client, count }) => [client, count]));
  return clients.map((client) => {
    const { weight: _weight, ...rest } = client;
    return { ...rest, connections: client.connections ?? counts.get(client) ?? 1 };
  });
}

export const totalConnections = (clients: readonly CountedClient[]): number =>
  clients.reduce((sum, client) => sum + client.connections, 0);
