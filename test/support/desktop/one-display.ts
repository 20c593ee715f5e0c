/** One display for all files of the desktop tests. Where there is no Xvfb it is that of whoever runs them. */
import type { TestProject } from 'vitest/node';
import { hasOwnDisplay, startDisplay } from './display.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** As DISPLAY has it, or why there is none. */
    display: { readonly name: string } | { readonly reason: string };
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if ((process.env.FDSCOPE_ELECTRON ?? '') === '') return undefined;
  if (!hasOwnDisplay()) {
    project.provide('display', { name: process.env.DISPLAY ?? '' });
    return undefined;
  }
  try {
    const display = await startDisplay();
    project.provide('display', { name: display.name });
    return () => display.stop();
  } catch (error) {
    project.provide('display', { reason: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}
