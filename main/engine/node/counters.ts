/** What the node model counts by itself; names as on the wire. What only the kernel knows is added by the telemetry. */
import type { CounterName } from '../../../shared/telemetry/wire.ts';

export type Counted = Extract<
  CounterName,
  | 'requests'
  | 'bytesIn'
  | 'bytesOut'
  | 'accepts'
  | 'closes'
  | 'upstreamConnects'
  | 'errorReset'
  | 'errorProtocol'
  | 'errorUpstream'
  | 'errorFdLimit'
  | 'errorOther'
>;

export class Counters {
  readonly values: Record<Counted, number> = {
    requests: 0,
    bytesIn: 0,
    bytesOut: 0,
    accepts: 0,
    closes: 0,
    upstreamConnects: 0,
    errorReset: 0,
    errorProtocol: 0,
    errorUpstream: 0,
    errorFdLimit: 0,
    errorOther: 0,
  };

  count(name: Counted, by = 1): void {
    this.values[name] += by;
  }
}
