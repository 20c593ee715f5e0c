/** Lessons: listed and opened; what a reader predicted and measured is kept; a page of all of it. */
import { z } from 'zod';
import { measuredSchema } from '../lesson/measured.ts';
import { headSchema, needNames } from '../lesson/parts.ts';
import { switchCostSchema } from '../switch-cost.ts';
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

/** Names of parts and files; what a file system or a page could take for something else is none. */
const partName = z.string().min(1).max(80);

/** A track of one run, as SVG. */
export const pictureSchema = z.object({
  part: partName,
  label: z.string().max(200),
  variant: z.string().max(200).optional(),
  track: z.string().max(40),
  /** Of the window in which it was drawn. */
  theme: z.enum(['dark', 'light']).optional(),
  svg: z.string().max(400_000),
});
export type LessonPicture = z.infer<typeof pictureSchema>;

/** Milliseconds are of the epoch. */
export const lessonProgressSchema = z.strictObject({
  name: partName,
  beganMs: z.number(),
  changedMs: z.number(),
  /** When all that must run had run. */
  doneMs: z.number().optional(),
  /** By the name of what was asked: the index of a choice, a number, or a number for each point of a drawing. */
  answers: z.record(partName, z.union([z.number(), z.array(z.number()).max(60)])),
  /** By the name of the part. */
  measured: z.record(partName, z.object({ atMs: z.number(), of: measuredSchema })),
  pictures: z.array(pictureSchema).max(40),
});
export type LessonProgress = z.infer<typeof lessonProgressSchema>;

export const lessonRequests = {
  /** In reading order; those with mistakes are there too. */
  'lessons.list': {
    params: nothing,
    result: z.object({ lessons: z.array(lessonEntrySchema), unmet: z.array(unmetNeedSchema) }),
  },
  'lesson.open': { params: scenarioPlaceSchema, result: openedLessonSchema },
  'lessons.progress': { params: nothing, result: z.array(lessonProgressSchema) },
  /** In place of what was kept of that lesson. */
  'lesson.keep': { params: lessonProgressSchema, result: nothing },
  /** Forgets what was kept of one lesson, or of all. */
  'lessons.reset': { params: z.strictObject({ name: partName.optional() }), result: nothing },
  /** The reader's lab report: one page that needs nothing else. */
  'lessons.report': { params: nothing, result: z.object({ fileName: z.string(), text: z.string() }) },
  /** Measures by itself: refused while an experiment or a live run goes on. */
  'switchCost.run': { params: z.strictObject({ rounds: z.number().int().min(1).max(15) }), result: switchCostSchema },
  /** Whether this user has never seen the first page; to have asked is to have seen it. */
  'welcome.take': { params: nothing, result: z.object({ isNew: z.boolean() }) },
} as const;
