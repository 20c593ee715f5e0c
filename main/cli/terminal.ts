/** The one way to a terminal: whatever the command line writes goes through here, and nothing in it can give orders. */
import { visible } from '../../shared/visible.ts';

/** What a locale without UTF-8 shows in place of what we write; whatever else it lacks is a question mark. */
const plain: Readonly<Record<string, string>> = {
  ...{ '─': '-', '│': '|', '┌': '+', '┬': '+', '┐': '+', '├': '+', '┼': '+', '┤': '+', '└': '+', '┴': '+', '┘': '+' },
  ...{ '–': '-', '—': '-', '’': "'", '‘': "'", '“': '"', '”': '"', '…': '~', µ: 'u', μ: 'u', '×': 'x', '·': '.' },
  ...{
    '▁': '_',
    '▂': '.',
    '▃': ':',
    '▄': '-',
    '▅': '=',
    '▆': '+',
    '▇': '*',
    '█': '#',
    '▏': '.',
    '∞': 'inf',
    '≤': '<=',
    '≥': '>=',
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

/** As setlocale(3) chooses: the first of them that is set; none of them is "C". */
export function isUtf8({ LC_ALL, LC_CTYPE, LANG }: Environment): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((each) => each !== undefined && each !== '') ?? 'C';
  return /utf-?8/i.test(locale);
}

export const asciiOf = (text: string): string => text.replaceAll(/[^\n\t -~]/gu, (sign) => plain[sign] ?? '?');

/** Lines that say how it went; a line's beginning gives its colour, and no text can bring one. */
const colours: readonly (readonly [RegExp, string])[] = [
  [/^(did not hold|error( \([^)]*\))?:|failed:)/gm, '31'],
  [/^(warning( \([^)]*\))?:|limited\b|refused:|not run:)/gm, '33'],
  [/^(held\b|ok\b)/gm, '32'],
  [/^(missing\b|not judged)/gm, '35'],
];

/** See no-color.org: set to anything but nothing. */
export const hasColours = (stream: { readonly isTTY?: boolean }, { NO_COLOR, TERM }: Environment): boolean =>
  stream.isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb';

export const coloured = (text: string): string =>
  colours.reduce((painted, [begin, code]) => painted.replaceAll(begin, `\u001b[${code}m$1\u001b[0m`), text);

function shown(text: string, stream: NodeJS.WriteStream): string {
  const harmless = visible(text);
  const written = isUtf8(process.env) ? harmless : asciiOf(harmless);
  return hasColours(stream, process.env) ? coloured(written) : written;
}

/**
 * Resolves when the text has left this process: exiting before would cut what a pipe has not taken yet. `isData`: what
 * another program may read, word for word; only a terminal shows it as all else.
 */
export const print = (text: string, isData = false): Promise<void> =>
  new Promise((resolve) => {
    const isWord = isData && !process.stdout.isTTY;
    process.stdout.write(isWord ? text : isData ? visible(text) : shown(text, process.stdout), () => resolve());
  });

/** Words to whoever runs it, beside the result. */
export const tell = (text: string): void => void process.stderr.write(shown(text, process.stderr));
