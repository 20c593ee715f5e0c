/** What one call on the bench came to. The keys that issue texts and scripts rely on are the JSON of `fdscope walk`. */
import { z } from 'zod';
import { benchLookSchema } from './state.ts';

/** What came back beside the result. */
export const outputSchema = z.object({
  /** Bytes read, as text (the first 4,096; what is not printable as \xNN). */
  data: z.string().optional(),
  /** Of accept4, getsockname, getpeername, recvfrom. */
  address: z.string().optional(),
  /** Of getsockopt, fcntl. */
  value: z.union([z.number(), z.string()]).optional(),
  /** Of select, poll, epoll_wait. */
  ready: z.array(z.object({ fd: z.number(), events: z.array(z.string()) })).optional(),
  /** Of sigtimedwait: which signal, and for which fd. */
  signal: z.object({ name: z.string(), fd: z.number(), band: z.array(z.string()) }).optional(),
  /** Of io_uring_wait: `result` is what the call would have returned, or -errno; `errno` is its name. */
  completion: z
    .object({ tag: z.number(), result: z.number(), errno: z.string().nullable(), data: z.string().optional() })
    .optional(),
});
export type StepOutput = z.infer<typeof outputSchema>;

/** What crossed from one socket to another between two looks. */
export const crossingSchema = z.object({
  /** Keys of sockets; a side that is gone already keeps its key. */
  from: z.string(),
  to: z.string(),
  /** From tcp_info of both ends. 0 segments with flags: neither end had figures any more. */
  segments: z.number(),
  bytes: z.number(),
  retransmits: z.number(),
  /** Inferred from the states before and after, not captured: SYN, SYN+ACK, ACK, FIN, RST. */
  inferredFlags: z.array(z.enum(['SYN', 'SYN+ACK', 'ACK', 'FIN', 'RST'])),
});
export type Crossing = z.infer<typeof crossingSchema>;

export const judgedSchema = z.object({
  expect: z.string(),
  because: z.string().optional(),
  held: z.boolean(),
  /** The figures in it: `state(listener) = LISTEN`. */
  seen: z.array(z.string()),
});
export type Judged = z.infer<typeof judgedSchema>;

export const stepSchema = z.object({
  /** From 0. A step that was told as blocked is told again, with the same index, when it has returned. */
  index: z.number(),
  /** Of the walk's steps, from 0, where it is one of them. */
  walkStep: z.number().optional(),
  actor: z.string(),
  process: z.string(),
  call: z.string(),
  /** With the numbers of fds and ports that were really given. */
  arguments: z.record(z.string(), z.unknown()),
  /** What the result is called from here on. */
  as: z.string().optional(),
  /** As C would write it, with the numbers: `bind(3, 127.0.0.1:8080, 16)`. */
  text: z.string(),
  /** Null while it is blocked, and where the process ended in it. */
  result: z.number().nullable(),
  errno: z.string().nullable(),
  /** Of the errno, or why the bench did not make the call. */
  sentence: z.string().optional(),
  /** True: the bench did not make it (an fd beyond FD_SETSIZE for select, no ring...), and says why in `sentence`. */
  refused: z.boolean(),
  blocked: z.boolean(),
  blockedIn: z.object({ call: z.string(), wchan: z.string() }).optional(),
  startedNs: z.number(),
  /** In the kernel, by the actor's own clock. Null while it is blocked. */
  durationNs: z.number().nullable(),
  output: outputSchema.optional(),
  /** Indices of steps that slept and returned while this one was made. */
  woke: z.array(z.number()),
  /** It slept first, and returned: by the step of that index, or by time, or by a signal. */
  wokenBy: z.union([z.number(), z.enum(['time', 'signal'])]).optional(),
  expectations: z.array(judgedSchema),
  crossed: z.array(crossingSchema),
  state: benchLookSchema,
});
export type BenchStep = z.infer<typeof stepSchema>;

/** What `fdscope walk --json` prints. */
export const walkResultSchema = z.object({
  walk: z.string(),
  title: z.string(),
  steps: z.array(stepSchema),
});
export type WalkResult = z.infer<typeof walkResultSchema>;
