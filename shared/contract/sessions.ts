/**
 * Recorded sessions: the library, what a person changes in them, recording, replay, and the flight recorder.
 *
 * A session is named by its file in the library's folder. Times are CLOCK_MONOTONIC in ns, as in the frames; a card's
 * `startedWallMs` and `startedNs` are the same moment by both clocks. While a session is replayed its frames come as
 * those of a live run do, and live.state has the phase `replaying`.
 */
import { z } from 'zod';
import { csvFormulas } from '../csv.ts';
import { comparisonSchema } from '../session/compare.ts';
import { annotationSchema, sessionNameSchema, sessionNotesSchema, sessionTagsSchema } from '../session/edits.ts';
import { sessionExtension } from '../session/format.ts';
import { manifestSchema } from '../session/manifest.ts';
import { momentSchema, overviewSchema } from '../session/overview.ts';
import { nothing } from './channels.ts';
import { flightEvents, flightRequests } from './flight.ts';
import { liveStateSchema } from './live.ts';

/** A name in the library's folder, no path. */
export const sessionFileSchema = z
  .string()
  .max(255)
  .refine((name) => name.endsWith(sessionExtension) && !name.startsWith('.') && !/[/\0]/.test(name), {
    error: `must be the name of a session file, such as run${sessionExtension}`,
  });

const file = z.strictObject({ file: sessionFileSchema });

export const sessionCardSchema = z.object({
  file: z.string(),
  /** Made when it was recorded; the same in every copy. */
  id: z.string(),
  name: z.string(),
  notes: z.string(),
  tags: z.array(z.string()),
  scenario: z.object({ name: z.string(), title: z.string() }).optional(),
  /** Those that served, in the order in which each first did. */
  models: z.array(z.string()),
  startedWallMs: z.number(),
  startedNs: z.number(),
  durationSeconds: z.number(),
  requests: z.number(),
  /** Requests per second over time, at most 60 values. */
  sparkline: z.array(z.number()),
  annotations: z.number(),
  bytes: z.number(),
  isRecording: z.boolean(),
  /** False: it was cut off, and ends with its last whole frame. */
  wasClosedWell: z.boolean(),
  /** Frames that the disk was too slow for. */
  lostFrames: z.number(),
});
export type SessionCard = z.infer<typeof sessionCardSchema>;

export const sessionListSchema = z.object({
  folder: z.string(),
  /** Newest first. */
  sessions: z.array(sessionCardSchema),
  /** Files of the folder that do not open, each with the reason. */
  unreadable: z.array(z.object({ file: z.string(), bytes: z.number(), sentence: z.string() })),
});
export type SessionList = z.infer<typeof sessionListSchema>;

export const sessionDetailsSchema = z.object({
  card: sessionCardSchema,
  manifest: manifestSchema,
  annotations: z.array(annotationSchema),
  overview: overviewSchema,
});
export type SessionDetails = z.infer<typeof sessionDetailsSchema>;

/** A session that was deleted and can be brought back by its key. */
export const trashedSchema = z.object({
  key: z.string(),
  file: z.string(),
  deletedWallMs: z.number(),
  bytes: z.number(),
});
export type TrashedSession = z.infer<typeof trashedSchema>;

/** Pieces of a file that the window has and the lab's machine may not, in order; 45,000 bytes are 60,000 of base64. */
export const maxUploadPieceBytes = 45_000;
const uploadSchema = z.strictObject({
  /** Chosen by the window, the same for all pieces of a file. */
  upload: z.string().regex(/^[\w-]{1,64}$/),
  name: z.string().min(1).max(255),
  /** Where this piece begins; 0 begins the file anew. */
  offset: z.number().int().min(0),
  base64: z.base64().max(60_000),
  isLast: z.boolean(),
});

export const recordingSettingsSchema = z.strictObject({
  /** Every live run is recorded from its start. */
  automatic: z.boolean(),
});
export type RecordingSettings = z.infer<typeof recordingSettingsSchema>;

/** Of a session, what is not there: `lost` while it was recorded, since the disk was too slow, or `damaged` afterwards. */
export const missingStretchSchema = z.strictObject({
  fromNs: z.number(),
  toNs: z.number(),
  cause: z.enum(['lost', 'damaged']),
});
export type MissingStretch = z.infer<typeof missingStretchSchema>;

export const replayStateSchema = z.strictObject({
  file: z.string(),
  isPlaying: z.boolean(),
  /** Seconds of the session for each second of the viewer, 0.1 to 10. */
  speed: z.number(),
  positionNs: z.number(),
  startedNs: z.number(),
  endedNs: z.number(),
  /** Grows with every seek: what was drawn from frames of an older epoch is not of this timeline. */
  epoch: z.number(),
  /** In the order of time; damaged ones are found when they are read. */
  missing: z.array(missingStretchSchema),
  /** What cannot be read any more; it is paused then. */
  fault: z.string().optional(),
});
export type ReplayState = z.infer<typeof replayStateSchema>;

const speed = z.number().min(0.1).max(10);

/** Formats of other tools. */
export const exportFormats = ['csv', 'parquet', 'hlog', 'chrome', 'perfetto', 'html'] as const;

const jobSchema = z.string().regex(/^[\w-]{1,64}$/);

const exportSchema = z.strictObject({
  file: sessionFileSchema,
  format: z.enum(exportFormats),
  /** A path on the lab's machine, for windows that may name one; else a new name in the library's folder `exports`. */
  out: z.string().min(1).max(4096).optional(),
  /** csv and parquet: this table only, as one file. */
  table: z.string().max(100).optional(),
  /** csv: texts that a spreadsheet would run, see shared/csv.ts. */
  csvFormulas: z.enum(csvFormulas).optional(),
  /** Chosen by the window: it names the export in sessions.exporting and sessions.cancelExport. */
  job: jobSchema.optional(),
});

const exportedSchema = z.object({
  /** The file, or the folder of the files. */
  path: z.string(),
  files: z.array(z.object({ name: z.string(), bytes: z.number() })),
  /** What the export lacks, in sentences. */
  notices: z.array(z.string()),
});

export const sessionRequests = {
  'sessions.list': { params: nothing, result: sessionListSchema },
  'sessions.details': { params: file, result: sessionDetailsSchema },
  /** What is not given stays. */
  'sessions.change': {
    params: file.extend({
      name: sessionNameSchema.optional(),
      notes: sessionNotesSchema.optional(),
      tags: sessionTagsSchema.optional(),
    }),
    result: sessionCardSchema,
  },
  /** At a moment, or over a range with `toNs`; a known id changes that annotation. Result: all, in the order of time. */
  'sessions.annotate': {
    params: file.extend({ annotation: annotationSchema.partial({ id: true }) }),
    result: z.array(annotationSchema),
  },
  'sessions.removeAnnotation': { params: file.extend({ id: z.string() }), result: z.array(annotationSchema) },
  /** Into the trash, from which sessions.restore brings it back. It is emptied of what is older than 30 days. */
  'sessions.delete': {
    params: z.strictObject({ files: z.array(sessionFileSchema).max(10_000) }),
    result: z.array(trashedSchema),
  },
  'sessions.restore': {
    params: z.strictObject({ keys: z.array(z.string()).max(10_000) }),
    result: z.array(sessionCardSchema),
  },
  'sessions.trash': { params: nothing, result: z.array(trashedSchema) },
  'sessions.emptyTrash': { params: nothing, result: nothing },
  /** A copy of a file of the lab's machine. */
  'sessions.import': { params: z.strictObject({ path: z.string().min(1).max(4096) }), result: sessionCardSchema },
  /** A file of the window's machine, piece by piece; the last one's result has the card. */
  'sessions.upload': { params: uploadSchema, result: z.object({ card: sessionCardSchema.optional() }) },
  /** Resolves when it is written, whole; one that fails leaves nothing. */
  'sessions.export': { params: exportSchema, result: exportedSchema },
  /** Its sessions.export then fails as interrupted, and leaves nothing. False where no export of that name goes on. */
  'sessions.cancelExport': { params: z.strictObject({ job: jobSchema }), result: z.boolean() },
  /** Two sessions, side by side: b against a. */
  'sessions.compare': {
    params: z.strictObject({ a: sessionFileSchema, b: sessionFileSchema }),
    result: comparisonSchema,
  },
  /** The same as one HTML page that needs nothing else. */
  'sessions.report': {
    params: z.strictObject({ a: sessionFileSchema, b: sessionFileSchema }),
    result: z.object({ fileName: z.string(), text: z.string() }),
  },

  /** Records the live run from now on, or from its start where `recording.settings` say so. */
  'recording.start': { params: z.strictObject({ name: sessionNameSchema.optional() }), result: liveStateSchema },
  'recording.stop': { params: nothing, result: sessionCardSchema },
  'recording.settings': { params: nothing, result: recordingSettingsSchema },
  'recording.configure': { params: recordingSettingsSchema, result: recordingSettingsSchema },

  /** Not while the lab runs. Shows the session's beginning, paused. */
  'replay.open': { params: file, result: z.object({ details: sessionDetailsSchema, replay: replayStateSchema }) },
  'replay.state': { params: nothing, result: replayStateSchema.optional() },
  'replay.seek': { params: z.strictObject({ timeNs: z.number() }), result: replayStateSchema },
  'replay.play': { params: z.strictObject({ speed: speed.optional() }), result: replayStateSchema },
  'replay.speed': { params: z.strictObject({ speed }), result: replayStateSchema },
  'replay.pause': { params: nothing, result: replayStateSchema },
  /** To the next or previous mark, model, finding, notice or annotation; stays where there is none. */
  'replay.jump': {
    params: z.strictObject({
      direction: z.enum(['next', 'previous']),
      /** All where it is not given. */
      kinds: z
        .array(z.enum([...momentSchema.shape.kind.options, 'annotation']))
        .min(1)
        .optional(),
    }),
    result: replayStateSchema,
  },
  'replay.close': { params: nothing, result: nothing },

  ...flightRequests,
} as const;

export const sessionEvents = {
  /** The library is not as it was: list it anew. */
  'sessions.changed': z.object({ files: z.array(z.string()) }),
  /** How much of an export with a job's name is done, 0 to 1. */
  'sessions.exporting': z.object({ job: z.string(), share: z.number() }),
  'replay.state': replayStateSchema,
  ...flightEvents,
} as const;
