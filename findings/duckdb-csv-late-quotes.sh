#!/usr/bin/env bash
# DuckDB 1.5.6 (npm @duckdb/node-api 1.5.6-r.1): a CSV file that is right by RFC 4180 is refused for a text in its last row.
#
# DuckDB guesses a file's dialect from its first 20,480 rows. Where none of them needs quotes, it decides that the file has no
# quotes at all, and the first text with a comma, in quotes as RFC 4180 has it, is one column too many: the whole query fails.
# The same text in an early row is read well.
#
# Why it matters here: tables of events are long and a label with a comma comes late. fdscope quotes every text
# (shared/csv.ts), so that the first row tells.
#
# Seen on Node 20: early: 30001 rows; late: CSV Error on Line: 30002, "quote = (empty) (Auto-Detected)"; all quoted: 30001 rows
source "$(dirname "$0")/common.sh"
npm_packages @duckdb/node-api@1.5.6-r.1

cat >"$folder/read.js" <<'END'
import { writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

const connection = await (await DuckDBInstance.create(':memory:')).connect();
async function read(name, at, quote) {
  const rows = Array.from({ length: 30_001 }, (_, i) => `${i},${i === at ? '"wait, then go"' : quote('wait')}`);
  const file = new URL(`${name}.csv`, import.meta.url).pathname;
  writeFileSync(file, `time,label\n${rows.join('\n')}\n`);
  try {
    const reader = await connection.runAndReadAll(`select count(*), max(label) from '${file}'`);
    return reader.getRows().flat().join(' ');
  } catch (error) {
    return `${/CSV Error on Line: \d+/.exec(error.message)} ${/quote = .*/.exec(error.message)}`;
  }
}
console.log(await read('early', 10, (text) => text));
console.log(await read('late', 30_000, (text) => text));
console.log(await read('quoted', 30_000, (text) => `"${text}"`));
END
mapfile -t line < <(cd "$folder" && node read.js)
expect 'quotes in row 10' "${line[0]:-nothing}" '30001 wait, then go'
expect 'quotes in row 30,000 alone' "${line[1]:-nothing}" 'CSV Error on Line: 30002 quote = (empty) (Auto-Detected)*'
expect 'quotes in every row' "${line[2]:-nothing}" '30001 wait, then go'
verdict
