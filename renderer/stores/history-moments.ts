/** Moments of a run that people talk about: who served, what was changed, what was found, what an engine had to say. */
import type { z } from 'zod';
import type { FrameSource } from '../../shared/contract/channels.ts';
import {
  markSchema,
  modelFrameSchema,
  saidNoticeSchema,
  type Mark,
  type ModelFrame,
  type Notice,
} from '../../shared/engine-messages.ts';
import { findingSchema, type Finding } from '../../shared/findings.ts';
import type { Annotation } from '../../shared/session/edits.ts';
import { decodeJson } from '../../shared/telemetry/codec.ts';
import { frameKinds } from '../../shared/telemetry/wire.ts';

export interface TimedNotice extends Notice {
  /** When it was said, or that of the newest frame before it; NaN where neither is known. */
  readonly timeNs: number;
  readonly source: FrameSource;
}

/** More of one kind than anybody reads; the oldest go. */
const most = 5000;

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > most) list.splice(0, list.length - most);
}

export class Moments {
  readonly models: ModelFrame[] = [];
  readonly marks: (Mark & { readonly source: FrameSource })[] = [];
  readonly findings: Finding[] = [];
  readonly notices: TimedNotice[] = [];
  /** Of a recorded session, in the order of time. */
  annotations: readonly Annotation[] = [];
  /** Stretches of time that a recorded session does not hold. */
  missing: readonly { readonly fromNs: number; readonly toNs: number }[] = [];
  /** Grows with every moment. */
  version = 0;

  /** Throws where the frame does not say what its schema says. */
  take(source: FrameSource, kind: number, payload: Uint8Array, newestNs: number): void {
    const read = <T>(schema: z.ZodType<T>): T => schema.parse(decodeJson(payload));
    if (kind === frameKinds.model && source === 'server') keep(this.models, read(modelFrameSchema));
    else if (kind === frameKinds.mark) keep(this.marks, { ...read(markSchema), source });
    else if (kind === frameKinds.finding) keep(this.findings, read(findingSchema));
    else if (kind === frameKinds.notice) keep(this.notices, { timeNs: newestNs, ...read(saidNoticeSchema), source });
    else return;
    this.version++;
  }

  annotate(annotations: readonly Annotation[]): void {
    this.annotations = annotations;
    this.version++;
  }

  /** The model that served at a moment. */
  modelAt(timeNs: number): ModelFrame | undefined {
    return this.models.findLast((model) => model.timeNs <= timeNs) ?? this.models[0];
  }
}
