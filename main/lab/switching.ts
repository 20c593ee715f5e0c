/** How one model follows another on a running server. */
import type { ModelId } from '../../shared/catalogue.ts';
import type { ModelFrame } from '../../shared/engine-messages.ts';
import type { ModelOptions } from '../../shared/schemas/settings.ts';
import type { EngineProcess } from './engine-process.ts';
import { EngineRefusal, LabError } from './errors.ts';

/** These cannot hand over open connections: one is another program, the other's live in its child processes. */
export const handsOver = (from: ModelId, to: ModelId): boolean =>
  from !== 'node' && to !== 'node' && from !== 'blocking-fork';

/** A live switch waits until the requests under way are answered, and a request may be told to take long. */
const switchLimitMs = 60_000;

export interface LiveSwitch {
  readonly how: 'live';
  /** How long nobody served. */
  readonly pauseMs: number;
  readonly keptConnections: number;
}

/** Throws LabError; then the model before serves on. */
export async function switchLive(engine: EngineProcess, model: ModelId, options: ModelOptions): Promise<LiveSwitch> {
  let report: LiveSwitch = { how: 'live', pauseMs: 0, keptConnections: 0 };
  const onModel = ({ pauseNs = 0, keptConnections = 0 }: ModelFrame): void => {
    report = { how: 'live', pauseMs: pauseNs / 1e6, keptConnections };
  };
  // The model frame comes before the answer.
  engine.once('model', onModel);
  try {
    await engine.command('switch', { model, options }, { limitMs: switchLimitMs });
  } catch (error) {
    // The engine says itself which model cannot and why; its name is of the model that it was started with.
    throw error instanceof EngineRefusal ? new LabError(error.kind, error.reason) : error;
  } finally {
    engine.off('model', onModel);
  }
  return report;
}
