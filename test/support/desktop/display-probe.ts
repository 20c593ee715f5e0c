/** Looks once whether an X server can be had, before the files of the desktop tests each start one of their own. */
import type { TestProject } from 'vitest/node';
import { hasOwnDisplay, startDisplay } from './display.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the desktop tests have no display; empty where they have one. */
    displayFault: string;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide('displayFault', '');
  if ((process.env.FDSCOPE_ELECTRON ?? '') === '' || !hasOwnDisplay()) return;
  try {
    await (await startDisplay()).stop();
  } catch (error) {
    project.provide('displayFault', error instanceof Error ? error.message : String(error));
  }
}
