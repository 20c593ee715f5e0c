/** What a diagnosis rule is. */
import type { Finding } from '../../../shared/findings.ts';
import type { Observation } from './observation.ts';

/** What a rule says when it holds: the sentence, the figures in it, and what it is about. */
export type Verdict = Pick<Finding, 'level' | 'text' | 'figures'> &
  Partial<Pick<Finding, 'threadId' | 'connectionId' | 'fd'>>;

export interface Rule {
  readonly code: Finding['code'];
  /** It must hold for so long before it is said: a single odd tick is no finding. */
  readonly holdMs: number;
  /** Undefined where it does not hold now. */
  readonly look: (observation: Observation) => Verdict | undefined;
}

export const percent = (share: number): string => `${Math.round(share * 100)}%`;
export const rounded = (value: number): number => Number(value.toPrecision(3));

/** 1,234,567 as "1.23 million", 12,345 as "12,300": as exact as a reader needs. */
export function count(value: number): string {
  if (value >= 999_500) return `${rounded(value / 1e6)} million`;
  return rounded(value).toLocaleString('en-US');
}

export const milliseconds = (micros: number): string =>
  micros >= 10_000 ? `${Math.round(micros / 1000)} ms` : `${rounded(micros / 1000)} ms`;
