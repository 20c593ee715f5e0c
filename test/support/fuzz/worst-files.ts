/** Session files and scenarios that are made to cost their reader: each claims or holds what no file of the lab does. */
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import { buildChunk, buildJsonChunk } from '../../../main/lab/sessions/chunk-codec.ts';
import {
  chunkKinds,
  crcFrom,
  encodeChunkHeader,
  encodeFileHeader,
  type ChunkKind,
} from '../../../shared/session/format.ts';
import { encodeIndex } from '../../../shared/session/index-chunk.ts';
import { manifestOf, startNs } from '../../unit/session-frames.ts';

export interface WorstFile {
  readonly what: string;
  readonly bytes: Buffer;
}

const at = { fromNs: startNs, toNs: startNs };
const kinds = Object.keys(chunkKinds) as ChunkKind[];

/** A chunk that says of itself what it likes, with the checksum of that. */
function claiming(kind: ChunkKind, stored: Buffer, claims: Partial<Parameters<typeof encodeChunkHeader>[0]>): Buffer {
  const usual = { kind: chunkKinds[kind], encoding: 0, sources: 1, count: 1, storedBytes: stored.length, ...at };
  const chunk = Buffer.concat([encodeChunkHeader({ ...usual, rawBytes: stored.length, ...claims }), stored]);
  chunk.writeUInt32LE(crc32(chunk.subarray(crcFrom)), 8);
  return chunk;
}

async function file(what: string, ...chunks: (Uint8Array | Promise<Uint8Array>)[]): Promise<WorstFile> {
  const manifest = await buildJsonChunk('manifest', manifestOf(), at);
  return {
    what,
    bytes: Buffer.concat([
      encodeFileHeader(),
      manifest,
      ...(await Promise.all(chunks.map((chunk) => Promise.resolve(chunk)))),
    ]),
  };
}

const packedZeros = new Map<number, Buffer>();
function zeros(mebibytes: number): Buffer {
  const packed = packedZeros.get(mebibytes) ?? deflateRawSync(Buffer.alloc(mebibytes << 20));
  packedZeros.set(mebibytes, packed);
  return packed;
}
const json = (kind: ChunkKind, value: object): Promise<Uint8Array> => buildJsonChunk(kind, value, at);
const many = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** About seventy. */
export async function worstSessions(): Promise<WorstFile[]> {
  const packed = Buffer.concat([Buffer.alloc(8), deflateSync(Buffer.alloc(64 << 20))]).toString('base64');
  const histograms = { corrected: packed, uncorrected: packed };
  const place = { ...claimsOf('frames'), offset: 100, storedBytes: 10 };
  const files = [
    ...kinds.flatMap((kind) => [
      ...[1, 16, 60].map((mebibytes) =>
        file(
          `${kind}: ${mebibytes} MiB of zeros`,
          claiming(kind, zeros(mebibytes), { encoding: 1, rawBytes: mebibytes << 20 }),
        ),
      ),
      file(`${kind}: shuffled zeros`, claiming(kind, zeros(32), { encoding: 2, rawBytes: 32 << 20, count: 65_536 })),
      file(`${kind}: 2^32 frames`, claiming(kind, Buffer.alloc(64), { count: 0xffff_ffff })),
      file(`${kind}: unpacks to 4 GiB`, claiming(kind, Buffer.alloc(64), { encoding: 1, rawBytes: 0xffff_ffff })),
      file(`${kind}: a time of 1e300`, claiming(kind, Buffer.alloc(64), { fromNs: 1e300, toNs: 1e300 })),
      file(`${kind}: nested texts`, claiming(kind, Buffer.from('['.repeat(500_000)), {})),
    ]),
    file('a summary of 1e15 seconds on', json('summary', { firstSecond: 1e15, columns: { serverRequests: [1] } })),
    file(
      'a summary of 100,000 seconds',
      json('summary', { firstSecond: 0, columns: { serverRequests: many(100_000) } }),
    ),
    file(
      'fifty of them',
      ...many(50).map(() => json('summary', { firstSecond: 0, columns: { serverRequests: many(80_000) } })),
    ),
    file('a histogram of 64 MiB', json('summary', { firstSecond: 0, columns: { serverRequests: [1] }, histograms })),
    file(
      'system calls without end',
      json('summary', {
        ...{ firstSecond: 0, columns: { serverRequests: [1] } },
        syscalls: Object.fromEntries(many(100_000).map((i) => [`call${i}`, 1])),
      }),
    ),
    file(
      'an index of one chunk, 20,000 times',
      json(
        'index',
        encodeIndex(
          many(20_000).map(() => place),
          0,
        ),
      ),
    ),
    file('20,000 empty chunks', ...many(20_000).map(() => claiming('gap', Buffer.from('{}'), { count: 0 }))),
    file('20,000 edits', ...many(20_000).map((i) => json('edit', { type: 'name', name: `n${i}` }))),
    file('empty frames', buildChunk('frames', Buffer.alloc(1 << 20), { ...at, count: 65_536 }, 0)),
  ];
  return Promise.all(files);
}

const claimsOf = (kind: ChunkKind) => ({
  ...{ kind: chunkKinds[kind], encoding: 0, sources: 1, count: 1, rawBytes: 10, crc: 0 },
  ...at,
});

const head = 'version: 1\ntitle: t\nquestion: q?\nwatch: [w]\nclients: [{ profile: closed }]\nmodels: [epoll-lt]\n';
const lines = (count: number, line: (i: number) => string): string => many(count).map(line).join('');
const pieces = [
  ...['[', '{', '{a: ', '- ', '? ', '!!map {', '&a [', '"', "'", '|\n ', '>\n ', '*a ', '<<: '],
  ...['%TAG ! x\n', '--- '],
];

const expecting = (what: string, times = 1): string =>
  `expectations:\n${`  - { expect: "${what}", because: b, otherwise: o }\n`.repeat(times)}`;

/** About thirty, of at most 1 MiB each, with all that a scenario must have. */
export const worstScenarios = (): { readonly what: string; readonly text: string }[] =>
  [
    ...pieces.map((piece) => ({
      what: `${JSON.stringify(piece)} again and again`,
      text: piece.repeat(Math.floor(900_000 / piece.length)),
    })),
    { what: '60,000 keys that there are not', text: lines(60_000, (i) => `k${i}: 1\n`) },
    { what: '900 keys that there are not', text: lines(900, (i) => `${'k'.repeat(900)}${i}: 1\n`) },
    { what: '400 keys, one within the other', text: lines(400, (i) => `${' '.repeat(i)}k${i}:\n`) },
    { what: 'the same key, 60,000 times', text: 'title: x\n'.repeat(60_000) },
    { what: '30,000 anchors', text: lines(30_000, (i) => `a${i}: &a${i} 1\n`) },
    {
      what: 'aliases of aliases',
      text: `a0: &a0 [x, x]\n${lines(40, (i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]\n`)}`,
    },
    { what: '50,000 clients', text: `clients:\n${'  - profile: closd\n'.repeat(50_000)}`, instead: 'clients' },
    { what: '900 clients', text: `clients:\n${'  - profile: closd\n'.repeat(900)}`, instead: 'clients' },
    { what: '20,000 models', text: `models: [${'pol, '.repeat(20_000)}]`, instead: 'models' },
    { what: '900 models', text: `models: [${'pol, '.repeat(900)}]`, instead: 'models' },
    { what: 'a model of 900,000 letters', text: `models: [${'p'.repeat(900_000)}]`, instead: 'models' },
    { what: 'a question that is a number', text: `question: ${'9'.repeat(900_000)}`, instead: 'question' },
    { what: 'a number of 900,000 digits', text: `connections: ${'9'.repeat(900_000)}` },
    { what: 'an expectation of 100,000 brackets', text: expecting('('.repeat(100_000)) },
    { what: 'an expectation of 100,000 minus signs', text: expecting(`throughput(poll) > ${'-'.repeat(100_000)}1`) },
    { what: 'an expectation of 100,000 terms', text: expecting(`${'1 + '.repeat(100_000)}1 > 0`) },
    { what: '10,000 expectations', text: expecting('throughput(poll) > >', 10_000) },
    { what: '900 expectations', text: expecting('throughput(poll) > >', 900) },
    { what: '30,000 phases', text: `phases:\n${'  - { at: 1, switch: pol }\n'.repeat(30_000)}` },
    { what: '900 phases', text: `phases:\n${'  - { at: 1, switch: pol }\n'.repeat(900)}` },
  ].map(({ what, text, ...rest }) => {
    const without = 'instead' in rest ? head.split('\n').filter((line) => !line.startsWith(rest.instead)) : [head];
    return { what, text: without.join('\n') + text };
  });
