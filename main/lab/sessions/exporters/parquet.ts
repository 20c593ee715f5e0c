/** Apache Parquet: the tables of csv.ts with their types, for DuckDB, pandas, Polars, Spark and the like. */
import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType, type ColumnSource } from 'hyparquet-writer';
import type { Exporter } from './exporter.ts';
import { manifestText } from './manifest-text.ts';
import type { ExportOutput } from './output.ts';
import type { Cell, CellType, Column, Row, Table } from './table.ts';
import { chosenTables, fillTables, type TableSink } from './tables.ts';

/** Rows are in memory until a row group is whole; readers skip whole groups by their statistics. */
const groupRows = 16_384;

const basicTypes: Record<CellType, BasicType> = { integer: 'INT64', text: 'STRING', boolean: 'BOOLEAN' };

const columnData = (columns: readonly Column[], rows: readonly Row[]): ColumnSource[] =>
  columns.map(({ name, type }, column) => ({
    name,
    type: basicTypes[type],
    nullable: true,
    data: rows.map((row) => typed(row[column] ?? null, type)),
  }));

const typed = (cell: Cell, type: CellType): Cell | bigint =>
  type === 'integer' && typeof cell === 'number' ? BigInt(cell) : cell;

class ParquetFile implements TableSink {
  readonly table: Table;
  readonly #writer: ParquetWriter;
  #rows: Row[] = [];

  private constructor(table: Table, writer: ParquetWriter) {
    this.table = table;
    this.#writer = writer;
  }

  static async create(table: Table, output: ExportOutput, manifest: string): Promise<ParquetFile> {
    const file = await output.create(`${table.name}.parquet`);
    const bytes = new ByteWriter();
    const flush = async (): Promise<void> => {
      // A copy: the buffer is written again from its start.
      const part = bytes.getBytes().slice();
      bytes.index = 0;
      await file.write(part);
    };
    const schema = schemaFromColumnData({ columnData: columnData(table.columns, []) });
    const kvMetadata = [{ key: 'fdscope.session', value: manifest }];
    const writer = Object.assign(bytes, { flush, finish: flush });
    return new ParquetFile(table, new ParquetWriter({ writer, schema, kvMetadata, createdBy: 'fdscope' }));
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (const row of rows) this.#rows.push(row);
    while (this.#rows.length >= groupRows) await this.#writeGroup(this.#rows.splice(0, groupRows));
  }

  async end(): Promise<void> {
    if (this.#rows.length > 0) await this.#writeGroup(this.#rows);
    await this.#writer.finish();
  }

  async #writeGroup(rows: readonly Row[]): Promise<void> {
    await this.#writer.write({ columnData: columnData(this.table.columns, rows), rowGroupSize: groupRows });
  }
}

export const parquet: Exporter = {
  format: 'parquet',
  about: 'the same tables as Parquet, for DuckDB, pandas and the like',
  extension: '.parquet',
  shape: ({ table }) => (table === undefined ? 'folder' : 'file'),
  takes: 'table',
  check: ({ table }) => void chosenTables(table),
  async write(reader, output, choices) {
    const manifest = manifestText(reader.session);
    const files: ParquetFile[] = [];
    for (const table of chosenTables(choices.table)) files.push(await ParquetFile.create(table, output, manifest));
    await fillTables(reader, files);
    for (const file of files) await file.end();
  },
};
