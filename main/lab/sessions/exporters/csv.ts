/**
 * CSV as RFC 4180 has it, all texts in quotes: a folder with a file a table, a dictionary of their columns and the manifest,
 * or one table as one file.
 */
import { csvText } from '../../../../shared/csv.ts';
import { dictionaryRows } from './dictionary.ts';
import type { Exporter } from './exporter.ts';
import { manifestText } from './manifest-text.ts';
import { chosenTables, fillTables, tables, type TableSink } from './tables.ts';

export const csv: Exporter = {
  format: 'csv',
  about: 'tables as CSV: a folder with a file a table, or one table with --table; see --csv-formulas',
  extension: '.csv',
  shape: ({ table }) => (table === undefined ? 'folder' : 'file'),
  takes: 'table',
  check: ({ table }) => void chosenTables(table),
  async write(reader, output, choices) {
    const sinks: TableSink[] = [];
    for (const table of chosenTables(choices.table)) {
      const file = await output.create(`${table.name}.csv`);
      await file.write(csvText([table.columns.map(({ name }) => name)]));
      sinks.push({
        table,
        write: (rows) => file.write(csvText(rows, { quoted: 'all', formulas: choices.csvFormulas })),
      });
    }
    await fillTables(reader, sinks);
    if (choices.table !== undefined) return;
    await (await output.create('dictionary.csv')).write(csvText(dictionaryRows(tables)));
    await (await output.create('session.json')).write(manifestText(reader.session));
  },
};
