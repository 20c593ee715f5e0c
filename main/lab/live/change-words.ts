/** What was changed in a live run, as its mark says it. */
import type { LiveChanges } from '../../../shared/contract/live.ts';

/** A change in words, such as "connections 200, workUs 50". */
export function wordsOf({ connections, clients, paused, workUs, waitMs, chunks, detail }: LiveChanges): string {
  const numbers = Object.entries({ connections, workUs, waitMs, chunks });
  const said = numbers.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  if (clients) said.push(`clients ${clients.map(({ profile }) => profile).join(', ')}`);
  if (paused !== undefined) said.push(paused ? 'clients paused' : 'clients go on');
  if (detail) said.push(`detail ${detail.level}${detail.switches ? ' with context switches' : ''}`);
  return said.join(', ');
}
