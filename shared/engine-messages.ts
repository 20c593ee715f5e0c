/**
 * The JSON frames of an engine, and the commands that it takes. Keys that a newer engine adds are let through.
 *
 * Commands are JSON lines {id, cmd, ...} on stdin; each is answered by a `reply` frame with its id:
 *
 *   stop                                        both
 *   snapshot                                    both: a counters frame now, with this id
 *   level {level, switches}                     server: how much is recorded (detailLevels; record context switches or not)
 *   switch {model, options}                     server: another model takes over the open connections; refused, with the
 *                                               old model going on, where it cannot. Then a `model` frame.
 *   handler {workUs?, waitMs?, chunks?}         server: changes what a request costs; replies stay the same bytes
 *   clients {clients}                           load: the profiles from here on; connections that fit are kept
 *   pause {paused}                              load: stop asking, or go on
 */
import { z } from 'zod';

export const noticeSchema = z.object({
  level: z.enum(['info', 'warning', 'error']),
  /** For programs: the same fact has the same code. */
  code: z.string(),
  text: z.string(),
});
export type Notice = z.infer<typeof noticeSchema>;

/** As it is sent while a lab runs: when it was said, on CLOCK_MONOTONIC, which not every engine tells. */
export const saidNoticeSchema = noticeSchema.extend({ timeNs: z.number().optional() });

export const readySchema = z.object({
  role: z.string(),
  pid: z.number(),
  host: z.string().optional(),
  port: z.number().optional(),
  options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).default({}),
  /** Lines of the model's source whose hits are counted; `index` is the place in the counters. */
  steps: z.array(z.object({ index: z.number(), line: z.number(), label: z.string() })).default([]),
  sourceFile: z.string().optional(),
  notices: z.array(noticeSchema).default([]),
});
export type Ready = z.infer<typeof readySchema>;

/** The frame `model`: who serves from here on. */
export const modelFrameSchema = z.object({
  timeNs: z.number(),
  model: z.string(),
  options: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).default({}),
  sourceFile: z.string(),
  steps: z.array(z.object({ index: z.number(), line: z.number(), label: z.string() })),
  /** Of a live switch: the model before, */
  previous: z.string().optional(),
  /** how long nobody served, from the old model's return to the new one's first wait, */
  pauseNs: z.number().optional(),
  /** and how many open connections were handed over. */
  keptConnections: z.number().optional(),
});
export type ModelFrame = z.infer<typeof modelFrameSchema>;

export const replySchema = z.object({ id: z.number(), ok: z.boolean(), error: z.string().optional() });
export type Reply = z.infer<typeof replySchema>;

export const finishedSchema = z.object({ reason: z.string(), error: z.string().optional() });
export type Finished = z.infer<typeof finishedSchema>;

/** Where the clients of a load engine stood when the measured time was over. */
export const clientStockSchema = z.object({
  /** Clients that wanted at least one reply, and those of them that got one within the measured time. */
  asked: z.number(),
  answered: z.number(),
  /** Requests that were sent and not answered; connections neither open nor refused; due requests that nobody sent. */
  waiting: z.number(),
  connecting: z.number(),
  unsent: z.number(),
  /** How long the oldest of these had waited by then. */
  oldestNs: z.number(),
});

export type ClientStock = z.infer<typeof clientStockSchema>;

/** What the clients of one profile did and got since the load engine began, and the last time where they stood. */
export const profileCountsSchema = z.object({
  sent: z.number(),
  replies: z.number(),
  errors: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  clients: clientStockSchema.optional(),
});
export type ProfileCounts = z.infer<typeof profileCountsSchema>;

/**
 * Marks of the lab carry what was changed, in words, as `text`; those of a load engine (`steady`, `loadDone`) what its
 * clients were answered since it began, by code and by profile, and the last of them where they stood.
 */
export const markSchema = z.object({
  name: z.string(),
  timeNs: z.number(),
  text: z.string().optional(),
  replies: z.record(z.string(), z.number()).optional(),
  clients: clientStockSchema.optional(),
  profiles: z.record(z.string(), profileCountsSchema).optional(),
  /** Of TLS, since the load engine began; times in µs. */
  tls: z
    .object({
      ...{ version: z.string(), cipher: z.string(), protocol: z.string(), verified: z.boolean() },
      ...{ handshakes: z.number(), failed: z.number(), cpuNs: z.number() },
      times: z.object({
        ...{ p50: z.number(), p90: z.number(), p99: z.number(), p999: z.number(), max: z.number(), mean: z.number() },
      }),
    })
    .optional(),
  /** Of a run of so many requests: how many were asked. */
  asked: z.number().optional(),
});
export type Mark = z.infer<typeof markSchema>;
