/** A schematic for each kind of subject. They show who waits for what; they are drawings, and hold no figures. */
import type { Scenario } from '../../../shared/schemas/scenario.ts';
import { arrow, box, dashed, dot, frame, path, times, word, type Shape } from './picture-shapes.ts';

export interface Picture {
  /** What is to be seen, for who does not see it. */
  readonly caption: string;
  readonly shapes: readonly Shape[];
}

const steps: Picture = {
  caption:
    'The calls of a server in their order: socket, bind, listen, then accept, read, write and close for each client',
  shapes: [
    ...['socket', 'bind', 'listen'].flatMap((text, i) => [
      frame(12 + 62 * i, 12, 48, 17, 'kernel'),
      word(36 + 62 * i, 24, text),
    ]),
    ...['accept', 'read', 'write', 'close'].flatMap((text, i) => [
      frame(6 + 49 * i, 50, 41, 17, 'client'),
      word(26.5 + 49 * i, 62, text),
    ]),
    arrow('M60 20.5h13', 'kernel'),
    arrow('M122 20.5h13', 'kernel'),
    arrow('M160 29v10H26v10', 'kernel'),
    ...times(3, (i) => arrow(`M${47 + 49 * i} 58.5h7`, 'client')),
  ],
};

const tour: Picture = {
  caption: 'The same clients before five servers, one of each I/O model',
  shapes: [
    ...times(5, (i) => [
      dot(24, 12 + 14 * i, 'client'),
      arrow(`M32 ${12 + 14 * i}h84`, 'quiet'),
      frame(122, 7 + 14 * i, 58, 10, 'server'),
    ]),
    ...times(5, (i) =>
      box(124, 9 + 14 * i, 54, 6, (['wait', 'busy', 'kernel', 'server', 'client'] as const)[i] ?? 'server'),
    ),
  ],
};

const headOfLine: Picture = {
  caption: 'A slow client is being served, and a queue of quick ones stands behind it',
  shapes: [
    ...times(6, (i) => dot(20 + 17 * i, 40, 'client')),
    dot(126, 40, 'bad', 6),
    word(126, 24, 'slow', 'bad'),
    arrow('M136 40h14', 'bad'),
    frame(154, 26, 34, 28, 'server'),
    word(171, 43, 'read'),
    word(62, 62, 'accept queue'),
    dashed('M12 50h102', 'kernel'),
  ],
};

const threads: Picture = {
  caption: 'Every client has a thread of its own; most of them sleep',
  shapes: times(5, (i) => [
    dot(22, 12 + 14 * i, 'client'),
    path(`M30 ${12 + 14 * i}h22`, 'quiet'),
    box(56, 8 + 14 * i, 124, 8, 'wait'),
    box(66 + ((i * 47) % 92), 8 + 14 * i, 14, 8, 'busy'),
  ]),
};

const polling: Picture = {
  caption: 'A loop that asks every socket again and again whether something has come',
  shapes: [
    ...times(6, (i) => [
      dot(100 + 72 * Math.cos((i * Math.PI) / 3), 40 + 27 * Math.sin((i * Math.PI) / 3), i === 1 ? 'client' : 'quiet'),
    ]),
    arrow('M52 30a52 19 0 0 1 96 0', 'busy'),
    arrow('M148 50a52 19 0 0 1 -96 0', 'busy'),
    word(100, 44, 'read?  EAGAIN', 'busy'),
  ],
};

const idle: Picture = {
  caption: 'Many silent connections around a few that ask',
  shapes: times(5, (row) =>
    times(13, (column) =>
      dot(16 + 14 * column, 12 + 14 * row, (column * 5 + row * 3) % 17 === 4 ? 'client' : 'quiet', 3.2),
    ),
  ),
};

const herd: Picture = {
  caption: 'One client comes, and every sleeping thread is woken; one of them accepts it',
  shapes: [
    dot(22, 40, 'client', 6),
    ...times(5, (i) => arrow(`M34 40L112 ${12 + 14 * i}`, i === 2 ? 'client' : 'bad')),
    ...times(5, (i) => box(120, 8 + 14 * i, 58, 8, i === 2 ? 'busy' : 'wait')),
  ],
};

const dribble: Picture = {
  caption: 'A request comes in pieces, with pauses between them',
  shapes: [
    dot(20, 40, 'client', 6),
    ...[38, 62, 96, 118].map((x) => box(x, 36, 10, 8, 'client')),
    dashed('M32 40h108', 'quiet'),
    frame(150, 24, 38, 32, 'server'),
    box(154, 28, 12, 24, 'client'),
    word(169, 70, 'half of it'),
  ],
};

const pressure: Picture = {
  caption: 'A reader sips; the send queue is full, and what is left waits in the server',
  shapes: [
    frame(10, 22, 44, 36, 'server'),
    ...times(3, (i) => box(14, 26 + 10 * i, 36, 7, 'busy')),
    arrow('M56 40h14', 'bad'),
    frame(74, 28, 70, 24, 'kernel'),
    ...times(6, (i) => box(78 + 11 * i, 32, 8, 16, 'kernel')),
    word(109, 66, 'send queue'),
    dashed('M146 40h24', 'client'),
    dot(180, 40, 'client', 6),
  ],
};

const upstream: Picture = {
  caption: 'Requests that wait for somebody behind the server',
  shapes: [
    ...times(4, (i) => [dot(20, 16 + 16 * i, 'client'), path(`M28 ${16 + 16 * i}L70 ${28 + 8 * i}`, 'quiet')]),
    frame(72, 20, 38, 40, 'server'),
    ...times(3, (i) => box(77, 25 + 11 * i, 28, 7, 'wait')),
    dashed('M112 40h36', 'wait'),
    frame(150, 24, 38, 32, 'kernel'),
    word(169, 44, 'slow', 'kernel'),
  ],
};

const forward: Picture = {
  caption: 'A server that passes each request on to another one and its answer back',
  shapes: [
    ...times(3, (i) => dot(20, 24 + 16 * i, 'client')),
    arrow('M30 34h40', 'client'),
    arrow('M70 46h-40', 'quiet'),
    frame(76, 24, 38, 32, 'server'),
    word(95, 44, 'relay'),
    arrow('M118 34h28', 'client'),
    arrow('M146 46h-28', 'quiet'),
    frame(152, 24, 38, 32, 'kernel'),
  ],
};

const computing: Picture = {
  caption: 'One core and several requests that compute: in turn, or one after the other',
  shapes: [
    ...times(9, (i) => box(20 + 18 * i, 16, 16, 14, (['busy', 'client', 'kernel'] as const)[i % 3] ?? 'busy')),
    ...(['busy', 'client', 'kernel'] as const).map((tone, i) => box(20 + 54 * i, 50, 52, 14, tone)),
    word(38, 43, 'in turn'),
    word(62, 76, 'one after the other'),
  ],
};

const queueFull: Picture = {
  caption: 'The accept queue is full; who comes now is not answered',
  shapes: [
    frame(74, 28, 70, 24, 'kernel'),
    ...times(5, (i) => dot(84 + 12.5 * i, 40, 'client')),
    word(109, 66, 'accept queue'),
    ...times(3, (i) => [dot(16, 22 + 18 * i, 'client'), path(`M26 ${22 + 18 * i}L62 40`, 'bad')]),
    path('M60 33l10 14m0 -14l-10 14', 'bad'),
    arrow('M146 40h14', 'quiet'),
    frame(164, 26, 28, 28, 'server'),
  ],
};

const churn: Picture = {
  caption: 'Connections that are opened for one request and closed again',
  shapes: times(4, (i) => [
    dot(16 + 20 * i, 15 + 17 * i, 'client'),
    path(`M${24 + 20 * i} ${15 + 17 * i}h40`, 'client'),
    dot(72 + 20 * i, 15 + 17 * i, 'bad', 3),
    dashed(`M${80 + 20 * i} ${15 + 17 * i}H190`, 'quiet'),
  ]),
};

const rings: Picture = {
  caption: 'Two rings between program and kernel: what is asked for, and what is done',
  shapes: [
    frame(10, 24, 40, 32, 'server'),
    frame(150, 24, 40, 32, 'kernel'),
    ...times(6, (i) => box(64 + 12 * i, 18, 10, 10, i < 4 ? 'client' : 'quiet')),
    ...times(6, (i) => box(64 + 12 * i, 52, 10, 10, i > 2 ? 'busy' : 'quiet')),
    arrow('M60 36h80', 'client'),
    arrow('M140 44h-80', 'busy'),
  ],
};

const edges: Picture = {
  caption:
    'A line that rises when bytes come: level-triggered reports as long as it is high, edge-triggered as it rises',
  shapes: [
    path('M10 62h34V22h64V62h24V22h34V62h26', 'kernel'),
    ...times(5, (i) => dot(52 + 12 * i, 12, 'client', 2.6)),
    ...times(3, (i) => dot(138 + 12 * i, 12, 'client', 2.6)),
    dot(44, 72, 'bad', 3.4),
    dot(132, 72, 'bad', 3.4),
  ],
};

const leak: Picture = {
  caption: 'Descriptors that nobody closes pile up until none is left',
  shapes: [
    frame(40, 10, 120, 60, 'kernel'),
    ...times(3, (row) =>
      times(8, (i) => box(46 + 14 * i, 50 - 17 * row, 11, 13, row === 0 || i < 6 - row ? 'bad' : 'quiet')),
    ),
  ],
};

const stacks: Picture = {
  caption: 'Two stacks, and the step from one to the other',
  shapes: [
    ...times(4, (i) => [box(24, 14 + 14 * i, 48, 10, 'server'), box(128, 14 + 14 * i, 48, 10, 'busy')]),
    arrow('M78 32h42', 'client'),
    arrow('M120 50h-42', 'client'),
  ],
};

const schedule: Picture = {
  caption: 'Requests at fixed moments, whether or not the last one was answered; a stall delays them all',
  shapes: [
    ...times(12, (i) => path(`M${14 + 15.6 * i} 14v12`, 'client')),
    path('M10 20h182', 'quiet'),
    box(76, 46, 62, 14, 'bad'),
    ...[14, 30, 46, 61].map((x) => box(x, 46, 9, 14, 'busy')),
    ...[142, 154, 166, 178].map((x) => box(x, 46, 9, 14, 'busy')),
    word(107, 74, 'stall', 'bad'),
  ],
};

export const pictures = {
  ...{ steps, tour, headOfLine, threads, polling, idle, herd, dribble, pressure, upstream, forward, computing },
  ...{ queueFull, churn, rings, edges, leak, stacks, schedule },
} as const;
export type PictureName = keyof typeof pictures;

/** Subjects of the built-in scenarios that their clients and server do not tell. */
const bySubject: readonly (readonly [RegExp, PictureName])[] = [
  [/six.steps|socket/, 'steps'],
  [/tour/, 'tour'],
  [/head.of.line/, 'headOfLine'],
  [/herd/, 'herd'],
  [/accept.queue|overflow/, 'queueFull'],
  [/edge/, 'edges'],
  [/close|leak/, 'leak'],
  [/switch.cost/, 'stacks'],
  [/omission|open.against|loop/, 'schedule'],
  [/io.uring/, 'rings'],
  [/polling/, 'polling'],
  [/thread/, 'threads'],
];

const byChapter: Readonly<Record<string, PictureName>> = {
  blocking: 'threads',
  polling: 'polling',
  multiplexing: 'idle',
  coroutines: 'stacks',
  trouble: 'queueFull',
  measuring: 'schedule',
};

/** By the scenario's name where it tells, then by what its clients and its server do. */
export function pictureOf(name: string, scenario: Pick<Scenario, 'chapter' | 'server' | 'clients'>): PictureName {
  const named = bySubject.find(([pattern]) => pattern.test(name));
  if (named) return named[1];
  const { server, clients } = scenario;
  const has = (profile: string): boolean => clients.some((client) => client.profile === profile);
  if (server.handler === 'forward') return 'forward';
  if (has('slow-reader')) return 'pressure';
  if (has('slow-writer')) return 'dribble';
  if (server.waitMs > 0) return 'upstream';
  if (server.workUs > 0) return 'computing';
  if (has('churn')) return 'churn';
  if (has('idle')) return 'idle';
  return byChapter[scenario.chapter ?? ''] ?? 'tour';
}
