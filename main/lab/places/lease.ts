/**
 * An engine at a place ends with its stdin. Where the link hangs instead, that does not end: so the engine is told to end
 * when it has heard nothing for so long, and hears something every few seconds.
 */
import type { EngineProcess } from '../engine-process.ts';

const leaseMs = 15_000;
const renewMs = 3000;

export function keepLease(engine: EngineProcess): void {
  const renew = (): void => void engine.command('lease', { ms: leaseMs }).catch(() => {}); // its end is told by `ended`
  let timer: NodeJS.Timeout | undefined;
  void engine.ready
    .then(() => {
      renew();
      timer = setInterval(renew, renewMs);
      timer.unref();
    })
    .catch(() => {}); // whoever awaits it sees the fault
  void engine.ended.then(() => clearInterval(timer));
}
