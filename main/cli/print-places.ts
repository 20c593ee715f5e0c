/** Places for people: what each did in a run. */
import type { PlaceResult } from '../../shared/run-result.ts';
import { tableOf, type TextTable } from './table.ts';

const whole = (value: number): string => (Number.isFinite(value) ? value.toFixed(0) : '–');
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Milliseconds of another clock, with the bound: "+3.214 ± 0.08 ms". */
export function clockText({ offsetNs, boundNs }: Pick<PlaceResult['clock'], 'offsetNs' | 'boundNs'>): string {
  const ms = offsetNs / 1e6;
  return `${ms < 0 ? '' : '+'}${ms.toFixed(3)} ± ${(boundNs / 1e6).toPrecision(2)} ms`;
}

/** Nothing where a run was here alone. */
export function placeParts(
  runs: readonly { readonly places?: readonly PlaceResult[] | undefined }[],
): (string | TextTable)[] {
  return runs.flatMap(({ places }) => {
    if (!places || places.length === 0) return [];
    const table = tableOf(
      ['place', 'role', 'connections', 'req/s', 'p50 µs', 'p99 µs', 'client CPU', 'errors', 'clock'],
      2,
    );
    for (const place of places) {
      const { name, clock } = place;
      if (place.role === 'server') {
        table.push([name, 'server', '–', '–', '–', '–', '–', '–', clockText(clock)]);
        continue;
      }
      const { corrected } = place.latency;
      const latency = corrected.count > 0 ? [whole(corrected.p50), whole(corrected.p99)] : ['–', '–'];
      table.push([
        ...[name, place.lost ? `clients, lost after ${place.lost.atSeconds.toFixed(1)} s` : 'clients'],
        ...[String(place.connections), whole(place.requestsPerSecond), ...latency],
        ...[`${whole(place.clientCpuShare * 100)} %`, String(total(place.errors)), clockText(clock)],
      ]);
    }
    return ['By place:', table];
  });
}
