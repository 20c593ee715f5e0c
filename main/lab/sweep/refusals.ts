/** Why a point of a sweep cannot be: found before its run, or told by what the run says. */
import { readFileSync } from 'node:fs';
import type { RunResult } from '../../../shared/run-result.ts';
import type { RunSettings } from '../../../shared/schemas/settings.ts';
import { shareConnections, totalConnections } from '../client-mix.ts';

/** Descriptors of a server or of the clients beside their connections: files, pipes, epoll and the like. */
const spareFds = 64;

/** How many descriptors a process may have here at most. Source: /proc/self/limits. */
export function descriptorLimit(limits = readFileSync('/proc/self/limits', 'utf8')): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard);
}

export function refusedBefore(settings: RunSettings, limit = descriptorLimit()): string | undefined {
  const connections = totalConnections(shareConnections(settings.clients, settings.connections));
  if (connections + spareFds <= limit) return undefined;
  return `${connections} connections need as many file descriptors, and a process may have ${limit} here; \`ulimit -Hn\` is the limit to raise.`;
}

/** Notices of connections that the server could not hold: the figures are those of fewer than were asked for. */
const limitCodes: ReadonlySet<string> = new Set(['selectRange', 'fdLimit']);

export interface Shortfall {
  readonly status: 'refused' | 'failed';
  readonly reason: string;
}

export function shortfallOf({ notices, errors, requests }: RunResult): Shortfall | undefined {
  const limited = notices.find(({ code }) => limitCodes.has(code));
  if (limited) return { status: 'refused', reason: limited.text };
  const wrong = notices.find(({ level }) => level === 'error');
  if (wrong) return { status: 'failed', reason: wrong.text };
  const unconnected = errors.connect + errors.refused + errors.fdLimit;
  if (unconnected > 0) {
    return {
      status: 'failed',
      reason: `Clients could not connect ${unconnected} times: ports, descriptors or the accept queue ran out.`,
    };
  }
  return requests > 0 ? undefined : { status: 'failed', reason: 'No request was answered in the measured time.' };
}
