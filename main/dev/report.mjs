/** vitest's JSON report, with the reason that a test gave to `context.skip(reason)`, which vitest leaves out. */
import { JsonReporter } from 'vitest/node';

export default class Report extends JsonReporter {
  async onTestRunEnd(testModules) {
    for (const testModule of testModules) {
      for (const test of testModule.children.allTests()) {
        const result = test.result();
        if (result.state === 'skipped' && result.note) test.meta().skipReason ??= result.note;
      }
    }
    await super.onTestRunEnd(testModules);
  }
}
