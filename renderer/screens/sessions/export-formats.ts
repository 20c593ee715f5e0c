/** What sessions are exported to, and what opens it. */
interface FormatWords {
  readonly short: string;
  readonly text: string;
  readonly hint: string;
  /** Of a folder, nothing. */
  readonly ending: string;
}

export const exportFormats = {
  perfetto: {
    ...{ short: 'Perfetto', text: 'Perfetto trace', ending: '.pftrace' },
    hint: 'Processes, threads, system calls and counters on one timeline; opens in ui.perfetto.dev.',
  },
  chrome: {
    ...{ short: 'Chrome', text: 'Chrome trace events (JSON)', ending: '.trace.json' },
    hint: 'For chrome://tracing, Speedscope and the like.',
  },
  csv: {
    ...{ short: 'CSV', text: 'CSV tables', ending: '' },
    hint: 'A folder with a file for each table; --table NAME exports one alone.',
  },
  parquet: {
    ...{ short: 'Parquet', text: 'Parquet tables', ending: '' },
    hint: 'The same tables, for DuckDB, pandas and the like.',
  },
  hlog: {
    ...{ short: 'hlog', text: 'HdrHistogram log', ending: '.hlog' },
    hint: 'The latencies, for every tool that reads HdrHistograms.',
  },
  html: {
    ...{ short: 'HTML', text: 'HTML report', ending: '.html' },
    hint: 'One file with charts, tables and the machine, which opens without a network.',
  },
} as const satisfies Record<string, FormatWords>;
export type ExportFormat = keyof typeof exportFormats;
