/** What a case of the conformance table is, and which models can take it. */
import type { ModelFacts } from '../support/engines.ts';
import type { Dialect, Protocol } from '../support/dialects.ts';
import type { ServerUnderTest, ServeSettings } from '../support/server-under-test.ts';

/** Servers that the cases of one model and protocol share; each is started when the first case needs it. */
export const servers = {
  echo: { handler: 'echo' },
  mebibyte: { handler: 'respond', responseBytes: 1 << 20 },
  chunks: { handler: 'respond', responseBytes: 70_000, chunks: 7 },
  waits: { handler: 'echo', waitMs: 100 },
  works: { handler: 'echo', workUs: 2000 },
  forward: { handler: 'forward', upstream: 'live' },
  deadUpstream: { handler: 'forward', upstream: 'dead' },
} as const satisfies Record<string, ServeSettings>;

export type ServerName = keyof typeof servers;

export interface Context {
  readonly model: ModelFacts;
  readonly protocol: Protocol;
  readonly dialect: Dialect;
  readonly server: ServerUnderTest;
  /** Ends the case as inconclusive. */
  readonly skip: (reason: string) => void;
}

export interface Case {
  readonly name: string;
  readonly server: ServerName;
  /** All three where it says nothing. */
  readonly protocols?: readonly Protocol[];
  /** Why a model cannot take it, or undefined. */
  readonly skip?: (model: ModelFacts) => string | undefined;
  readonly run: (context: Context) => Promise<void>;
}

export const oneAtATime = (model: ModelFacts): string | undefined =>
  model.id === 'blocking-iterative' ? 'it serves one connection at a time' : undefined;
