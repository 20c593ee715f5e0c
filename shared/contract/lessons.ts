/** Lessons: listed, opened, checked; what of them was measured is kept with the reader's progress. */
import { z } from 'zod';
import { headSchema, needNames } from '../lesson/parts.ts';
import { nothing } from './channels.ts';
import { mistakeSchema, scenarioPlaceSchema } from './scenarios.ts';

export const unmetNeedSchema = z.object({ what: z.enum(needNames), reason: z.string() });
export type UnmetNeed = z.infer<typeof unmetNeedSchema>;

export const lessonEntrySchema = z.object({
  /** Of the file, without its ending. */
  name: z.string(),
  origin: z.enum(['built-in', 'own', 'file']),
  file: z.string(),
  /** Where there are no mistakes. */
  head: headSchema.optional(),
  mistakes: z.array(mistakeSchema),
});
export type LessonEntry = z.infer<typeof lessonEntrySchema>;

/** The window reads the text by the same parser. */
export const openedLessonSchema = z.object({ ...lessonEntrySchema.shape, text: z.string() });
export type OpenedLesson = z.infer<typeof openedLessonSchema>;

export const lessonRequests = {
  /** In reading order; those with mistakes are there too. */
  'lessons.list': {
    params: nothing,
    result: z.object({ lessons: z.array(lessonEntrySchema), unmet: z.array(unmetNeedSchema) }),
  },
  'lesson.open': { params: scenarioPlaceSchema, result: openedLessonSchema },
} as const;
