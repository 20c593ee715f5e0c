/** Context switches, as the engine reports them, against the kernel's figures for each of its threads. */
import { describe, it } from 'vitest';
import { allModels } from '../support/engines.ts';
import { expectSwitchFigures } from './switch-figures.ts';

describe('context switches against /proc/PID/task/*/status', () => {
  const facts = allModels();
  // A pool, so that no thread ends; loops, whose switches come from waiting; libuv.
  for (const model of ['blocking-pool', 'epoll-lt', 'epoll-reactors', 'coroutine-stackful', 'node']) {
    const name = `${model}: within 2%`;
    if (!facts.find(({ id }) => id === model)?.available) {
      it.skip(`${name} — skipped: the engine does not have this model here`);
      continue;
    }
    it(name, () => expectSwitchFigures(model));
  }
});
