/** How a measurement is cited: a plain sentence, and an entry for BibTeX. */
import { z } from 'zod';

export interface Cited {
  readonly title: string;
  /** Such as "run" or "comparison of 2 models, 10 runs of each". */
  readonly what: string;
  /** When it was measured, ms since 1970. */
  readonly wallMs: number;
  /** Of fdscope. */
  readonly version: string;
  /** "2 CPUs, Intel Xeon, Linux 6.1". */
  readonly machine: string;
  /** What tells it from others of its day, of a session its id. */
  readonly id?: string | undefined;
}

export const citationSchema = z.object({ sentence: z.string(), bibtex: z.string() });
export type Citation = z.infer<typeof citationSchema>;

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const;

const macros: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};
/** As LaTeX prints it, whatever stands there. */
const latex = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\~^]|[&%$#_{}]/g, (character) => macros[character] ?? `\\${character}`)
    .replaceAll('µ', '{\\textmu}');

/** Whoever measured is not known here: the entry has no author, which BibTeX's type misc allows. */
export function citationOf({ title, what, wallMs, version, machine, id }: Cited): Citation {
  const at = new Date(wallMs);
  const day = at.toISOString().slice(0, 10);
  const long = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(wallMs);
  const key = ['fdscope', day.replaceAll('-', ''), at.toISOString().slice(11, 19).replaceAll(':', '')].join('-');
  const known = id === undefined ? '' : `, session ${id}`;
  const where = `${machine}; server and clients on one machine, over loopback`;
  return {
    sentence: `“${title}”, ${what}, measured on ${long} with fdscope ${version}${known} (${where}).`,
    bibtex: [
      `@misc{${key},`,
      `  title        = {{${latex(title)}}},`,
      `  howpublished = {${latex(`${what}, measured with fdscope ${version}${known}`)}},`,
      `  year         = {${at.getUTCFullYear()}},`,
      `  month        = ${months[at.getUTCMonth()] ?? 'jan'},`,
      `  note         = {${latex(`Measured on ${day}: ${where}`)}}`,
      '}',
    ].join('\n'),
  };
}

/** As captions, citations and reports have it. */
export const machineText = ({
  cpus,
  cpuModel,
  kernel,
}: {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly kernel: string;
}): string => `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${cpuModel}, Linux ${kernel}`;
