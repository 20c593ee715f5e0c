/** What the engine says of its bench: the frame `bench`, with the kernel's numbers. */
import { z } from 'zod';

const end = z.object({ host: z.string(), port: z.number() }).nullable();

export const engineLookSchema = z.object({
  timeNs: z.number(),
  processes: z.array(
    z.object({
      name: z.string(),
      pid: z.number(),
      descriptorLimit: z.number(),
      state: z.enum(['running', 'ended']),
      how: z.string(),
      actors: z.array(
        z.object({
          name: z.string(),
          tid: z.number(),
          state: z.enum(['ready', 'asleep', 'gone']),
          wchan: z.string().optional(),
          since: z.number().optional(),
          /** Of the command whose call it sleeps in. */
          id: z.number().optional(),
        }),
      ),
      fds: z.array(
        z.object({
          fd: z.number(),
          file: z.string(),
          flags: z.number(),
          position: z.number(),
          inode: z.number(),
          count: z.number().optional(),
          watches: z.array(z.object({ target: z.number(), events: z.number(), inode: z.number() })).optional(),
        }),
      ),
    }),
  ),
  sockets: z.array(
    z.object({
      inode: z.number(),
      family: z.number(),
      type: z.number(),
      state: z.number(),
      local: end,
      peer: end,
      recvQueue: z.number(),
      sendQueue: z.number(),
      timer: z.number(),
      expiresMs: z.number(),
      retransmits: z.number(),
      peerInode: z.number().optional(),
      transfer: z
        .object({
          segmentsOut: z.number(),
          segmentsIn: z.number(),
          dataSegmentsOut: z.number(),
          dataSegmentsIn: z.number(),
          bytesAcked: z.number(),
          bytesReceived: z.number(),
          retransmits: z.number(),
        })
        .optional(),
      /** Hexadecimal. */
      waiting: z.string().optional(),
    }),
  ),
  notices: z.array(z.string()),
});
export type EngineLook = z.infer<typeof engineLookSchema>;

const returnedSchema = z.object({
  /** Of the command that made the call. */
  id: z.number(),
  actor: z.string(),
  blocked: z.boolean(),
  startedNs: z.number(),
  /** These are absent while it is blocked, and where its process ended in it. */
  result: z.number().optional(),
  errno: z.number().optional(),
  durationNs: z.number().optional(),
  value: z.number().optional(),
  address: z.string().optional(),
  data: z.string().optional(),
  completion: z.object({ tag: z.number(), result: z.number() }).optional(),
  signal: z.object({ number: z.number(), fd: z.number(), band: z.number() }).optional(),
  ready: z.array(z.object({ fd: z.number(), events: z.number() })).optional(),
});
export type Returned = z.infer<typeof returnedSchema>;

export const engineReportSchema = z.object({
  /** Of the command; 0: it came by itself. */
  id: z.number(),
  report: returnedSchema.nullable(),
  woken: z.array(returnedSchema),
  look: engineLookSchema,
});
export type EngineReport = z.infer<typeof engineReportSchema>;
