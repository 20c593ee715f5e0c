/** Apache Parquet: the tables of csv.ts with their types, for DuckDB, pandas, Polars, Spark and the like. */
import { ByteWriter, ParquetWriter, schemaFromColumnData, type BasicType, type ColumnSource } from 'hyparquet-writer';
import { ColumnCells } from './column-cells.ts';
import type { Exporter } from './exporter.ts';
import { manifestText } from './manifest-text.ts';
import type { ExportOutput } from './output.ts';
import type { CellType, Row, Table } from './table.ts';
import { chosenTables, fillTables, type TableSink } from './tables.ts';

/**
 * DuckDB's own size. Readers skip whole groups by their statistics, and the footer, which is in memory until the end,
 * has a place for each column of each group: with small groups it would grow to more than a group.
 */
const groupRows = 122_880;

const basicTypes: Record<CellType, BasicType> = {
  ...{ integer: 'INT64', number: 'DOUBLE', text: 'STRING', boolean: 'BOOLEAN' },
};

class ParquetFile implements TableSink {
  readonly table: Table;
  readonly #cells: readonly ColumnCells[];
  readonly #columnData: ColumnSource[];
  readonly #writer: ParquetWriter;
  #rows = 0;

  private constructor(table: Table, bytes: ByteWriter, manifest: string) {
    this.table = table;
    this.#cells = table.columns.map(({ type }) => new ColumnCells(type));
    this.#columnData = table.columns.map(({ name, type }, i) => {
      const cells = this.#cells[i];
      // A getter, so that only the column that is being written is there as values.
      return {
        name,
        type: basicTypes[type],
        nullable: true,
        get data() {
          return cells?.read() ?? [];
        },
      };
    });
    const schema = schemaFromColumnData({ columnData: this.#columnData });
    const kvMetadata = [{ key: 'fdscope.session', value: manifest }];
    this.#writer = new ParquetWriter({ writer: bytes, schema, kvMetadata, createdBy: 'fdscope' });
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
    return new ParquetFile(table, Object.assign(bytes, { flush, finish: flush }), manifest);
  }

  async write(rows: readonly Row[]): Promise<void> {
    for (const row of rows) {
      for (const [column, cells] of this.#cells.entries()) cells.push(row[column] ?? null);
      if (++this.#rows === groupRows) await this.#writeGroup();
    }
  }

  async end(): Promise<void> {
    if (this.#rows > 0) await this.#writeGroup();
    await this.#writer.finish();
  }

  async #writeGroup(): Promise<void> {
    await this.#writer.write({ columnData: this.#columnData, rowGroupSize: groupRows });
    for (const cells of this.#cells) cells.clear();
    this.#rows = 0;
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
