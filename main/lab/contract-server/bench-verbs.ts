/** What the verbs of the bench and of walks do. */
import type { benchRequests } from '../../../shared/contract/bench.ts';
import { LabError } from '../errors.ts';
import type { Verbs } from './verbs.ts';

const notYet = (): never => {
  throw new LabError('unavailable', 'The bench is not part of this build yet.');
};

export const benchVerbsOf = (): Pick<Verbs, keyof typeof benchRequests> => ({
  'walks.list': () => [],
  'walk.open': notYet,
  'walk.check': notYet,
  'walk.save': notYet,
  'walk.delete': notYet,
  'walk.schema': notYet,
  'bench.state': () => ({ phase: 'closed', epoch: 0, actors: [], ports: [], names: {}, steps: 0 }),
  'bench.open': notYet,
  'bench.call': notYet,
  'bench.next': notYet,
  'bench.goto': notYet,
  'bench.signal': notYet,
  'bench.kill': notYet,
  'bench.addActor': notYet,
  'bench.look': notYet,
  'bench.steps': () => [],
  'bench.close': notYet,
  'bench.program': notYet,
  'bench.keep': notYet,
  'bench.replay': notYet,
  'bench.export': notYet,
});
