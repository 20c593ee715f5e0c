/** Which engine the tests drive, and which models it has. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The engine's build: FDSCOPE_ENGINE_VARIANT is release (the default), asan or tsan. */
export const variant = process.env.FDSCOPE_ENGINE_VARIANT ?? 'release';
export const isSanitized = variant === 'asan' || variant === 'tsan';
/** Sanitized engines run several times slower: times are multiplied by this, amounts divided by it. */
export const slowdown = isSanitized ? 4 : 1;

export const engine = join(root, 'build/engine', variant, 'fdscope-engine');
const nodeServer = join(root, 'out/node-server.mjs');

export interface ModelFacts {
  readonly id: string;
  readonly family: string;
  readonly execution: string;
  readonly available: boolean;
  readonly reason?: string;
}

/** Command and arguments that start a server under a model. */
export function serveCommand(model: string): [string, ...string[]] {
  return model === 'node' ? [process.execPath, nodeServer, 'serve'] : [engine, 'serve', '--model', model];
}

/** Every model of the catalogue, `node` last. FDSCOPE_MODELS, a comma-separated list, picks some of them. */
export function allModels(): ModelFacts[] {
  if (!existsSync(engine)) throw new Error(`There is no ${engine}: build it with make VARIANT=${variant}.`);
  const models = JSON.parse(execFileSync(engine, ['models'], { encoding: 'utf8' })) as ModelFacts[];
  const node = { id: 'node', family: 'multiplexing', execution: 'event-loop', available: true };
  const chosen = process.env.FDSCOPE_MODELS?.split(',');
  // A sanitized engine has no part in the node model, which would only be tested twice.
  const all = isSanitized ? models : [...models, node];
  return all.filter((model) => model.id !== 'external' && (chosen?.includes(model.id) ?? true));
}
