/** Tables for people: as wide as the terminal at most, and as Markdown for issues and posts. */
import Table from 'cli-table3';

type Cell = string | { readonly colSpan: number; readonly content: string };

/** Below this a table is no longer one, whatever the terminal says. */
const leastWidth = 40;
/** A text column is made no narrower than this. */
const leastText = 12;
const borders = 3;

/** Columns of the terminal; of a pipe or a file those that COLUMNS names, or no limit. */
export function pageWidth(stream: { columns?: number } = process.stdout, env = process.env): number {
  const columns = stream.columns ?? Number(env.COLUMNS ?? '');
  return columns > 0 ? Math.max(leastWidth, columns) : Infinity;
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.content);

export class TextTable {
  readonly #head: readonly string[];
  readonly #texts: number;
  readonly #rows: (readonly Cell[])[] = [];

  /** Texts in the first `texts` columns, figures in the others. */
  constructor(head: readonly string[], texts: number) {
    this.#head = head;
    this.#texts = Math.min(texts, head.length);
  }

  push(row: readonly Cell[]): void {
    this.#rows.push(row);
  }

  /** No colours, which a pipe or file would show as noise, and no lines between the rows. */
  toString(width = pageWidth()): string {
    const widths = this.#widths(width);
    return this.#parts(widths, width)
      .map((columns) => this.#box(columns, widths))
      .join('\n');
  }

  markdown(): string {
    const line = (cells: readonly string[]): string =>
      `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
    return [
      line(this.#head),
      line(this.#head.map((_, i) => (i < this.#texts ? '---' : '---:'))),
      ...this.#rows.map((row) => line(row.map(textOf))),
    ].join('\n');
  }

  /** Of each column; texts give way before figures do. */
  #widths(width: number): number[] {
    const widths = this.#head.map((head, i) =>
      Math.max(head.length, ...this.#rows.map((row) => (typeof row[i] === 'string' ? row[i].length : 0))),
    );
    const total = (): number => widths.reduce((sum, each) => sum + each + borders, 1);
    while (total() > width) {
      const widest = Math.max(...widths.slice(0, this.#texts));
      const at = widths.indexOf(widest);
      if (widest <= leastText || at < 0) break;
      widths[at] = widest - 1;
    }
    return widths;
  }

  /** Columns of each table, where one table cannot have them all: each begins with the first column. */
  #parts(widths: readonly number[], width: number): number[][] {
    const parts: number[][] = [];
    let part: number[] = [];
    let used = 1;
    for (const [i, own] of widths.entries()) {
      const needed = own + borders;
      if (part.length > 1 && used + needed > width) {
        parts.push(part);
        part = [0];
        used = 1 + (widths[0] ?? 0) + borders;
      }
      part.push(i);
      used += needed;
    }
    return [...parts, part];
  }

  #box(columns: readonly number[], widths: readonly number[]): string {
    const none = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
    const table = new Table({
      head: columns.map((i) => this.#head[i] ?? ''),
      colAligns: columns.map((i) => (i < this.#texts ? 'left' : 'right')),
      colWidths: columns.map((i) => (widths[i] ?? 0) + borders - 1),
      wordWrap: true,
      wrapOnWordBoundary: !columns.some((i) => this.#isWordTooWide(i, widths[i] ?? 0)),
      style: { head: [], border: [] },
      chars: none,
    });
    for (const row of this.#rows) {
      const span = row.findIndex((cell) => typeof cell !== 'string');
      if (span < 0) table.push(columns.map((i) => textOf(row[i] ?? '')));
      else
        table.push([
          ...row.slice(0, span).map(textOf),
          { colSpan: columns.length - span, content: textOf(row[span] ?? '') },
        ]);
    }
    return table.toString();
  }

  #isWordTooWide(column: number, width: number): boolean {
    return [this.#head, ...this.#rows].some((row) =>
      textOf(row[column] ?? '')
        .split(' ')
        .some((word) => word.length > width && typeof (row[column] ?? '') === 'string'),
    );
  }
}

export const tableOf = (head: readonly string[], texts = 1): TextTable => new TextTable(head, texts);

/** What a command says: lines and tables, in their order. */
export type Page = string | readonly (string | TextTable)[];

export const pageText = (page: Page): string =>
  typeof page === 'string' ? page : page.map((part) => part.toString()).join('\n');

/** Lines stay lines: two spaces at their ends. */
const markdownLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line.trim() === '' ? '' : `${line}  `))
    .join('\n');

export const pageMarkdown = (page: Page): string =>
  (typeof page === 'string' ? [page] : page)
    .map((part) => (typeof part === 'string' ? markdownLines(part) : `\n${part.markdown()}\n`))
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .replace(/^\n+/, '');
