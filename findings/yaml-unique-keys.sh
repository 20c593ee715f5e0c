#!/usr/bin/env bash
# yaml 2.9.1 (npm): the check that the keys of a map are unique compares every key with every one before it.
#
# By default parse() and parseDocument() refuse a key that stands twice. With n keys in one map that is n(n-1)/2
# comparisons: 8 times the keys cost 64 times as much, while reading the map itself costs 8 times.
#
# Why it matters here: scenarios and sweeps that others have sent are read by it. fdscope sets `uniqueKeys: false` and looks for
# keys that stand twice itself (shared/schemas/yaml-text.ts, yaml-bounds.ts).
#
# Seen on Node 20: 250 keys 31125 comparisons, 2000 keys 1999000
source "$(dirname "$0")/common.sh"
npm_packages yaml@2.9.1

cat >"$folder/count.js" <<'END'
import { parse } from 'yaml';

// The place of the built-in comparison, called as that is.
function comparisons(keys) {
  let count = 0;
  const text = Array.from({ length: keys }, (_, i) => `key${i}: ${i}`).join('\n');
  parse(text, { uniqueKeys: (a, b) => (count++, a.value === b.value) });
  return count;
}
let refused = 'taken';
try {
  parse('a: 1\nb: 2\na: 3');
} catch (error) {
  refused = error.code;
}
console.log(comparisons(250), comparisons(2000), refused);
END
expect 'comparisons for 250 and for 2000 keys, and what a doubled key is' "$(node "$folder/count.js")" '31125 1999000 DUPLICATE_KEY'
verdict
