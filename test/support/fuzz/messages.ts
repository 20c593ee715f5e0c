/** Messages to the lab that are nearly, hardly or not at all those of the contract. */
import { requests, type Verb } from '../../../shared/contract/contract.ts';
import type { Random } from './random.ts';

const verbs = Object.keys(requests) as Verb[];

/** What a value is swapped for. */
const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  '../../etc/hostname',
  '/dev/zero',
  '\u0000',
  '\ud800',
  'x'.repeat(5000),
  [],
  {},
  { __proto__: null, constructor: 1 },
  [[[[[[[[]]]]]]]],
  Array.from({ length: 200 }, () => 0),
];

/** Parameters that some verb takes. */
const samples: readonly Record<string, unknown>[] = [
  { model: 'epoll-lt', options: {} },
  { server: { model: 'poll' }, connections: 3, clients: [{ profile: 'idle' }] },
  { connections: 3, workUs: 5, paused: true, detail: { level: 'fds', switches: true } },
  { text: 'now' },
  { name: 'quick-tour' },
  { file: 'none.fdscope' },
  { files: ['none.fdscope'] },
  { keys: ['0-0-none.fdscope'] },
  { path: '/dev/null' },
  { file: 'none.fdscope', name: 'a', tags: ['b'] },
  { file: 'none.fdscope', annotation: { fromNs: 1, text: 'x' } },
  { file: 'none.fdscope', id: 'x' },
  { upload: 'u', name: 'x.fdscope', offset: 0, base64: 'iUZEU0NPUEUNChoK', isLast: true },
  { job: 1 },
  { a: { file: 'a.fdscope' }, b: { file: 'b.fdscope' } },
  { timeNs: 1 },
  { speed: 2 },
  { direction: 'next' },
  { beforeSeconds: 10, afterSeconds: 2, p99Ms: 5 },
  { text: 'title: x\nservers: [1, 2]\n' },
  { name: 'fuzzed', text: 'title: x\n', replace: true },
  { name: 'fuzzed', to: 'fuzzed 2' },
  { from: { name: 'quick-tour' }, name: 'fuzzed' },
  { scenario: { name: 'quick-tour' } },
];

/** Those that each verb takes. */
const fitting = new Map(
  verbs.map((verb) => [
    verb,
    [undefined, ...samples].filter((params) => requests[verb].params.safeParse(params).success),
  ]),
);

function changed(random: Random, value: unknown, depth = 0): unknown {
  if (depth > 4 || random.isOnce(4)) return random.pick(oddValues);
  if (Array.isArray(value))
    return value.map((each: unknown) => (random.isOnce(2) ? changed(random, each, depth + 1) : each));
  if (typeof value !== 'object' || value === null) return random.isOnce(2) ? value : random.pick(oddValues);
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => [
    random.isOnce(12) ? random.pick(['__proto__', 'constructor', '', 'x']) : key,
    random.isOnce(2) ? changed(random, each, depth + 1) : each,
  ]);
  return Object.fromEntries(entries.filter(() => !random.isOnce(12)));
}

export interface OddMessage {
  readonly text: string;
  /** It is none of the contract: whoever sends it is cut off. */
  readonly endsWire: boolean;
}

/** The next message: one in about fifty ends the wire. */
export function oddMessage(random: Random, id: number): OddMessage {
  const verb = random.isOnce(40)
    ? random.pick(['constructor', '', 'live.launch', 'x'.repeat(3000)])
    : random.pick(verbs);
  const good = fitting.get(verb as Verb) ?? [];
  const sample = good.length > 0 && !random.isOnce(4) ? random.pick(good) : random.pick(samples);
  const params = random.isOnce(2) ? sample : changed(random, sample);
  if (random.isOnce(20))
    return { text: JSON.stringify({ type: 'credit', bytes: 1 + random.below(1e6) }), endsWire: false };
  const text = JSON.stringify({ type: 'request', id, verb, params });
  if (!random.isOnce(50)) return { text, endsWire: false };
  return random.pick([
    { text: random.mutated(Buffer.from(text)).toString('utf8'), endsWire: true },
    { text: '['.repeat(5000), endsWire: true },
    { text: `${'['.repeat(5000)}${']'.repeat(5000)}`, endsWire: true },
    { text: JSON.stringify({ type: 'request', id: 1.5, verb, params }), endsWire: true },
    { text: JSON.stringify({ type: 'result', id, result: params }), endsWire: true },
    { text: '{"type":"credit","bytes":1e400}', endsWire: true },
    { text: '', endsWire: true },
  ]);
}

/** One end of a wire, as somebody holds it who keeps to nothing. */
export interface RawWire {
  send(message: string): void;
  onMessage(listener: (message: unknown) => void): void;
  onClosed(listener: () => void): void;
  close(): void;
}

export interface MessageCount {
  readonly sent: number;
  readonly results: number;
  readonly faults: number;
  /** Wires that the lab ended. */
  readonly ended: number;
}

/** Sent before anybody waits for answers. */
const burst = 100;

/** Sends so many messages over wires that `open` makes, a new one where the lab ends one. */
export async function sendMessages(random: Random, count: number, open: () => Promise<RawWire>): Promise<MessageCount> {
  const counts = { sent: 0, results: 0, faults: 0, ended: 0 };
  while (counts.sent < count) {
    const wire = await open();
    const state = { isOpen: true, unanswered: 0, hasEnding: false };
    let tell: () => void = () => {};
    wire.onMessage((message) => {
      if (typeof message !== 'string') return;
      const { type } = JSON.parse(message) as { type: string };
      if (type === 'event') return;
      state.unanswered--;
      if (type === 'result') counts.results++;
      else counts.faults++;
      tell();
    });
    wire.onClosed(() => {
      state.isOpen = false;
      counts.ended++;
      tell();
    });
    while (state.isOpen && !state.hasEnding && counts.sent < count) {
      for (let i = 0; i < burst && !state.hasEnding && counts.sent < count; i++) {
        const { text, endsWire } = oddMessage(random, ++counts.sent);
        wire.send(text);
        state.hasEnding = endsWire;
        if (!endsWire && text.startsWith('{"type":"request"')) state.unanswered++;
      }
      // An answer to each, or the end: what was changed at random may still have been a message.
      const isQuiet = (): boolean => !state.isOpen || state.unanswered <= 0;
      if (!isQuiet() || state.hasEnding) {
        await new Promise<void>((resolve) => {
          const patience = setTimeout(resolve, state.hasEnding ? 1000 : 30_000);
          tell = () => {
            if (state.isOpen && (state.hasEnding || !isQuiet())) return;
            clearTimeout(patience);
            resolve();
          };
          tell();
        });
      }
      if (!isQuiet() && !state.hasEnding) throw new Error(`${state.unanswered} requests were never answered.`);
    }
    wire.close();
  }
  return counts;
}
