/** `fdscope glossary`: what a word of the field means. */
import { Glossary, type Term } from '../../../shared/glossary.ts';
import { didYouMean } from '../../../shared/schemas/suggest.ts';
import { LabError } from '../../lab/errors.ts';
import { readGlossary } from '../../lab/glossary.ts';
import type { Register } from '../command.ts';
import { addJson, type OutputFlags } from '../options.ts';
import { folded } from '../fold.ts';
import { deliver } from '../output.ts';

/** How each kind of place is reached from the command line; screens and tracks are the app's alone. */
const commandsOf: Readonly<Record<string, string>> = { walk: 'walk', scenario: 'run', lesson: 'lesson' };

function placeText(here: string): string {
  const [kind = '', name = ''] = here.split('/');
  const command = commandsOf[kind];
  return command === undefined ? `${kind} ${name}` : `fdscope ${command} ${name}`;
}

export function termText(term: Term): string {
  const facts = [
    ['see it here', term.here.map(placeText).join(', ')],
    ...(term.see ? [['beside it', term.see.join(', ')]] : []),
    ...(term.source ? [['read on', term.source.join(', ')]] : []),
    ...(term.aliases ? [['also', term.aliases.join(', ')]] : []),
  ];
  return [
    `${term.title}\n`,
    folded(term.sentence, ''),
    ...(term.text === undefined ? [] : ['\n', folded(term.text, '')]),
    '\n',
    ...facts.map(([label = '', value = '']) => `${label.padEnd(13)}${folded(value, ' '.repeat(13)).trimStart()}`),
  ].join('');
}

export function listText(terms: readonly Term[]): string {
  const topics = [...new Set(terms.map(({ topic }) => topic))];
  return topics
    .map((topic) => {
      const titles = terms.filter((term) => term.topic === topic).map(({ title }) => title);
      return `${topic}\n${folded(titles.join(' · '), '  ')}`;
    })
    .join('\n');
}

export const registerGlossary: Register = (program) => {
  const command = program
    .command('glossary')
    .description('what a word of the field means, and where it is seen here; without one, all words')
    .argument('[term...]', 'a word, such as CLOSE_WAIT or "thundering herd"');
  addJson(command).action(async (words: readonly string[], flags: OutputFlags) => {
    const terms = readGlossary();
    if (words.length === 0) return deliver(flags, { terms }, (shown) => listText(shown.terms));
    const wanted = words.join(' ');
    const term = new Glossary(terms).named(wanted);
    if (term === undefined) {
      const names = terms.flatMap(({ id, title, aliases = [] }) => [id, title, ...aliases]);
      const hint = didYouMean(wanted, names) || '; `fdscope glossary` lists the words that are.';
      throw new LabError('bad-input', `The glossary has no "${wanted}"${hint}`);
    }
    await deliver(flags, term, termText);
  });
};
