/** The cells of one line of an exported table, texts without their quotes. No text of a table has a line's end in it. */
export const csvCells = (line: string): string[] =>
  [...line.trimEnd().matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
