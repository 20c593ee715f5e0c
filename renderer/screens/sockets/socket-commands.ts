/** What keys and the palette do on the bench. */
import type { useBench } from '../../stores/bench.ts';
import type { Command } from '../../stores/commands.ts';

export interface BenchActions {
  readonly next: () => Promise<void>;
  readonly canGoNext: () => boolean;
  readonly openMenu: (lane: string) => void;
}

export function socketCommands(bench: ReturnType<typeof useBench>, actions: BenchActions): readonly Command[] {
  const group = 'Sockets';
  const isOpen = (): boolean => bench.state.phase === 'open';
  const lane = (): string => bench.lane ?? '';
  return [
    {
      id: 'bench.next',
      title: 'Next step',
      group,
      keys: ['ArrowRight', 'PageDown'],
      words: 'walk call system',
      isEnabled: () => actions.canGoNext() && !bench.isBusy,
      run: actions.next,
    },
    {
      id: 'bench.back',
      title: 'Back: replays up to the step before',
      group,
      keys: ['ArrowLeft', 'PageUp'],
      isEnabled: () => bench.canGoBack && !bench.isBusy,
      run: () => bench.back(),
    },
    {
      id: 'bench.lane',
      title: 'The other lane',
      group,
      keys: ['O'],
      words: 'client server actor',
      isEnabled: isOpen,
      run: () => bench.otherLane(),
    },
    {
      id: 'bench.calls',
      title: 'All calls of the lane',
      group,
      keys: ['A'],
      words: 'menu system call any',
      isEnabled: isOpen,
      run: () => actions.openMenu(lane()),
    },
    {
      id: 'bench.signal',
      title: 'Send the lane that sleeps a signal',
      group,
      words: 'EINTR wake',
      isEnabled: () => bench.actors.get(lane())?.state === 'asleep',
      run: () => bench.signal(lane()),
    },
    {
      id: 'bench.kill',
      title: 'Kill the process of the lane',
      group,
      words: 'SIGKILL end die',
      isEnabled: () => isOpen() && bench.actors.get(lane())?.state !== 'gone',
      run: () => bench.kill(lane()),
    },
    { id: 'bench.restart', title: 'Begin anew on fresh sockets', group, isEnabled: isOpen, run: () => bench.goTo(0) },
    { id: 'bench.free', title: 'Open a free bench', group, run: () => bench.openFree() },
    {
      id: 'bench.close',
      title: 'Close the bench',
      group,
      isEnabled: () => bench.isOpen,
      run: () => bench.close(),
    },
    ...bench.walks.flatMap(({ name, walk, unavailable }): Command[] =>
      walk === undefined
        ? []
        : [
            {
              id: `walk.${name}`,
              title: `Walk: ${walk.title}`,
              group,
              words: walk.question,
              isEnabled: () => unavailable === undefined,
              run: () => bench.openWalk(name),
            },
          ],
    ),
  ];
}
