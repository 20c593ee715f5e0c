/** The real lab, but that nothing of it starts an engine: what is fuzzed are its guards, in folders of its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requests, type Verb, type Verbs } from '../../../shared/contract/contract.ts';
import { verbsOf } from '../../../main/lab/contract-server/verbs.ts';
import { LabError } from '../../../main/lab/errors.ts';
import { LabService } from '../../../main/lab/lab-service.ts';

const engineVerbs: readonly Verb[] = [
  'live.start',
  'live.switch',
  'scenario.run',
  'compare.start',
  'sweep.start',
  'sweep.resume',
  'models.list',
  'models.source',
  'doctor.report',
  // The bench is an engine as a whole.
  ...(Object.keys(requests) as Verb[]).filter((verb) => verb.startsWith('bench.') && verb !== 'bench.state'),
];

export interface GuardedLab {
  readonly lab: LabService;
  readonly verbs: Verbs;
  /** Verbs whose parameters were good, so that an engine would have started. */
  readonly started: () => number;
  end(): Promise<void>;
}

export function guardedLab(host: 'web' | 'electron'): GuardedLab {
  const folder = mkdtempSync(join(tmpdir(), 'fdscope-fuzz-'));
  process.env.XDG_DATA_HOME = join(folder, 'data');
  process.env.XDG_CONFIG_HOME = join(folder, 'config');
  const lab = new LabService();
  let started = 0;
  const noEngine = (): never => {
    started++;
    throw new LabError('unavailable', 'No engine starts in this test.');
  };
  const verbs = { ...verbsOf(lab, host), ...Object.fromEntries(engineVerbs.map((verb) => [verb, noEngine])) };
  return {
    ...{ lab, verbs, started: () => started },
    end: async () => {
      await lab.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
