/** What a person changes in a session after it was recorded. Edits are appended; the last one of a thing wins. */
import { z } from 'zod';
import type { Manifest } from './manifest.ts';

export const sessionLimits = {
  nameChars: 200,
  notesChars: 20_000,
  tags: 32,
  tagChars: 60,
  annotationChars: 2000,
} as const;

export const sessionNameSchema = z.string().trim().min(1).max(sessionLimits.nameChars);
export const sessionTagsSchema = z.array(z.string().trim().min(1).max(sessionLimits.tagChars)).max(sessionLimits.tags);
export const sessionNotesSchema = z.string().max(sessionLimits.notesChars);

/** A remark at a moment or, with `toNs`, over a range. CLOCK_MONOTONIC, as in the frames. */
export const annotationSchema = z.strictObject({
  id: z.string().min(1).max(64),
  fromNs: z.number(),
  toNs: z.number().optional(),
  text: z.string().trim().min(1).max(sessionLimits.annotationChars),
});
export type Annotation = z.infer<typeof annotationSchema>;

export const editSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('name'), name: sessionNameSchema }),
  z.object({ type: z.literal('notes'), notes: sessionNotesSchema }),
  z.object({ type: z.literal('tags'), tags: sessionTagsSchema }),
  /** New, or changed where the id is known. */
  z.object({ type: z.literal('annotation'), annotation: annotationSchema }),
  z.object({ type: z.literal('annotationRemoved'), id: z.string() }),
]);
export type Edit = z.infer<typeof editSchema>;

/** The manifest and annotations as they are after all edits. */
export interface Edited {
  readonly manifest: Manifest;
  /** In the order of time. */
  readonly annotations: readonly Annotation[];
}

export function applyEdits(original: Manifest, edits: readonly Edit[]): Edited {
  let manifest = original;
  const annotations = new Map<string, Annotation>();
  for (const edit of edits) {
    switch (edit.type) {
      case 'name':
        manifest = { ...manifest, name: edit.name };
        break;
      case 'notes':
        manifest = { ...manifest, notes: edit.notes };
        break;
      case 'tags':
        manifest = { ...manifest, tags: [...new Set(edit.tags)] };
        break;
      case 'annotation':
        annotations.set(edit.annotation.id, edit.annotation);
        break;
      case 'annotationRemoved':
        annotations.delete(edit.id);
        break;
    }
  }
  return { manifest, annotations: [...annotations.values()].sort((a, b) => a.fromNs - b.fromNs) };
}
