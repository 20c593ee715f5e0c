/** What the screens that the rail leads to are called, in its order. */
import type { Screen } from './ui.ts';

export const railScreens = {
  lessons: 'Lessons',
  launch: 'Scenarios',
  scope: 'Scope',
  compare: 'Compare',
  sweep: 'Sweep',
  sockets: 'Sockets',
  sessions: 'Sessions',
  glossary: 'Glossary',
  doctor: 'Doctor',
} as const satisfies Partial<Record<Screen, string>>;
export type RailScreen = keyof typeof railScreens;

/** Of any screen; undefined where the rail does not lead there. */
export const screenTitles: Readonly<Partial<Record<Screen, string>>> = railScreens;
