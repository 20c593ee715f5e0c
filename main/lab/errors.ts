/** Faults that end what a host asked for, each with one plain sentence and what kind of fault it is. */

import type { Fault } from '../../shared/contract/channels.ts';
import { SessionFormatError } from '../../shared/session/file-kind.ts';
import { visibleLine } from '../../shared/visible.ts';

export type FaultKind =
  /** What was asked for cannot be: a value out of range, a port in use. */
  | 'bad-input'
  /** The model is not available on this machine. */
  | 'unavailable'
  /** It began and failed. */
  | 'failed'
  /** The host's own signal ended it. */
  | 'interrupted';

export class LabError extends Error {
  override readonly name = 'LabError';
  readonly kind: FaultKind;

  /** One sentence, or one a line. What it quotes of files and peers gives no orders to a terminal, and begins no line. */
  constructor(kind: FaultKind, sentence: string | readonly string[]) {
    super([sentence].flat().map(visibleLine).join('\n'));
    this.kind = kind;
  }
}

/** An engine's no to a command. Its own sentence is apart, for where it needs no other before it. */
export class EngineRefusal extends LabError {
  readonly reason: string;

  constructor(engineName: string, reason: string) {
    super('failed', `${engineName} refused a command: ${reason}`);
    this.reason = reason;
  }
}

export const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** As it crosses the contract. */
export const faultOf = (error: unknown): Fault => ({
  kind: error instanceof LabError ? error.kind : error instanceof SessionFormatError ? 'bad-input' : 'failed',
  sentence: sentenceOf(error),
});

/** Throws LabError('interrupted') where the signal has been given. */
export function throwIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LabError('interrupted', 'The run was interrupted before its end.');
}

/** Whether the signal ended `work` early and what was done until then is to be kept; else as `work`, with its fault. */
export async function isCutShort(
  work: Promise<unknown>,
  signal: AbortSignal | undefined,
  isKept = false,
): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (isKept && signal?.aborted && error instanceof LabError && error.kind === 'interrupted') return true;
    throw error;
  }
}

/** `work`, or LabError('interrupted') as soon as the signal is given. */
export async function orInterrupted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let onAbort: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new LabError('interrupted', 'The run was interrupted before its end.'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
