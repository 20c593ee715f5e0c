/** The words of the field that the app's texts use, and which of them the glossary does not explain. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { callNames } from '../../shared/bench/calls.ts';
import { modelIds } from '../../shared/catalogue.ts';
import type { Glossary } from '../../shared/glossary.ts';
import { syscallNames } from '../../shared/telemetry/wire.ts';
import { root } from './engines.ts';

export interface UsedText {
  /** Such as "walk/six-steps". */
  readonly from: string;
  readonly text: string;
}

/** Values of these keys are prose; the rest of such a file is settings and expressions. */
const proseKeys = new Set([
  'title',
  'question',
  'watch',
  'explain',
  'next',
  'notice',
  'because',
  'otherwise',
  'ask',
  'text',
  'conclusion',
  'says',
  'without',
]);

function proseIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return proseKeys.has(key) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((each) => proseIn(each, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => proseIn(each, name));
}

const filesOf = (folder: string, ending: string): string[] =>
  existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter((file) => file.endsWith(ending)) : [];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Paragraphs, and what the fences between them say; without figures, and of links only their words. */
function lessonProse(markdown: string): string[] {
  const [, head = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(markdown) ?? [];
  const parts = body
    .split(/^```.*$/m)
    .flatMap((part, at) => (at % 2 === 1 ? proseIn(parse(part)) : part.split(/\n{2,}/)));
  return [...proseIn(parse(head)), ...parts].map((text) =>
    text.replaceAll(/\{\{[\s\S]*?\}\}/g, '0').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'),
  );
}

/** Everything that is told in prose: scenarios, walks, the headers of models, lessons, and what Doctor says. */
export function textsOfTheApp(): UsedText[] {
  const yaml = (kind: string, folder: string): UsedText[] =>
    filesOf(folder, '.yaml').flatMap((file) =>
      proseIn(parse(read(`${folder}/${file}`))).map((text) => ({ from: `${kind}/${file.replace('.yaml', '')}`, text })),
    );
  const headers = modelIds
    .map((id) => `main/engine/models/${id.replaceAll('-', '_')}.cpp`)
    .filter((path) => existsSync(join(root, path)))
    .flatMap((path) => {
      const header = /^(?:\/\/.*\n)+/.exec(read(path))?.[0] ?? '';
      const name = path.replace(/^.*\/|\.cpp$/g, '');
      return header
        .split(/^\/\/\s*$/m)
        .map((text) => ({ from: `model/${name}`, text: text.replaceAll(/^\/\/ ?/gm, '') }));
    });
  const examined = ['doctor', 'doctor-network', 'doctor-processes'].map((name) => read(`main/lab/${name}.ts`));
  const doctor = [...examined.join('\n').matchAll(/(?:forbids|enable|label|meaning): ['`](.+?)['`],?$/gm)].map(
    ([, text = '']) => ({ from: 'doctor', text }),
  );
  const lessons = filesOf('shared/lessons', '.md')
    .filter((file) => file !== 'README.md')
    .flatMap((file) =>
      lessonProse(read(`shared/lessons/${file}`)).map((text) => ({ from: `lesson/${file.replace('.md', '')}`, text })),
    );
  return [...yaml('scenario', 'shared/scenarios'), ...yaml('walk', 'shared/walks'), ...headers, ...lessons, ...doctor];
}

/**
 * Words that the field's books explain. A text may use any of them, and the glossary has to have what a text uses. Small
 * letters; they are found whatever their capitals, with an s or without.
 */
const fieldWords = [
  ...[
    '4-tuple',
    'accept queue',
    'affinity',
    'asynchronous',
    'back-pressure',
    'backlog',
    'backpressure',
    'blocking call',
  ],
  ...['buffer ring', 'busy polling', 'C10k', 'churn', 'closed loop', 'close-on-exec', 'completion', 'completion queue'],
  ...['confidence interval', 'congestion window', 'connection socket', 'context switch', 'coordinated omission'],
  ...['coroutine', 'delayed acknowledgement', 'edge-triggered', 'ephemeral port', 'epoll set', 'event loop', 'eventfd'],
  ...['false sharing', 'fiber', 'file descriptor', 'forward proxy', 'green thread', 'guard socket', 'half-close'],
  ...['handshake', 'head of line', 'head-of-line blocking', 'histogram', 'hyper-threading', 'initial window'],
  ...['involuntary switch', 'keep-alive', 'level-triggered', 'listener', 'loopback', 'multiplexing', 'multishot'],
  ...['non-blocking', 'open file description', 'open loop', 'percentile', 'pipelining', 'preempted', 'preemption'],
  ...['priority inversion', 'proactor', 'provided buffers', 'reactor', 'readiness', 'receive buffer', 'receive queue'],
  ...[
    'registered buffers',
    'resident memory',
    'retransmission',
    'run queue',
    'send buffer',
    'send queue',
    'slow start',
  ],
  ...['slowloris', 'spinlock', 'spurious wakeup', 'stackful', 'stackless', 'steal', 'submission queue', 'synchronous'],
  ...['system call', 'thread pool', 'thundering herd', 'timer wheel', 'upstream', 'urgent data', 'virtual thread'],
  ...['voluntary switch', 'wakeup', 'work stealing', 'zero copy', 'Nagle’s algorithm'],
];

/** In capitals, and no words of this field. */
const ofOtherFields = new Set(
  'A I KB CPU CPUs HTTP TCP IP IPv4 IPv6 OS PID TID FD NONE POSIX YAML JSON CSV HTML UTF PING ECHO QUIT RESP GET ACK CI RFC'.split(
    ' ',
  ),
);

/** Names of flags and constants are explained by the call or the state that takes them, which the walk shows beside them. */
const isFlagOfCall = (word: string): boolean =>
  /^(EPOLL(IN|OUT|HUP|ERR|RDHUP)|POLL(IN|OUT|HUP|ERR)|MSG_\w+|SHUT_\w+|SA_\w+|F_(SETFL|GETFL|SETFD|SETOWN|DUPFD)|SO_(SNDBUF|RCVBUF|ERROR)|SIG[A-Z]+|RLIMIT_\w+|SOL_\w+|AF_\w+|IORING_\w+|TCP_\w+|EPOLL_CTL_\w+)$/.test(
    word,
  );

const anyCapitals = (word: string): RegExp =>
  new RegExp(`(?<![\\w-])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?:s|es)?(?![\\w-])`, 'i');
const fieldPatterns = fieldWords.map((word) => [word, anyCapitals(word)] as const);

/** Programs of others, and options of models. */
const otherNames = new Set(['top', 'ss', 'strace', 'exclusive', 'fdscope', 'external']);
const walkNames = new Set(filesOf('shared/walks', '.yaml').map((file) => file.replace('.yaml', '')));

const systemCalls = new Set<string>([...callNames, ...syscallNames]);

/** In backticks: a name by itself, and neither a call nor a command, a model, an option or a line of code. */
function namesInCode(text: string, models: ReadonlySet<string>): string[] {
  return [...text.matchAll(/`([^`]+)`/g)]
    .map(([, code = '']) => code.replace(/\(.*\)$/, ''))
    .filter(
      (code) =>
        /^[A-Za-z][\w-]*$/.test(code) &&
        !systemCalls.has(code) &&
        !models.has(code) &&
        ![otherNames, walkNames].some((names) => names.has(code)),
    );
}

/** "FROM: word" of every word of the field that a text uses and the glossary does not have, each once. */
export function unexplained(texts: readonly UsedText[], glossary: Glossary): string[] {
  const models = new Set<string>(modelIds);
  const missing = texts.flatMap(({ from, text }) => {
    const capitals = [...text.matchAll(/(?<![\w-])[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*(?![\w-])/g)].map(([word]) => word);
    const field = fieldPatterns.filter(([, pattern]) => pattern.test(text)).map(([word]) => word);
    const used = [
      ...capitals.filter((word) => !ofOtherFields.has(word) && !isFlagOfCall(word)),
      ...namesInCode(text, models),
      ...field,
    ];
    return used.filter((word) => glossary.named(word) === undefined).map((word) => `${from}: ${word}`);
  });
  return [...new Set(missing)];
}
