/** The screens by their names: each comes when it is first shown, so that a window opens with no more than it shows. */
import { defineAsyncComponent, type Component } from 'vue';
import type { Screen } from '../stores/ui.ts';

type Load = () => Promise<{ default: Component }>;

const loads: Readonly<Record<Screen, Load>> = {
  welcome: () => import('../screens/welcome/WelcomeScreen.vue'),
  lessons: () => import('../screens/lessons/LessonsScreen.vue'),
  launch: () => import('../screens/launch/LaunchScreen.vue'),
  scenario: () => import('../screens/conclusion/ScenarioScreen.vue'),
  editor: () => import('../screens/editor/EditorScreen.vue'),
  scope: () => import('../screens/scope/ScopeScreen.vue'),
  compare: () => import('../screens/compare/CompareScreen.vue'),
  sweep: () => import('../screens/sweep/SweepScreen.vue'),
  sockets: () => import('../screens/sockets/SocketsScreen.vue'),
  glossary: () => import('../screens/glossary/GlossaryScreen.vue'),
  sessions: () => import('../screens/sessions/SessionsScreen.vue'),
  doctor: () => import('../screens/doctor/DoctorScreen.vue'),
};

/** `Object.entries` forgets which names there are. */
export const screenComponents = Object.fromEntries(
  Object.entries(loads).map(([screen, loader]) => [screen, defineAsyncComponent({ loader, delay: 0 })]),
) as Readonly<Record<Screen, Component>>;

/** Brings a screen that is likely to be gone to; what does not come now is asked for again when it is wanted. */
export async function loadScreen(screen: Screen): Promise<void> {
  await loads[screen]().catch(() => undefined);
}

/** The others, one after the other, while the page has nothing to do: a screen that is gone to is there. */
export async function loadScreensAhead(): Promise<void> {
  for (const screen of Object.keys(loads) as Screen[]) {
    await new Promise<void>((resolve) => requestIdleCallback(() => resolve(), { timeout: 5000 }));
    await loadScreen(screen);
  }
}
