/** The running lab: one server, its clients, changed while they run. Its figures come as frames, not as events. */
import { z } from 'zod';
import { externalId, modelIds } from '../catalogue.ts';
import {
  clientSchema,
  limits,
  modelOptionsSchema,
  runTimeSchema,
  serverSettingsSchema,
  upstreamSchema,
  type RunSettings,
} from '../schemas/settings.ts';
import { scenarioLoadSchema } from '../schemas/settings.ts';
import { detailLevels } from '../telemetry/wire.ts';
import { nothing } from './channels.ts';

const range = (limit: keyof typeof limits): z.ZodNumber => z.number().int().min(limits[limit][0]).max(limits[limit][1]);

/** How much is recorded. `switches`: record every context switch, which costs thread-per-connection models a quarter. */
export const detailSchema = z.strictObject({ level: z.enum(detailLevels), switches: z.boolean() });
export type Detail = z.infer<typeof detailSchema>;

/** What a lab is started with. It runs until it is stopped, or for `durationSeconds` where that is given. */
export const liveSettingsSchema = z.strictObject({
  title: z.string().optional(),
  server: serverSettingsSchema,
  connections: runTimeSchema.connections,
  clients: z.array(clientSchema).min(1).max(64),
  load: scenarioLoadSchema.prefault({}),
  upstream: upstreamSchema.optional(),
  pin: z.boolean().default(true),
  detail: detailSchema.prefault({ level: 'fds', switches: true }),
  durationSeconds: z.number().positive().optional(),
});
export type LiveSettings = z.infer<typeof liveSettingsSchema>;
export type LiveSettingsInput = z.input<typeof liveSettingsSchema>;

/** A run of a scenario as a live one: the same server, clients and upstream. Undefined for somebody's own server. */
export function liveSettingsOf(
  { server: whole, connections, clients, load, upstream, pin }: RunSettings,
  title: string,
): LiveSettings | undefined {
  if (whole.model === externalId) return undefined;
  const { command: _command, pid: _pid, ...server } = whole;
  return liveSettingsSchema.parse({
    ...{ title, server, connections, clients, load, pin },
    ...(upstream ? { upstream } : {}),
  });
}

/** What can be changed while it runs; what is not given stays. */
export const liveChangesSchema = z.strictObject({
  connections: runTimeSchema.connections.unwrap().optional(),
  clients: z.array(clientSchema).min(1).max(64).optional(),
  /** Clients stop asking, and go on. */
  paused: z.boolean().optional(),
  workUs: range('workUs').optional(),
  waitMs: range('waitMs').optional(),
  chunks: range('chunks').optional(),
  detail: detailSchema.optional(),
});
export type LiveChanges = z.infer<typeof liveChangesSchema>;

export const switchRequestSchema = z.strictObject({ model: z.enum(modelIds), options: modelOptionsSchema.default({}) });

/** How a switch went. */
export const switchReportSchema = z.strictObject({
  model: z.enum(modelIds),
  previous: z.enum(modelIds),
  /** `live`: connections stayed open. `reconnect`: the models cannot hand over; the clients connected anew. */
  how: z.enum(['live', 'reconnect']),
  /** How long nobody served. */
  pauseMs: z.number(),
  keptConnections: z.number(),
});
export type SwitchReport = z.infer<typeof switchReportSchema>;

export const liveStateSchema = z.strictObject({
  /** `idle`: nothing runs; `replaying`: the frames are those of a session file. */
  phase: z.enum(['idle', 'starting', 'running', 'switching', 'stopping', 'replaying']),
  /** Settings as they are now, changes included. */
  settings: liveSettingsSchema.optional(),
  paused: z.boolean(),
  address: z.strictObject({ host: z.string(), port: z.number() }).optional(),
  serverPid: z.number().optional(),
  clientsPid: z.number().optional(),
  /** When the run began, before its first frame, by CLOCK_MONOTONIC; kept when it has ended. Time is told from here. */
  startedNs: z.number().optional(),
  recording: z.strictObject({ id: z.string(), path: z.string(), bytes: z.number() }).optional(),
  /** Why it ended, where it ended by a fault. */
  fault: z.string().optional(),
});
export type LiveState = z.infer<typeof liveStateSchema>;

export const liveRequests = {
  'live.state': { params: nothing, result: liveStateSchema },
  'live.start': { params: liveSettingsSchema, result: liveStateSchema },
  'live.change': { params: liveChangesSchema, result: liveStateSchema },
  'live.switch': { params: switchRequestSchema, result: switchReportSchema },
  'live.stop': { params: nothing, result: liveStateSchema },
  /** A moment that the user marks; it becomes a `mark` frame. */
  'live.mark': { params: z.strictObject({ text: z.string().max(500) }), result: nothing },
} as const;

export const liveEvents = {
  'live.state': liveStateSchema,
} as const;
