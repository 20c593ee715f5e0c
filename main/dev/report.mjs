/**
 * vitest's JSON report for each suite, with the reason that a test gave to `context.skip(reason)`, which vitest leaves out.
 * FDSCOPE_REPORTS has the file for each project; projects of one file are one suite.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { JsonReporter } from 'vitest/node';

const files = JSON.parse(process.env.FDSCOPE_REPORTS ?? '{}');

export default class Report extends JsonReporter {
  #path;

  async onTestRunEnd(testModules) {
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) {
        const result = test.result();
        if (result.state === 'skipped' && result.note) test.meta().skipReason ??= result.note;
      }
    }
    for (const path of new Set(Object.values(files))) {
      this.#path = path;
      await super.onTestRunEnd(testModules.filter(({ project }) => files[project.name] === path));
    }
  }

  writeReport(text) {
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, text);
  }
}
