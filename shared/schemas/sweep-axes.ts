/** How a value of a sweep changes a load; scenarios and the lab's sweeps share it. */
import type { Client } from './settings.ts';

const isBusy = ({ profile }: Client): boolean => profile === 'closed' || profile === 'rate';

/** The one client that asks, at this rate. Undefined where there is none, or more than one. */
export function clientsAtRate(clients: readonly Client[], rate: number): Client[] | undefined {
  if (clients.filter(isBusy).length !== 1) return undefined;
  return clients.map((client): Client => {
    if (!isBusy(client)) return client;
    const { connections, weight, startMs, rampMs } = client;
    const arrival = client.profile === 'rate' ? client.arrival : undefined;
    return { profile: 'rate', rate, connections, weight, startMs, rampMs, arrival };
  });
}

/** The whole stays the same: of 1000 connections at 0.9, a hundred ask and 900 say nothing. */
export function clientsWithIdle(
  { connections, clients }: { readonly connections: number; readonly clients: readonly Client[] },
  share: number,
): { connections: number; clients: Client[] } {
  const idle = Math.round(connections * share);
  const silent: Client[] = idle === 0 ? [] : [{ profile: 'idle', connections: idle }];
  return { connections: connections - idle, clients: [...clients, ...silent] };
}
