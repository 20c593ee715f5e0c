/** What keys do to the timebase; the pane answers them while it has the focus, the palette and the overlay list them. */
import type { Timebase } from '../stores/timebase.ts';

export interface TrackCommand {
  readonly id: string;
  readonly title: string;
  /** As KeyboardEvent.key, with "Shift+" before it where Shift is held. */
  readonly keys: readonly string[];
  run(): void;
}

const zoomStep = 1.5;
/** Of the window's width: a step of the cursor, and of the window. */
const cursorStep = 1 / 200;
const panStep = 1 / 8;

export function trackCommands(timebase: Timebase): readonly TrackCommand[] {
  const pan = (steps: number): void => timebase.pan(steps * timebase.widthNs);
  const step = (steps: number): void => timebase.moveCursor(steps * timebase.widthNs);
  const around = (): number | undefined => timebase.cursorNs;
  const extend = (steps: number): void => {
    const fromNs = timebase.cursorNs ?? (timebase.fromNs + timebase.toNs) / 2;
    const { selection } = timebase;
    // The edge where the cursor stands moves, the other one stays.
    const anchorNs = selection === undefined ? fromNs : fromNs === selection.toNs ? selection.fromNs : selection.toNs;
    timebase.pause();
    step(steps);
    timebase.select(anchorNs, timebase.cursorNs ?? fromNs);
  };
  return [
    { id: 'tracks.follow', title: 'Pause, or follow the newest', keys: ['Space', 'F'], run: timebase.toggleFollow },
    {
      id: 'tracks.zoomIn',
      title: 'Show less time',
      keys: ['+', '=', 'W'],
      run: () => timebase.zoom(1 / zoomStep, around()),
    },
    { id: 'tracks.zoomOut', title: 'Show more time', keys: ['-', 'S'], run: () => timebase.zoom(zoomStep, around()) },
    { id: 'tracks.panLeft', title: 'Move to earlier', keys: ['PageUp', 'A'], run: () => pan(-panStep) },
    { id: 'tracks.panRight', title: 'Move to later', keys: ['PageDown', 'D'], run: () => pan(panStep) },
    { id: 'tracks.cursorLeft', title: 'Cursor to the left', keys: ['ArrowLeft'], run: () => step(-cursorStep) },
    { id: 'tracks.cursorRight', title: 'Cursor to the right', keys: ['ArrowRight'], run: () => step(cursorStep) },
    {
      id: 'tracks.selectLeft',
      title: 'Select to the left',
      keys: ['Shift+ArrowLeft'],
      run: () => extend(-4 * cursorStep),
    },
    {
      id: 'tracks.selectRight',
      title: 'Select to the right',
      keys: ['Shift+ArrowRight'],
      run: () => extend(4 * cursorStep),
    },
    { id: 'tracks.zoomSelection', title: 'Zoom to the selection', keys: ['Z'], run: timebase.zoomToSelection },
    { id: 'tracks.clear', title: 'Clear the selection and the cursor', keys: ['Escape'], run: () => clear(timebase) },
    { id: 'tracks.all', title: 'Show all that is recorded', keys: ['Home'], run: timebase.showAll },
    { id: 'tracks.newest', title: 'Go to the newest and follow', keys: ['End'], run: timebase.follow },
  ];
}

function clear(timebase: Timebase): void {
  timebase.clearSelection();
  timebase.cursorNs = undefined;
}

/** The command of a key press; undefined where there is none, or where the press is meant for others. */
export function commandOf(commands: readonly TrackCommand[], event: KeyboardEvent): TrackCommand | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const key = event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const isNamed = key.length > 1;
  const name = event.shiftKey && isNamed ? `Shift+${key}` : key;
  return commands.find((command) => command.keys.includes(name));
}
