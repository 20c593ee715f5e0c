/** The body of an index chunk: where the chunks are, as columns, so that a file opens without being read. */
import { z } from 'zod';
import type { ChunkHeader } from './format.ts';

/** A chunk and where its header begins. */
export interface ChunkPlace extends ChunkHeader {
  readonly offset: number;
}

const columns = [
  'offset',
  'storedBytes',
  'crc',
  'kind',
  'encoding',
  'sources',
  'rawBytes',
  'count',
  'fromNs',
  'toNs',
] as const;

export const indexSchema = z.object({
  /** Offset of the index chunk before this one, 0 where there is none. */
  previous: z.number(),
  columns: z.object(
    Object.fromEntries(columns.map((name) => [name, z.array(z.number())])) as Record<
      (typeof columns)[number],
      z.ZodArray<z.ZodNumber>
    >,
  ),
});

export function encodeIndex(places: readonly ChunkPlace[], previous: number): z.infer<typeof indexSchema> {
  const entries = columns.map((name) => [name, places.map((place) => place[name])]);
  return { previous, columns: Object.fromEntries(entries) as z.infer<typeof indexSchema>['columns'] };
}

export function decodeIndex(value: unknown): { previous: number; places: ChunkPlace[] } {
  const index = indexSchema.parse(value);
  const places = index.columns.offset.map(
    (_, i) => Object.fromEntries(columns.map((name) => [name, index.columns[name][i] ?? 0])) as unknown as ChunkPlace,
  );
  return { previous: index.previous, places };
}
