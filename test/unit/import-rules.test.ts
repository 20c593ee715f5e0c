/** The layering of the sources, as a rule that runs: arrows go down only. ARCHITECTURE.md has the picture. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

type Sources = ReadonlyMap<string, string>;
const script = /\.(ts|mts|cts|mjs|cjs|js|vue)$/;

interface Rule {
  /** Folders the rule is about. */
  readonly from: string;
  /** Folders of the project that its files may import. */
  readonly may?: readonly string[];
  /** Folders of the project that its files may not import. */
  readonly mayNot?: readonly string[];
  readonly because: string;
}

const rules: readonly Rule[] = [
  { from: 'shared/', may: ['shared/'], because: 'shared is what every side agrees on and knows none of them' },
  { from: 'renderer/', may: ['renderer/', 'shared/'], because: 'the renderer reaches the rest by the contract only' },
  { from: 'main/', mayNot: ['renderer/', 'test/'], because: 'main serves any renderer' },
  {
    from: 'main/lab/',
    mayNot: ['main/electron/', 'main/web/', 'main/cli/'],
    because: 'the lab is driven by its hosts and knows none of them',
  },
  { from: 'main/engine/', may: ['main/engine/', 'shared/'], because: 'an engine is a program of its own' },
];

// Only the shell runs inside Electron; the lab, the web host and the CLI run without it.
const electronFolder = 'main/electron/';

const isUnder = (path: string, folders: readonly string[]): boolean => folders.some((f) => path.startsWith(f));

/** Specifiers of all static, dynamic and type imports, by TypeScript's own scanner. */
function importsOf(path: string, text: string): string[] {
  const scripts = path.endsWith('.vue')
    ? [...text.matchAll(/<script\b[^>]*>(.*?)<\/script>/gs)].map((match) => match[1] ?? '')
    : [text];
  return scripts.flatMap((script) => ts.preProcessFile(script, true, true).importedFiles.map((file) => file.fileName));
}

/** A path of the project, or undefined for a package. */
function target(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier));
  return undefined;
}

function scriptViolations(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    if (!script.test(path)) continue;
    for (const specifier of importsOf(path, text)) {
      if (/^electron(\/|$)/.test(specifier) && !path.startsWith(electronFolder)) {
        found.push(`${path} imports electron: only ${electronFolder} runs inside Electron`);
      }
      const imported = target(path, specifier);
      if (imported === undefined) continue;
      for (const rule of rules) {
        if (!path.startsWith(rule.from)) continue;
        const allowed = rule.may === undefined || isUnder(imported, rule.may);
        if (!allowed || isUnder(imported, rule.mayNot ?? [])) {
          found.push(`${path} imports ${imported}: ${rule.because}`);
        }
      }
    }
  }
  return found;
}

/** Files that need each other, the types of each other too: which of them is to be read first? A set of paths each. */
function circles(sources: Sources): string[][] {
  const graph = new Map(
    [...sources]
      .filter(([path]) => script.test(path))
      .map(([path, text]) => {
        const needed = importsOf(path, text).flatMap((specifier) => target(path, specifier) ?? []);
        return [path, needed.filter((other) => sources.has(other))] as const;
      }),
  );
  // Tarjan's: whoever can come back to an earlier one is in a circle with it.
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    lowest.set(path, order.get(path) ?? 0);
    open.push(path);
    for (const other of graph.get(path) ?? []) {
      if (!order.has(other)) visit(other);
      if (open.includes(other)) lowest.set(path, Math.min(lowest.get(path) ?? 0, lowest.get(other) ?? 0));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const circle = open.splice(open.indexOf(path));
    if (circle.length > 1 || graph.get(path)?.includes(path)) found.push(circle.sort());
  };
  for (const path of graph.keys()) if (!order.has(path)) visit(path);
  return found;
}

const modelsFolder = 'main/engine/models/';
const definition = /\bconst\s+ModelInfo\s+(\w+)\s*[{=]/;
const declaration = /\bextern\s+const\s+ModelInfo\s+(\w+)\s*;/g;

/** Files that define a model: all of the folder but the list of them. */
function modelFiles(sources: Sources): string[] {
  return [...sources.keys()].filter((path) => path.startsWith(modelsFolder) && path !== `${modelsFolder}registry.cpp`);
}

/** Rooms of the engine, and those that each may know besides itself. What lies beside the rooms puts them together. */
const engineRooms: Readonly<Record<string, readonly string[]>> = {
  // A traced call counts itself.
  sys: ['telemetry'],
  telemetry: ['sys'],
  handlers: ['sys', 'telemetry'],
  runtime: ['handlers', 'sys', 'telemetry'],
  models: ['runtime', 'handlers', 'sys', 'telemetry'],
  load: ['runtime', 'handlers', 'sys', 'telemetry'],
  watch: ['sys', 'telemetry'],
  bench: ['sys', 'telemetry'],
  switch_cost: ['sys'],
};

/** What lies beside the rooms and is shared all the same. */
const sharedBeside = ['serve_settings.hpp'];

function engineViolations(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    const room = /^main\/engine\/(\w+)\/[^/]+\.[ch]pp$/.exec(path)?.[1];
    if (room === undefined) continue;
    for (const [, include = ''] of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*"([^"]+)"/gm)) {
      const known = include.includes('/') ? include.split('/')[0] : undefined;
      const allowed =
        known === undefined
          ? sharedBeside.includes(include)
          : known === room || (engineRooms[room]?.includes(known) ?? false);
      if (!allowed)
        found.push(`${path} includes ${include}: ${room}/ knows ${engineRooms[room]?.join(', ') ?? 'nothing'}`);
    }
  }
  return found;
}

function modelViolations(sources: Sources): string[] {
  const models = modelFiles(sources);
  const stems = models.map((path) => basename(path, '.cpp'));
  const found: string[] = [];
  for (const path of models) {
    const text = sources.get(path) ?? '';
    for (const [, include = ''] of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*"([^"]+)"/gm)) {
      const stem = basename(include).replace(/\.\w+$/, '');
      const isOtherModel = stem !== basename(path, '.cpp') && stems.includes(stem);
      if (isOtherModel || /\.(cpp|cc|c)$/.test(include)) {
        found.push(`${path} includes ${include}: a model stands alone, so that two can be read side by side`);
      }
    }
    for (const [, name = ''] of text.matchAll(declaration)) {
      if (name !== definition.exec(text)?.[1]) found.push(`${path} declares the model ${name}: a model stands alone`);
    }
  }
  return found;
}

function readSources(): Sources {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const sources = new Map<string, string>();
  for (const top of ['shared', 'main', 'renderer'].filter((folder) => existsSync(join(root, folder)))) {
    for (const entry of readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })) {
      if (/\.(ts|mts|cts|mjs|cjs|js|vue|cpp|hpp)$/.test(entry)) {
        sources.set(join(top, entry), readFileSync(join(root, top, entry), 'utf8'));
      }
    }
  }
  return sources;
}

describe('import rules', () => {
  const sources = readSources();

  it('hold for every TypeScript and Vue file', () => {
    expect(scriptViolations(sources)).toEqual([]);
  });

  it('let no files need each other in a circle', () => {
    expect(circles(sources)).toEqual([]);
    const planted = new Map([
      ['shared/a.ts', `import type { B } from './b.ts';`],
      ['shared/b.ts', `export { c } from './c.ts';`],
      ['shared/c.ts', `const a = await import('./a.ts');`],
      ['shared/d.ts', `import './a.ts';`],
    ]);
    expect(circles(planted)).toEqual([['shared/a.ts', 'shared/b.ts', 'shared/c.ts']]);
  });

  it('hold for every model of the engine', () => {
    const models = modelFiles(sources);
    expect(models.length).toBeGreaterThan(0);
    // What carries the models has a room of its own.
    expect(models.filter((path) => !path.endsWith('.cpp') || !definition.test(sources.get(path) ?? ''))).toEqual([]);
    expect(modelViolations(sources)).toEqual([]);
  });

  it('hold for every room of the engine', () => {
    const rooms = new Set([...sources.keys()].map((path) => /^main\/engine\/(\w+)\/[^/]+\.[ch]pp$/.exec(path)?.[1]));
    rooms.delete(undefined);
    expect([...rooms].sort()).toEqual(Object.keys(engineRooms).sort());
    expect(engineViolations(sources)).toEqual([]);
  });

  it.each([
    ['runtime/crew.cpp', 'models/epoll_lt.hpp'],
    ['telemetry/reporter.cpp', 'handlers/connection.hpp'],
    ['watch/watch.cpp', 'runtime/server.hpp'],
    ['switch_cost/switch_cost.cpp', 'telemetry/counters.hpp'],
    ['models/poll.cpp', 'serve.hpp'],
  ])('find %s where it includes %s', (path, include) => {
    expect(engineViolations(new Map([[`main/engine/${path}`, `#include "${include}"`]]))).toHaveLength(1);
  });

  it.each([
    ['shared/telemetry/codec.ts', `import { runs } from '../../main/lab/runs.ts';`],
    ['shared/contract.ts', `export * from '../renderer/app/app.ts';`],
    ['renderer/app/app.ts', `const lab = await import('../../main/lab/service.ts');`],
    [
      'renderer/app/app.vue',
      `<template>don't</template>\n<script setup lang="ts">import '../../main/lab/a.ts';</script>`,
    ],
    ['main/lab/service.ts', `import type { Shell } from '../electron/shell.ts';`],
    ['main/lab/runs/run.ts', `import { print } from '../../cli/print.ts';`],
    ['main/lab/service.ts', `import { serve } from '../web/host.ts';`],
    ['main/lab/service.ts', `import { app } from 'electron';`],
    ['main/web/host.ts', `import electron from 'electron/main';`],
    ['main/engine/node/server.ts', `import { lab } from '../../lab/service.ts';`],
    ['main/cli/index.ts', `import { theme } from '../../renderer/theme/theme.ts';`],
  ])('find a planted violation in %s', (path, text) => {
    expect(scriptViolations(new Map([[path, text]]))).toHaveLength(1);
  });

  it('let through what the layers allow, and words in comments and strings', () => {
    const allowed = new Map([
      [
        'main/lab/service.ts',
        `import { z } from 'zod';\nimport { wireVersion } from '../../shared/telemetry/wire.ts';`,
      ],
      ['main/electron/shell.ts', `import { app } from 'electron';\nimport { lab } from '../lab/service.ts';`],
      ['shared/contract.ts', `// import { app } from 'electron';\nconst text = "import '../main/lab/service.ts'";`],
    ]);
    expect(scriptViolations(allowed)).toEqual([]);
  });

  it.each([
    ['another model', '#include "models/poll.hpp"'],
    ['another model by a relative path', '#include "poll.cpp"'],
    ['another model by declaration', 'extern const ModelInfo poll_model;'],
  ])('find a model that reaches %s', (_what, line) => {
    const planted = new Map([
      [`${modelsFolder}poll.cpp`, 'const ModelInfo poll_model{};'],
      [`${modelsFolder}select.cpp`, `#include "runtime/model.hpp"\n${line}\nconst ModelInfo select_model{};`],
    ]);
    expect(modelViolations(planted)).toHaveLength(1);
  });
});
