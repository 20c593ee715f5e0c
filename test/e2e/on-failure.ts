/** Runs beside every browser test: one that failed leaves pictures and consoles in out/test/failures. */
import { relative } from 'node:path';
import { afterEach } from 'vitest';
import { root } from '../support/engines.ts';
import { keepEvidence } from '../support/evidence.ts';

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  const files = await keepEvidence(`${task.file.name} ${task.name}`);
  if (files.length > 0) console.error(`kept: ${files.map((file) => relative(root, file)).join(', ')}`);
});
