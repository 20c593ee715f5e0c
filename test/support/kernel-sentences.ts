/** Sentences about the kernel in what the app tells, and which of them neither a test shows nor a source stands behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { modelIds } from '../../shared/catalogue.ts';
import { root } from './engines.ts';

export interface KernelSentence {
  readonly from: string;
  readonly text: string;
}

const claimSchema = z.union([
  z.strictObject({ says: z.string(), shown: z.string() }),
  z.strictObject({ says: z.string(), source: z.string() }),
]);
export type KernelClaim = z.infer<typeof claimSchema>;

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export const kernelClaims = (): KernelClaim[] =>
  z.array(claimSchema).parse(parse(read('test/support/kernel-claims.yaml')));

/** By what a sentence is known to be about the kernel. */
const ofKernel =
  /\b(kernel|Linux|RFC|TIME_WAIT|CLOSE_WAIT|SYN|EEVDF|scheduler|EPOLLEXCLUSIVE|SO_REUSEPORT|somaxconn|handshake|net\.[\w.]+|tcp_\w+)\b/;
/** A manual page, a standard, a version of the kernel, or a setting whose manual page is named so. */
const ownSource = /\w\(\d\)|\bRFC \d|\bLinux \d|[Kk]ernel:? \d|\bnet\.\w+|\/proc\/|\btcp_\w+|\bPOSIX\b|\bgetrusage\b/;
/** Made of the reader's own figures, or of what they can do. */
const isMeasured = (sentence: string): boolean => /\{\{|\byour\b/i.test(sentence);

const sentencesOf = (text: string): string[] =>
  text
    .replaceAll(/\[([^\]]*)\]\([a-z]+:[^)\s]*(?:\(\d\))?\)/g, (whole, words: string) =>
      whole.includes('(man:') ? `${words}(2)` : words,
    )
    .replaceAll(/\s+/g, ' ')
    .split(/(?<=[.!?:])\s+(?=[A-Z`-])/)
    .map((sentence) => sentence.trim());

/** Predictions have wrong answers among theirs; expectations are judged. */
const notClaimed = new Set(['choices', 'expectations', 'expect', 'ask', 'predict', 'steps']);
const toldKeys = new Set(['watch', 'explain', 'next', 'text', 'says', 'without']);

function toldIn(value: unknown, key = ''): string[] {
  if (typeof value === 'string') return toldKeys.has(key) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((each) => toldIn(each, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => (notClaimed.has(name) ? [] : toldIn(each, name)));
}

const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder)).filter((file) => file.endsWith(ending) && file !== 'README.md');

function told(): KernelSentence[] {
  const scenarios = filesOf('shared/scenarios', '.yaml').flatMap((file) =>
    toldIn(parse(read(`shared/scenarios/${file}`))).map((text) => ({ from: `scenario/${file}`, text })),
  );
  const lessons = filesOf('shared/lessons', '.md').flatMap((file) => {
    const body = read(`shared/lessons/${file}`).split(/^---$/m).slice(2).join('---');
    return body
      .split(/^```.*$/m)
      .flatMap((part, at) => (at % 2 === 1 ? toldIn(parse(part)) : part.split(/\n{2,}/)))
      .map((text) => ({ from: `lesson/${file}`, text }));
  });
  const words = filesOf('shared/glossary', '.yaml').flatMap((file) => {
    const { terms } = parse(read(`shared/glossary/${file}`)) as {
      terms: Record<string, { sentence: string; text?: string; source?: string[] }>;
    };
    return Object.entries(terms).flatMap(([id, { sentence, text = '', source }]) =>
      source === undefined ? [sentence, text].map((each) => ({ from: `glossary/${id}`, text: each })) : [],
    );
  });
  const headers = modelIds
    .map((id) => `main/engine/models/${id.replaceAll('-', '_')}.cpp`)
    .filter((path) => existsSync(join(root, path)))
    .map((path) => ({
      from: path,
      text: (/^(?:\/\/.*\n)+/.exec(read(path))?.[0] ?? '').replaceAll(/^\/\/ ?/gm, ''),
    }));
  const doctor = ['doctor', 'doctor-network', 'doctor-processes'].flatMap((name) =>
    [...read(`main/lab/${name}.ts`).matchAll(/(?:forbids|meaning): ['`](.+?)['`],?$/gm)].map(([, text = '']) => ({
      from: `doctor/${name}`,
      text,
    })),
  );
  return [...scenarios, ...lessons, ...words, ...headers, ...doctor];
}

/** Those without a source of their own. */
export const kernelSentences = (): KernelSentence[] =>
  told().flatMap(({ from, text }) =>
    sentencesOf(text)
      .filter((sentence) => ofKernel.test(sentence) && !ownSource.test(sentence) && !isMeasured(sentence))
      .map((sentence) => ({ from, text: sentence })),
  );
