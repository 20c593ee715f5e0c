/**
 * How a renderer and the lab talk, whatever carries it (MessagePort in Electron, WebSocket in the web host).
 *
 * A channel map is the only place where a verb is named: `request` maps verbs to the schemas of their parameters and
 * results, `event` maps names to the schemas of what the lab says by itself. Client and server types derive from the
 * maps (contract.ts joins those of all rooms), and both ends check what they receive against the schemas.
 *
 * Text messages are JSON (Message below). Binary messages are batches of telemetry frames: one byte, an index in
 * `frameSources`, then whole frames as in telemetry/wire.ts, at most `maxBatchBytes` in all. A frame that is longer
 * goes alone.
 */
import { z } from 'zod';

export interface RequestSpec {
  readonly params: z.ZodType;
  readonly result: z.ZodType;
}
export type RequestMap = Readonly<Record<string, RequestSpec>>;
export type EventMap = Readonly<Record<string, z.ZodType>>;

export type ParamsOf<Map extends RequestMap, Verb extends keyof Map> = z.input<Map[Verb]['params']>;
export type CheckedParamsOf<Map extends RequestMap, Verb extends keyof Map> = z.output<Map[Verb]['params']>;
export type ResultOf<Map extends RequestMap, Verb extends keyof Map> = z.output<Map[Verb]['result']>;
export type EventOf<Map extends EventMap, Name extends keyof Map> = z.output<Map[Name]>;

export const contractVersion = 1;

/** Where the frames of a batch come from. `lab` writes marks, findings and what else no engine knows. */
export const frameSources = ['server', 'clients', 'upstream', 'lab'] as const;
export type FrameSource = (typeof frameSources)[number];

/** Larger messages take a slower path in Chromium. */
export const maxBatchBytes = 65_536;

/** A fault as it crosses the contract; `kind` is that of the lab's errors. */
export const faultSchema = z.object({
  kind: z.enum(['bad-input', 'unavailable', 'failed', 'interrupted']),
  /** One sentence, with what to do about it. */
  sentence: z.string(),
});
export type Fault = z.infer<typeof faultSchema>;

/** JSON leaves out what says nothing: `params` and `result` may be absent. */
export const messageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('request'),
    id: z.number().int(),
    verb: z.string(),
    params: z.unknown().optional(),
  }),
  z.strictObject({ type: z.literal('result'), id: z.number().int(), result: z.unknown().optional() }),
  z.strictObject({ type: z.literal('fault'), id: z.number().int(), fault: faultSchema }),
  z.strictObject({ type: z.literal('event'), name: z.string(), payload: z.unknown() }),
  /** From the renderer: it can take so many bytes of frames more. Without credit the lab merges and waits. */
  z.strictObject({ type: z.literal('credit'), bytes: z.number().int().min(1) }),
]);
export type Message = z.infer<typeof messageSchema>;

/** Parameters or results that say nothing. */
export const nothing = z.undefined();
