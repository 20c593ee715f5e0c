/** The client profiles in words, and which numbers each one takes. */
import { limits, type Client, type ClientProfile } from '../../shared/schemas/settings.ts';
import { defaultsOf } from '../../shared/telemetry/profiles.ts';

export type NumberKey = 'rate' | 'thinkMs' | 'pipeline' | 'chunkBytes' | 'intervalMs';

export const profileWords: Readonly<Record<ClientProfile, { readonly text: string; readonly hint: string }>> = {
  closed: { text: 'closed loop', hint: 'Request, wait for the reply, think, again.' },
  rate: { text: 'open loop', hint: 'Requests at a rate, whether or not replies come: a stall cannot hide.' },
  idle: { text: 'idle', hint: 'Connect and say nothing: what does merely being open cost?' },
  'slow-writer': { text: 'slow writer', hint: 'Dribble the request: readable again and again, never complete.' },
  'slow-reader': { text: 'slow reader', hint: 'Take the reply in sips: the send queue fills, writes block.' },
  churn: { text: 'churn', hint: 'Connect, request, reply, close, again: accept dominates.' },
  burst: { text: 'burst', hint: 'All at once, then a pause.' },
  'half-close': { text: 'half close', hint: 'FIN behind the request, and the reply is still expected.' },
  reset: { text: 'reset', hint: 'RST in mid-request.' },
};

export interface NumberSpec {
  readonly key: NumberKey;
  readonly label: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly steps: readonly number[];
}

const waits = [0, 1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const spec = {
  rate: {
    key: 'rate',
    label: 'Rate, all together',
    unit: '/s',
    min: 1,
    max: limits.ratePerSecond[1],
    steps: [1, 10, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000],
  },
  thinkMs: {
    key: 'thinkMs',
    label: 'Think time',
    unit: 'ms',
    min: 0,
    max: limits.waitMs[1],
    steps: waits,
  },
  pipeline: {
    key: 'pipeline',
    label: 'Pipelined',
    unit: 'requests',
    min: 1,
    max: limits.pipeline[1],
    steps: [1, 2, 4, 8, 16, 32, 64],
  },
  chunkBytes: {
    key: 'chunkBytes',
    label: 'Bytes at a time',
    unit: 'B',
    min: 1,
    max: limits.pieceBytes[1],
    steps: [1, 2, 4, 8, 16, 64, 256, 1024, 4096],
  },
  intervalMs: {
    key: 'intervalMs',
    label: 'Every',
    unit: 'ms',
    min: 1,
    max: limits.waitMs[1],
    steps: waits.slice(1),
  },
} as const satisfies Record<string, NumberSpec>;

const numbersOf: Readonly<Record<ClientProfile, readonly NumberSpec[]>> = {
  closed: [spec.thinkMs, spec.pipeline],
  rate: [spec.rate],
  idle: [],
  'slow-writer': [spec.chunkBytes, spec.intervalMs],
  'slow-reader': [spec.chunkBytes, spec.intervalMs],
  churn: [spec.thinkMs],
  burst: [spec.intervalMs, spec.pipeline],
  'half-close': [spec.thinkMs],
  reset: [spec.intervalMs],
};
export const numberSpecs = (profile: ClientProfile): readonly NumberSpec[] => numbersOf[profile];

/** A client of another profile that keeps what both have. */
export function withProfile(client: Client, profile: ClientProfile): Client {
  const { connections, weight, startMs, rampMs, noDelay, sendBufferBytes, receiveBufferBytes } = client;
  const shared = {
    ...(connections !== undefined && { connections }),
    ...(weight !== undefined && { weight }),
    ...(startMs !== undefined && { startMs }),
    ...(rampMs !== undefined && { rampMs }),
    ...(noDelay !== undefined && { noDelay }),
    ...(sendBufferBytes !== undefined && { sendBufferBytes }),
    ...(receiveBufferBytes !== undefined && { receiveBufferBytes }),
  };
  return profile === 'rate' ? { ...shared, profile, rate: defaultsOf(profile).rate } : { ...shared, profile };
}

/** As given, or what the clients do without it. */
export const numberOf = (client: Client, { key }: NumberSpec): number => {
  const value: unknown = Reflect.get(client, key);
  return typeof value === 'number' ? value : defaultsOf(client.profile)[key];
};

/** "closed loop", "70% idle, 30% closed loop". */
export function mixWords(clients: readonly Client[]): string {
  const [only] = clients;
  if (only && clients.length === 1) {
    const { text } = profileWords[only.profile];
    if (only.profile === 'rate') return `${text}, ${only.rate.toLocaleString('en')}/s`;
    return 'thinkMs' in only && only.thinkMs ? `${text}, think ${only.thinkMs} ms` : text;
  }
  const weights = clients.map((client) => (client.connections === undefined ? (client.weight ?? 1) : 0));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return clients
    .map(({ profile, connections }, i) => {
      const much = connections ?? `${(((weights[i] ?? 0) / sum) * 100).toFixed(0)}%`;
      return `${much} ${profileWords[profile].text}`;
    })
    .join(', ');
}
