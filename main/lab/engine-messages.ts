/** The JSON frames of an engine. Keys that a newer engine adds are let through. */
import { z } from 'zod';

export const noticeSchema = z.object({
  level: z.enum(['info', 'warning', 'error']),
  /** For programs: the same fact has the same code. */
  code: z.string(),
  text: z.string(),
});
export type Notice = z.infer<typeof noticeSchema>;

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

export const replySchema = z.object({ id: z.number(), ok: z.boolean(), error: z.string().optional() });

export const finishedSchema = z.object({ reason: z.string(), error: z.string().optional() });
export type Finished = z.infer<typeof finishedSchema>;

export const markSchema = z.object({ name: z.string(), timeNs: z.number() });
export type Mark = z.infer<typeof markSchema>;
