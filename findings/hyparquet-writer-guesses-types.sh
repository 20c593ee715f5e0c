#!/usr/bin/env bash
# hyparquet-writer 0.17.0 (npm): the type of a column is guessed from the values of each file.
#
# Whole numbers become INT32, and one fraction among them DOUBLE; a column that is null throughout becomes BYTE_ARRAY, so that
# the same table has other types from file to file, and readers that join them refuse. Whole numbers beyond 2^31, which a
# time in nanoseconds always is, are guessed as INT32 as well and then refused.
#
# Why it matters here: sessions are exported one by one and queried together. fdscope names the type of every column
# (main/lab/sessions/exporters/parquet.ts).
#
# Seen on Node 20: INT32 DOUBLE BYTE_ARRAY; 3000000000: "parquet expected int32 value, got 3000000000"
source "$(dirname "$0")/common.sh"
npm_packages hyparquet-writer@0.17.0 hyparquet@1.31.5

cat >"$folder/types.js" <<'END'
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

function typeOf(data, type) {
  try {
    const file = parquetWriteBuffer({ columnData: [{ name: 'column', data, ...(type ? { type } : {}) }] });
    return parquetMetadata(file).schema[1].type;
  } catch (error) {
    return error.message;
  }
}
console.log(typeOf([1, 2, 3]), typeOf([1, 2.5, 3]), typeOf([null, null]));
console.log(typeOf([3_000_000_000]));
console.log(typeOf([null, null], 'DOUBLE'), typeOf([3_000_000_000], 'DOUBLE'));
END
mapfile -t line < <(node "$folder/types.js")
expect 'whole numbers, one fraction, nulls alone' "${line[0]:-nothing}" 'INT32 DOUBLE BYTE_ARRAY'
expect 'a whole number beyond 2^31' "${line[1]:-nothing}" 'parquet expected int32 value, got 3000000000'
expect 'nulls and that number where the type is named' "${line[2]:-nothing}" 'DOUBLE DOUBLE'
verdict
