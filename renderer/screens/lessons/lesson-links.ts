/** Where the links of a lesson lead. */
import { modelIds } from '../../../shared/catalogue.ts';
import type { LinkKind } from '../../../shared/lesson/prose.ts';
import { useBank } from '../../stores/bank.ts';
import { useBench } from '../../stores/bench.ts';
import { useLessons } from '../../stores/lessons.ts';
import { useScenarios } from '../../stores/scenarios.ts';
import { useUi } from '../../stores/ui.ts';

export function useLessonLinks(): {
  readonly follow: (to: LinkKind, name: string) => void;
  readonly titleOf: (to: LinkKind, name: string) => string;
} {
  const ui = useUi();
  const bank = useBank();
  const bench = useBench();
  const lessons = useLessons();
  const scenarios = useScenarios();

  function follow(to: LinkKind, name: string): void {
    switch (to) {
      case 'lesson':
        void lessons.read(name);
        break;
      case 'walk':
        void bench.openWalk(name).then((isOpen) => {
          if (isOpen) ui.screen = 'sockets';
        });
        break;
      case 'scenario': {
        const scenario = scenarios.runnable.find((each) => each.name === name);
        if (scenario) scenarios.choose(scenario);
        break;
      }
      case 'model': {
        const model = modelIds.find((id) => id === name);
        if (model === undefined) break;
        bank.press(model);
        ui.isSourceOpen = true;
        ui.screen = 'scope';
        break;
      }
      case 'term':
      case 'man':
        break;
    }
  }

  const places: Readonly<Record<LinkKind, string>> = {
    lesson: 'Opens the lesson',
    walk: 'Opens the walk on the Sockets screen',
    scenario: 'Opens the scenario',
    model: 'Opens the model and its source on the Scope',
    term: '',
    man: '',
  };
  const titleOf = (to: LinkKind, name: string): string => `${places[to]}: ${name}`;
  return { follow, titleOf };
}
