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

/** Answers come while the lab is busy with others. */
const patienceMs = 60_000;

/** Sends so many messages over wires that `open` makes, a new one where the lab ends one. */
export async function sendMessages(random: Random, count: number, open: () => Promise<RawWire>): Promise<MessageCount> {
  const counts = { sent: 0, results: 0, faults: 0, ended: 0 };
  while (counts.sent < count) {
    const wire = await open();
    const unanswered = new Set<number>();
    let isClosed = false;
    const isOpen = (): boolean => !isClosed;
    let tell: () => void = () => {};
    wire.onMessage((message) => {
      if (typeof message !== 'string') return;
      const { type, id } = JSON.parse(message) as { type: string; id: number };
      if (type === 'event') return;
      unanswered.delete(id);
      if (type === 'result') counts.results++;
      else counts.faults++;
      tell();
    });
    wire.onClosed(() => {
      isClosed = true;
      counts.ended++;
      tell();
    });
    const untilAnswered = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const patience = setTimeout(() => {
          reject(new Error(`${unanswered.size} requests were never answered.`));
        }, patienceMs);
        tell = () => {
          if (isOpen() && unanswered.size > 0) return;
          clearTimeout(patience);
          resolve();
        };
        tell();
      });
    for (let ending: string | undefined; isOpen() && ending === undefined && counts.sent < count;) {
      for (let i = 0; i < burst && ending === undefined && counts.sent < count; i++) {
        const { text, endsWire } = oddMessage(random, ++counts.sent);
        if (endsWire) ending = text;
        else wire.send(text);
        if (!endsWire && text.startsWith('{"type":"request"')) unanswered.add(counts.sent);
      }
      // Once in a while the end comes behind requests that are still worked for.
      if (ending === undefined || !random.isOnce(4)) await untilAnswered();
      if (ending === undefined || !isOpen()) continue;
      wire.send(ending);
      // What was changed at random may still have been a message; then the next is answered.
      const next = -counts.sent;
      unanswered.clear();
      unanswered.add(next);
      wire.send(JSON.stringify({ type: 'request', id: next, verb: 'live.state' }));
      await untilAnswered();
    }
    wire.close();
  }
  return counts;
}
