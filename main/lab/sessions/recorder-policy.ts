/** When a recorder writes, flushes and leaves out; the session file's README says what follows from it. */
export const recorderPolicy = {
  /** A chunk of frames is closed at this size, */
  chunkBytes: 1 << 20,
  /** and at this age. */
  chunkMs: 1000,
  syncMs: 5000,
  /** Seconds of summary, and frames, from one keyframe to the next. */
  keyframeSeconds: 30,
  keyframeBytes: 32 << 20,
  maxQueuedBytes: 64 << 20,
} as const;
export type RecorderPolicy = { readonly [K in keyof typeof recorderPolicy]: number };
