/** The flight recorder: the last seconds of a live run stay in memory, and a trigger keeps them as a session. */
import { z } from 'zod';
import { nothing } from './channels.ts';

export const flightSettingsSchema = z.strictObject({
  /** What is kept from before a trigger, */
  beforeSeconds: z.number().min(1).max(120).default(10),
  /** and from after it. */
  afterSeconds: z.number().min(0).max(60).default(2),
  /** The level `events`, with every context switch, while it is armed; the level before it when it is not any more. */
  events: z.boolean().default(true),
  /** A second whose p99 is above this. */
  p99Ms: z.number().positive().optional(),
  /** Any error that clients or server count. */
  onError: z.boolean().default(false),
  /** A socket that was ready and not served for so long. */
  starvedMs: z.number().positive().optional(),
  /** Triggers do nothing for so long after one; the user's key always does. */
  restSeconds: z.number().min(0).max(3600).default(30),
});
export type FlightSettings = z.output<typeof flightSettingsSchema>;

export const flightTriggers = ['p99', 'error', 'starved', 'key'] as const;

export const flightStateSchema = z.strictObject({
  armed: flightSettingsSchema.optional(),
  /** Seconds that are in memory now; fewer than asked for where they would not fit. */
  heldSeconds: z.number(),
  heldBytes: z.number(),
  /** A trigger has come, and what follows it is being recorded. */
  isKeeping: z.boolean(),
  /** Sessions kept since it was armed. */
  kept: z.number(),
});
export type FlightState = z.infer<typeof flightStateSchema>;

export const flightKeptSchema = z.strictObject({
  trigger: z.enum(flightTriggers),
  /** What triggered it, with its figure. */
  sentence: z.string(),
  timeNs: z.number(),
  /** The session's file in the library. */
  file: z.string(),
});
export type FlightKept = z.infer<typeof flightKeptSchema>;

export const flightRequests = {
  'flight.state': { params: nothing, result: flightStateSchema },
  /** Before or during a run; stays armed over runs until it is disarmed. Armed anew, it takes the new settings. */
  'flight.arm': { params: flightSettingsSchema, result: flightStateSchema },
  'flight.disarm': { params: nothing, result: flightStateSchema },
  /** The user's key: keeps what is in memory and what follows. */
  'flight.keep': { params: nothing, result: nothing },
} as const;

export const flightEvents = {
  'flight.state': flightStateSchema,
  'flight.kept': flightKeptSchema,
} as const;
