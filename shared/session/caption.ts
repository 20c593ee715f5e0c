/** What stands below a picture that leaves the app: what served, under whom, where, when, and what measured it. */
import { z } from 'zod';
import { machineText } from '../citation.ts';

/** Of settings as sessions and live runs have them; whatever else they may be, it is no client. */
const loadSchema = z.looseObject({
  connections: z.number().optional(),
  clients: z.array(z.looseObject({ profile: z.string(), connections: z.number().optional() })).default([]),
});

/** "100 connections (closed, slow-reader)"; empty where the settings do not say. */
export function clientsText(settings: unknown): string {
  const { connections, clients } = loadSchema.safeParse(settings).data ?? { clients: [] };
  const own = clients.reduce((sum, client) => sum + (client.connections ?? 0), 0);
  const total = Math.max(connections ?? 0, own);
  const profiles = [...new Set(clients.map(({ profile }) => profile))].join(', ');
  if (total === 0) return profiles === '' ? '' : `clients: ${profiles}`;
  return `${total} ${total === 1 ? 'connection' : 'connections'}${profiles === '' ? '' : ` (${profiles})`}`;
}

export interface Captioned {
  /** Those that served. */
  readonly models: readonly string[];
  /** Of the session or the live run. */
  readonly settings: unknown;
  readonly machine: Parameters<typeof machineText>[0];
  /** When it was begun, ms since 1970. */
  readonly wallMs: number;
  /** Of fdscope. */
  readonly version: string;
}

export const captionOf = ({ models, settings, machine, wallMs, version }: Captioned): string =>
  [
    models.join(', '),
    clientsText(settings),
    machineText(machine),
    `${new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `fdscope ${version}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
