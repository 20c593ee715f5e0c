/** The manual page, in man(7)'s macros, made of the commands' own definitions. */
import type { OptionFacts, VerbFacts } from './verbs.ts';

const lineLength = 78;

/** Text that is filled, in lines that people can read as well. */
function filled(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= lineLength) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map(roff);
}

/** A line of text that groff and mandoc set as it stands, whatever the locale. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', "'")
    .replace(/^([.'])/, '\\&$1')
    .replaceAll(
      /[^\x20-\x7e]/g,
      (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
const italic = (text: string): string => `\\fI${roff(text)}\\fR`;

function optionLines({ short, longs, value, summary, values }: OptionFacts): string[] {
  const names = [...(short === undefined ? [] : [short]), ...longs].map(bold).join(', ');
  const also = values && !values.every((word) => summary.includes(word)) ? ` One of ${values.join(', ')}.` : '';
  return ['.TP', `${names}${value === undefined ? '' : ` ${italic(value)}`}`, ...filled(`${summary}.${also}`)];
}

const verbLines = ({ name, summary, arguments: given, options }: VerbFacts): string[] => [
  `.SS ${['fdscope', name, ...given.map(({ text }) => text)].map(roff).join(' ')}`,
  ...filled(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
  ...given.flatMap(({ text, summary: about }) => (about === '' ? [] : ['.TP', italic(text), ...filled(`${about}.`)])),
  ...options.filter(({ longs }) => !longs.includes('--help')).flatMap(optionLines),
];

const terms = (entries: readonly (readonly [string, string])[]): string[] =>
  entries.flatMap(([term, about]) => ['.TP', bold(term), ...filled(about)]);

const units: readonly (readonly [string, string])[] = [
  ['time', 'a number in the unit that the option names, or with ns, us, ms, s, m, h or d: 500ms, 2s, 1m30s.'],
  ['size', 'bytes, or with KiB, MiB, GiB, or K, M, G for the same; kB, MB, GB are powers of 1000.'],
  ['number', 'or with k, M or G for powers of 1000: 10k.'],
  ['rate', 'requests a second; 10k/s is the same as 10k, and 600/min is 10.'],
];
const exits: readonly (readonly [string, string])[] = [
  ['0', 'done.'],
  ['1', 'it failed; what was measured before is printed all the same.'],
  ['2', 'bad input; nothing was run.'],
  ['3', 'not available on this machine.'],
  ['4', 'an expectation of the scenario, or one given as an option, does not hold.'],
  ['130', 'interrupted by Ctrl-C; what was measured until then is printed.'],
];
const environment: readonly (readonly [string, string])[] = [
  ['NO_COLOR', 'where it is set to anything, no colours. There are none either where the output is no terminal.'],
  ['COLUMNS', 'the width of tables where the output is no terminal.'],
  ['LC_ALL, LC_CTYPE, LANG', 'where they name no UTF-8, tables and texts are plain ASCII. JSON and CSV stay UTF-8.'],
  ['XDG_DATA_HOME', 'where scenarios, sessions and walks of your own lie, in fdscope; by default ~/.local/share.'],
];
const examples: readonly (readonly [string, string])[] = [
  ['fdscope run -m epoll-lt -c 1k -d 10s', 'one model under a thousand clients'],
  ['fdscope run head-of-line', 'a scenario, with its expectations judged on your figures'],
  ['fdscope compare epoll-lt io_uring -r 8', 'eight runs of each, in random order'],
  ['fdscope sweep epoll-lt poll --over clients=1,100,10k', 'how they take more clients'],
  ['fdscope load -T 127.0.0.1:8080 -P http -c 100 -R 5k', 'your own server, at 5000 requests a second'],
];

export function manPage(verbs: readonly VerbFacts[], version: string): string {
  return [
    `.TH FDSCOPE 1 "" "fdscope ${roff(version)}" "User Commands"`,
    // To the left alone: long names of settings would tear gaps into justified lines.
    '.ad l',
    '.SH NAME',
    'fdscope \\- an oscilloscope for sockets',
    '.SH SYNOPSIS',
    `${bold('fdscope')} ${italic('command')} [${italic('option')} ...] [${italic('argument')} ...]`,
    '.SH DESCRIPTION',
    roff(
      'Runs the same network server under every I/O model, drives it with simulated clients, and shows what threads,',
    ),
    roff('file descriptors and the kernel do meanwhile. Every figure is measured on this machine.'),
    '.SH COMMANDS',
    ...verbs.flatMap(verbLines),
    '.SH UNITS',
    ...terms(units),
    '.SH OUTPUT',
    roff(
      'Results go to standard output, all else to standard error. With --json standard output is one object and nothing',
    ),
    roff(
      'else, {"version": 1, "runs": [...], ...}, whose schema `fdscope schema --results` prints. Keys are only ever added;',
    ),
    roff('where one had to change its meaning or go, "version" would be 2.'),
    '.SH EXIT STATUS',
    ...terms(exits),
    '.SH ENVIRONMENT',
    ...terms(environment),
    '.SH EXAMPLES',
    ...terms(examples),
    '.SH SEE ALSO',
    ['epoll(7)', 'io_uring(7)', 'ss(8)', 'strace(1)', 'wrk(1)']
      .map((page) => page.replace(/(.+)(\(.\))/, '.BR $1 $2'))
      .join(' ,\n'),
    '',
  ].join('\n');
}
