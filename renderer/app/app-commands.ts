/** Actions of the window and of the lab, for the palette, the keys and the overlay. */
import type { Command } from '../stores/commands.ts';
import { useChannels } from '../stores/channels.ts';
import { useStartObstacle } from '../stores/experiment-words.ts';
import { useLab } from '../stores/lab.ts';
import { useRuns } from '../stores/runs.ts';
import { useSelection } from '../stores/selection.ts';
import { useSetup } from '../stores/setup.ts';
import { useTimebase } from '../stores/timebase.ts';
import { themes, useUi } from '../stores/ui.ts';
import { trackCommands, type TrackCommand } from '../tracks/track-commands.ts';

/** Keys of the tracks that mean the same wherever the focus is. */
const everywhere = ['Space', '+', '=', '-'];
/** Where tracks are: the Scope, a session that is open, and a scenario that runs. */
const withTracks = ['scope', 'sessions', 'scenario'] as const;
const onScope = ['scope'] as const;

function ofTracks(command: TrackCommand): Command {
  const { id, title, keys } = command;
  return {
    id,
    title,
    group: 'Tracks',
    keys: keys.filter((key) => everywhere.includes(key)),
    hintKeys: keys.filter((key) => !everywhere.includes(key)),
    screens: withTracks,
    run: () => command.run(),
  };
}

export function useAppCommands(): readonly Command[] {
  const lab = useLab();
  const runs = useRuns();
  const setup = useSetup();
  const ui = useUi();
  const channels = useChannels();
  const selection = useSelection();
  const obstacle = useStartObstacle();
  const connections = (factor: number) => (): void =>
    setup.setConnections(Math.min(100_000, Math.max(1, Math.round(setup.draft.connections * factor))));
  return [
    {
      id: 'lab.toggle',
      title: 'Run, or stop',
      group: 'Lab',
      keys: ['R'],
      words: 'start server clients',
      isEnabled: () => lab.isRunning || obstacle.value === undefined,
      // Whoever runs or stops it is taken to where it is seen.
      run: () => {
        ui.screen = 'scope';
        return lab.isRunning ? lab.stop() : lab.start(setup.toStart);
      },
    },
    {
      id: 'run.back',
      title: 'Back to your run, or to what took its place',
      group: 'Lab',
      words: 'own kept before comparison scenario session',
      screens: onScope,
      isEnabled: () => runs.kept !== undefined,
      run: () => (runs.isKeptShown ? runs.showFed() : runs.showKept()),
    },
    {
      id: 'lab.pause',
      title: 'Pause the clients, or let them go on',
      group: 'Lab',
      keys: ['P'],
      screens: onScope,
      isEnabled: () => lab.phase === 'running',
      run: () => lab.pauseClients(!lab.state.paused),
    },
    {
      id: 'lab.restart',
      title: 'Restart with the settings as they are now',
      group: 'Lab',
      isEnabled: () => lab.isRunning,
      run: () => lab.restart(setup.toStart),
    },
    {
      id: 'lab.mark',
      title: 'Mark this moment',
      group: 'Lab',
      keys: ['M'],
      screens: onScope,
      isEnabled: () => lab.isRunning,
      run: () => lab.mark('marked'),
    },
    {
      id: 'lab.double',
      title: 'Twice the connections',
      group: 'Lab',
      keys: ['.'],
      screens: onScope,
      run: connections(2),
    },
    {
      id: 'lab.halve',
      title: 'Half the connections',
      group: 'Lab',
      keys: [','],
      screens: onScope,
      run: connections(0.5),
    },
    { id: 'bank.clear', title: 'Clear the figures of all models', group: 'Lab', run: () => channels.clear() },
    ...trackCommands(useTimebase()).map(ofTracks),
    { id: 'inspector.clear', title: 'Clear what the inspector shows', group: 'View', run: () => selection.clear() },
    {
      id: 'view.bank',
      title: 'Show the models with their figures, or fold them to a rail',
      group: 'View',
      keys: ['L'],
      screens: onScope,
      words: 'bank list channels',
      run: () => (ui.isBankOpen = !ui.isBankOpen),
    },
    {
      id: 'view.source',
      title: 'Show or hide the source',
      group: 'View',
      keys: ['C'],
      screens: onScope,
      words: 'code file lines',
      run: () => (ui.isSourceOpen = !ui.isSourceOpen),
    },
    {
      id: 'view.side',
      title: 'Show or hide inspector and findings',
      group: 'View',
      keys: ['I'],
      screens: onScope,
      run: () => (ui.isSideOpen = !ui.isSideOpen),
    },
    {
      id: 'view.findings',
      title: 'Show the findings',
      group: 'View',
      keys: ['J'],
      screens: onScope,
      run: () => ui.showSide('findings'),
    },
    { id: 'screen.lessons', title: 'Go to Lessons', group: 'View', run: () => (ui.screen = 'lessons') },
    { id: 'screen.launch', title: 'Go to Scenarios', group: 'View', run: () => (ui.screen = 'launch') },
    { id: 'screen.scope', title: 'Go to Scope', group: 'View', run: () => (ui.screen = 'scope') },
    { id: 'screen.compare', title: 'Go to Compare', group: 'View', run: () => (ui.screen = 'compare') },
    { id: 'screen.sweep', title: 'Go to Sweep', group: 'View', run: () => (ui.screen = 'sweep') },
    { id: 'screen.sockets', title: 'Go to Sockets', group: 'View', run: () => (ui.screen = 'sockets') },
    { id: 'screen.sessions', title: 'Go to Sessions', group: 'View', run: () => (ui.screen = 'sessions') },
    { id: 'screen.glossary', title: 'Go to Glossary', group: 'View', run: () => (ui.screen = 'glossary') },
    { id: 'screen.editor', title: 'Go to the scenario editor', group: 'View', run: () => (ui.screen = 'editor') },
    { id: 'screen.doctor', title: 'Go to Doctor', group: 'View', run: () => (ui.screen = 'doctor') },
    {
      id: 'screen.welcome',
      title: 'Show the first page: learn, measure, or look at your own server',
      group: 'View',
      words: 'welcome start begin',
      run: () => (ui.screen = 'welcome'),
    },
    { id: 'theme.next', title: 'Next theme', group: 'View', keys: ['T'], run: () => ui.nextTheme() },
    ...themes.map((theme): Command => ({
      id: `theme.${theme}`,
      title: `Theme: ${theme}`,
      group: 'View',
      words: 'dark light colours',
      run: () => (ui.theme = theme),
    })),
    { id: 'palette', title: 'Find anything', group: 'View', keys: ['Mod+K'], run: () => (ui.isPaletteOpen = true) },
    { id: 'help', title: 'Show every key', group: 'View', keys: ['?'], run: () => (ui.isHelpOpen = true) },
    {
      id: 'about',
      title: 'About fdscope',
      group: 'Help',
      words: 'version commit engine electron bug report folder',
      run: () => (ui.isAboutOpen = true),
    },
  ];
}
