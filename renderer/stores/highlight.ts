/** Source text as lines of coloured pieces. The grammars come with the first file that is shown. */
import type { ModelSource } from '../../shared/contract/lab.ts';

export interface Piece {
  readonly text: string;
  /** A class of highlight.js without its prefix, such as "keyword"; empty for plain text. */
  readonly kind: string;
}
export type Line = readonly Piece[];

type Language = ModelSource['language'] | 'yaml';
interface Node {
  readonly type: string;
  readonly value?: string;
  readonly properties?: { readonly className?: unknown };
  readonly children?: readonly Node[];
}

export async function highlight(language: Language, text: string): Promise<readonly Line[]> {
  const { lowlight } = await import('./highlight-grammars.ts');
  return linesOf(lowlight.highlight(language, text));
}

/** Before the grammars are there, and for what has none. */
export const plainLines = (text: string): readonly Line[] =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => [{ text: line, kind: '' }]);

export function linesOf(root: Node): readonly Line[] {
  const lines: Piece[][] = [[]];
  const visit = (node: Node, kind: string): void => {
    if (node.type === 'text') {
      const [first = '', ...others] = (node.value ?? '').split('\n');
      if (first !== '') lines.at(-1)?.push({ text: first, kind });
      for (const text of others) lines.push(text === '' ? [] : [{ text, kind }]);
      return;
    }
    const names = node.properties?.className;
    const own = Array.isArray(names) ? String(names[0]).replace('hljs-', '') : kind;
    for (const child of node.children ?? []) visit(child, own);
  };
  visit(root, '');
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}
