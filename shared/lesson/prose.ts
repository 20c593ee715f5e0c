/** The text of a lesson: Markdown as far as lessons have it, as what a page is made of. No HTML comes through. */
import { Lexer, type Token, type Tokens } from 'marked';

/** Where a link leads: to something in the app. Lessons do not lead out of it. */
export const linkKinds = ['term', 'lesson', 'walk', 'scenario', 'model', 'man'] as const;
export type LinkKind = (typeof linkKinds)[number];

export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong'; readonly of: readonly Inline[] }
  | { readonly kind: 'emphasis'; readonly of: readonly Inline[] }
  | { readonly kind: 'link'; readonly to: LinkKind; readonly name: string; readonly of: readonly Inline[] }
  /** A number in the language of expectations, between double braces. */
  | { readonly kind: 'figure'; readonly expression: string };

export type Prose =
  | { readonly kind: 'heading'; readonly of: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly of: readonly Inline[] }
  | { readonly kind: 'quote'; readonly of: readonly Inline[] }
  | { readonly kind: 'list'; readonly isOrdered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string };

/** What is wrong with a text; the sentence has its full stop. */
export type Complain = (sentence: string) => void;

const open = '\uE000';
const close = '\uE001';
const figurePattern = /\{\{(.*?)\}\}/g;
const markPattern = new RegExp(`${open}(\\d+)${close}`);

/** Figures are taken out before Markdown is read: its signs mean other things in there. */
function withoutFigures(text: string): { readonly text: string; readonly figures: readonly string[] } {
  const figures: string[] = [];
  const rest = text.replaceAll(figurePattern, (_, expression: string) => {
    figures.push(expression.trim());
    return `${open}${figures.length - 1}${close}`;
  });
  return { text: rest, figures };
}

function textPieces(text: string, figures: readonly string[]): Inline[] {
  return text.split(markPattern).flatMap((piece, index): Inline[] => {
    if (index % 2 === 1) return [{ kind: 'figure', expression: figures[Number(piece)] ?? '' }];
    return piece === '' ? [] : [{ kind: 'text', text: piece.replaceAll('\n', ' ') }];
  });
}

/** The library writes what an address may not have as %XX. */
function decoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}

function linkOf({ href, tokens }: Tokens.Link, figures: readonly string[], complain: Complain): Inline[] {
  const of = inlines(tokens, figures, complain);
  const [kind = '', ...rest] = decoded(href).split(':');
  const to = linkKinds.find((each) => each === kind);
  if (to !== undefined && rest.length > 0) return [{ kind: 'link', to, name: rest.join(':'), of }];
  complain(
    `A link leads to something in the app, as [words](term:NAME); kinds are ${linkKinds.join(', ')}, and "${href}" is none of them.`,
  );
  return of;
}

function inlines(tokens: readonly Token[], figures: readonly string[], complain: Complain): Inline[] {
  return tokens.flatMap((token): Inline[] => {
    switch (token.type) {
      case 'text':
        return 'tokens' in token ? inlines(token.tokens, figures, complain) : textPieces(token.raw, figures);
      case 'escape':
        return textPieces((token as Tokens.Escape).text, figures);
      case 'codespan':
        if (markPattern.test(token.raw)) complain('Between `…` everything is as it stands: put a figure beside it.');
        return [{ kind: 'code', text: (token as Tokens.Codespan).text }];
      case 'strong':
      case 'em':
        return [
          {
            kind: token.type === 'em' ? 'emphasis' : 'strong',
            of: inlines((token as Tokens.Strong).tokens, figures, complain),
          },
        ];
      case 'link':
        return linkOf(token as Tokens.Link, figures, complain);
      case 'br':
        return [{ kind: 'text', text: ' ' }];
      default:
        complain(
          `A lesson's text has no ${token.type === 'html' ? 'HTML' : token.type}: ${token.raw.trim().slice(0, 60)}`,
        );
        return [];
    }
  });
}

/** One paragraph's text, as in an explanation. */
export function readInline(text: string, complain: Complain): Inline[] {
  const { text: rest, figures } = withoutFigures(text.trim());
  return inlines(Lexer.lexInline(rest), figures, complain);
}

/** A block of Markdown of any kind but a fence. */
export function readProse(raw: string, complain: Complain): Prose[] {
  const { text, figures } = withoutFigures(raw);
  const read = (tokens: readonly Token[] | undefined): Inline[] => inlines(tokens ?? [], figures, complain);
  return new Lexer().lex(text).flatMap((token): Prose[] => {
    switch (token.type) {
      case 'space':
        return [];
      case 'heading': {
        const { depth, tokens } = token as Tokens.Heading;
        if (depth !== 2) complain('Headings in a lesson have two signs (##): its title is in the front matter.');
        return [{ kind: 'heading', of: read(tokens) }];
      }
      case 'paragraph':
        return [{ kind: 'paragraph', of: read((token as Tokens.Paragraph).tokens) }];
      case 'blockquote': {
        const [first] = (token as Tokens.Blockquote).tokens;
        return [{ kind: 'quote', of: read(first && 'tokens' in first ? first.tokens : []) }];
      }
      case 'list': {
        const { ordered, items } = token as Tokens.List;
        const itemOf = ({ tokens }: Tokens.ListItem): Inline[] =>
          tokens.flatMap((each) => read('tokens' in each ? each.tokens : []));
        return [{ kind: 'list', isOrdered: ordered, items: items.map(itemOf) }];
      }
      default:
        complain(`A lesson's text has no ${token.type === 'html' ? 'HTML' : token.type}.`);
        return [];
    }
  });
}

export const inlinesOf = (prose: Prose): readonly Inline[] => {
  if (prose.kind === 'code') return [];
  return prose.kind === 'list' ? prose.items.flat() : prose.of;
};

/** All pieces, those within others too. */
export const flat = (pieces: readonly Inline[]): Inline[] =>
  pieces.flatMap((piece) => ('of' in piece ? [piece, ...flat(piece.of)] : [piece]));

/** As plain text; `figure` is told for each figure. */
export const plainText = (pieces: readonly Inline[], figure: (expression: string) => string): string =>
  pieces
    .map((piece) => {
      if (piece.kind === 'figure') return figure(piece.expression);
      return 'of' in piece ? plainText(piece.of, figure) : piece.text;
    })
    .join('');

export const wordsIn = (pieces: readonly Inline[]): number =>
  plainText(pieces, () => ' 1 ')
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
