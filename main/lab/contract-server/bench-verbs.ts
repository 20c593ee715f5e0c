/** What the verbs of the bench and of walks do. */
import { walkJsonSchema } from '../../../shared/bench/walk.ts';
import type { Allowance } from '../../../shared/contract/allowance.ts';
import type { benchRequests } from '../../../shared/contract/bench.ts';
import { readWalk } from '../bench/walk-library.ts';
import { mayReadFiles } from '../experiments/allowance.ts';
import type { LabService } from '../lab-service.ts';
import type { Verbs } from '../../../shared/contract/contract.ts';

export const benchVerbsOf = (
  { bench }: Pick<LabService, 'bench'>,
  allowance: Allowance,
): Pick<Verbs, keyof typeof benchRequests> => {
  const allowed = <Place extends object>(place: Place): Place => {
    if ('file' in place) mayReadFiles(allowance);
    return place;
  };
  return {
    'walks.list': () => bench.listWalks(),
    'walk.open': (place) => bench.openWalk(allowed(place)),
    'walk.check': ({ text }) => readWalk(text),
    'walk.save': ({ name, text, replace }) => bench.walks.save(name, text, replace),
    'walk.delete': ({ name }) => {
      bench.walks.delete(name);
      return undefined;
    },
    'walk.schema': () => walkJsonSchema(),
    'bench.state': () => bench.state,
    'bench.open': ({ walk, actors }) => bench.open(walk && allowed(walk), actors),
    'bench.call': ({ actor, call, arguments: args, as }) => bench.call(actor, call, args, as),
    'bench.next': () => bench.next(),
    'bench.goto': ({ done }) => bench.goto(done),
    'bench.signal': ({ actor }) => bench.act(actor, 'signal'),
    'bench.kill': ({ actor }) => bench.act(actor, 'kill'),
    'bench.addActor': (actor) => bench.addActor(actor),
    'bench.look': () => bench.look(),
    'bench.steps': () => [...bench.steps],
    'bench.close': () => bench.close(),
    'bench.program': ({ language }) => bench.program(language),
    'bench.keep': ({ name }) => bench.keep(name),
    'bench.replay': ({ file }) => bench.replay(file),
    'bench.export': ({ format }) => bench.export(format),
  };
};
