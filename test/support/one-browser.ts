/** One browser for all files of the browser tests: each has windows of its own in it, as starting one takes a second. */
import { chromium } from '@playwright/test';
import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { evidenceFolder } from './evidence.ts';
import { launchOptions } from './browser.ts';

declare module 'vitest' {
  interface ProvidedContext {
    browserAddress: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  rmSync(evidenceFolder, { recursive: true, force: true });
  const server = await chromium.launchServer(launchOptions());
  project.provide('browserAddress', server.wsEndpoint());
  return () => server.close();
}
