/**
 * typescript-eslint's parser for the page's sources, with one TypeScript program for all of them.
 *
 * By itself it has one program a run for .ts files, and for each .vue file a new one: the project service takes a file whose
 * text is not that of the disk for one that is being edited, and a component's script is never the whole file. Here the
 * scripts of all components are taken out first, so that a single program has them all. Where a file is not what it was
 * then, as in an editor, the project service does it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import * as vueParser from 'vue-eslint-parser';
import { root } from './setup.mjs';

const vueExtension = { extension: '.vue', isMixedContent: true, scriptKind: ts.ScriptKind.Deferred };

/** The text that vue-eslint-parser hands on as a component's script; its other parts have no types. */
function scriptOf(path) {
  let script = '';
  const parser = {
    parseForESLint(code, options) {
      if (options.projectService) script = code;
      return tseslint.parser.parseForESLint(code, { ...options, projectService: undefined });
    },
  };
  vueParser.parseForESLint(readFileSync(path, 'utf8'), {
    filePath: path,
    sourceType: 'module',
    parser,
    projectService: true,
  });
  return script;
}

let program;

/** One program for everything in renderer/, with the scripts of its components. */
function pageProgram() {
  if (program) return program;
  const folder = join(root, 'renderer');
  const config = ts.readConfigFile(join(folder, 'tsconfig.json'), ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(
    config.config,
    ts.sys,
    folder,
    {},
    undefined,
    undefined,
    [vueExtension],
  );
  const host = ts.createCompilerHost(options, true);
  const fromDisk = host.getSourceFile;
  host.getSourceFile = (path, ...rest) =>
    path.endsWith('.vue')
      ? ts.createSourceFile(path, scriptOf(path), ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS)
      : fromDisk.call(host, path, ...rest);
  program = ts.createProgram(fileNames, { ...options, allowNonTsExtensions: true }, host);
  program.getTypeChecker();
  return program;
}

export const meta = { name: 'fdscope/lint-parser', version: '1' };

export function parseForESLint(code, options) {
  // Parts of a template come without a project.
  if (!options.projectService) return tseslint.parser.parseForESLint(code, options);
  const isCurrent = pageProgram().getSourceFile(options.filePath)?.text === code;
  const source = isCurrent
    ? { programs: [pageProgram()], projectService: undefined, extraFileExtensions: [] }
    : { extraFileExtensions: ['.vue'] };
  return tseslint.parser.parseForESLint(code, { ...options, ...source });
}
