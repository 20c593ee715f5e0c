/** What a model's file says of itself, with its words marked. */
import type { Glossary } from '../../shared/glossary.ts';
import type { Line, Piece } from './highlight.ts';

export interface MarkedPiece extends Piece {
  /** Id of the term that the piece leads to. */
  readonly term?: string;
}

const isOfHeader = (line: Line): boolean =>
  line.every(({ kind, text }) => kind === 'comment' || kind === 'doctag' || text.trim() === '');

/** The comment at the head of a file, each term where it comes first; the lines below it as they are. */
export function withHeaderTerms(lines: readonly Line[], glossary: Glossary): readonly (readonly MarkedPiece[])[] {
  const end = lines.findIndex((line) => !isOfHeader(line));
  const told = new Set<string>();
  return lines.map((line, at) =>
    end !== -1 && at >= end
      ? line
      : line.flatMap(({ kind, text }): MarkedPiece[] =>
          glossary.markedWords(text, told).map((part) => ({
            kind,
            text: part.text,
            ...(part.term === undefined ? {} : { term: part.term }),
          })),
        ),
  );
}
