/** The models' sources, as the engine carries them, against the files that it was built from. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LabService } from '../../main/lab/lab-service.ts';
import { modelIds } from '../../shared/catalogue.ts';
import { modelSourceSchema } from '../../shared/contract/lab.ts';
import { allModels, engine, root } from '../support/engines.ts';

describe('fdscope-engine source', () => {
  it.each(allModels().filter(({ id }) => id !== 'node'))('$id: the file, and its marked lines', ({ id }) => {
    const text = execFileSync(engine, ['source', '--model', id], { encoding: 'utf8' });
    const source = modelSourceSchema.parse(JSON.parse(text));
    expect(source.text).toBe(readFileSync(join(root, source.path), 'utf8'));
    const lines = source.text.split('\n');
    expect(source.steps.length).toBeGreaterThan(0);
    for (const { line, label } of source.steps) expect(lines[line - 1]).toContain(`STEP("${label}")`);
  });

  it('a model that there is not is refused with a sentence', () => {
    const { status, stderr } = spawnSync(engine, ['source', '--model', 'epol'], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toBe('There is no model "epol": `fdscope-engine models` lists them.\n');
  });
});

describe('the source that the lab shows', () => {
  const lab = new LabService();
  it.each(modelIds)('%s: the file that was built', async (id) => {
    const source = await lab.modelSource(id);
    expect(source).toMatchObject({ model: id, language: id === 'node' ? 'typescript' : 'cpp' });
    expect(source.text).toBe(readFileSync(join(root, source.path), 'utf8'));
    expect(source.text.length).toBeGreaterThan(500);
  });
});
