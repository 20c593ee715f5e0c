import { expect, it } from 'vitest';
import { highlight, plainLines } from '../../../renderer/stores/highlight.ts';

it('colours source line by line, and loses no letter', async () => {
  const text = '/* two\n   lines */\nint main() {\n\n  return "x"; // 1\n}\n';
  const lines = await highlight('cpp', text);
  expect(lines.map((line) => line.map((piece) => piece.text).join(''))).toEqual(text.trimEnd().split('\n'));
  expect(lines[1]).toEqual([{ text: '   lines */', kind: 'comment' }]);
  expect(lines[4]).toContainEqual({ text: 'return', kind: 'keyword' });
  expect(lines[4]).toContainEqual({ text: '"x"', kind: 'string' });
  expect(plainLines(text)).toHaveLength(lines.length);
});
