import { availableParallelism } from 'node:os';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { Interleaved } from './test/support/sequencer.ts';

// Sanitized engines run several times slower; the tests are the same.
const sanitized = ['asan', 'tsan'].includes(process.env.FDSCOPE_ENGINE_VARIANT ?? '');
const slowdown = sanitized ? 4 : 1;

// Tests that drive engines wait a good part of their time, so that one file more than there are cores keeps all busy.
const maxWorkers = availableParallelism() + 1;

/**
 * What is waited for comes when the machine gets to it. All limits are against what never comes, and so long that a busy
 * machine does not reach them; they cost nothing where all is well.
 */
const patience = { expect: { poll: { timeout: 120_000 * slowdown } } } as const;

/** Computes, in one process for many files, as loading what they test takes longer than testing it. */
const computes = { testTimeout: 600_000, isolate: false, maxWorkers, ...patience } as const;

/** Drives real servers: starting them takes its time on a machine that does other things as well. */
const drives = { hookTimeout: 600_000 * slowdown, maxWorkers, ...patience } as const;

export default defineConfig({
  test: {
    reporters: ['default'],
    maxWorkers,
    sequence: { sequencer: Interleaved },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/renderer/**'],
          ...computes,
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'unit-renderer',
          include: ['test/unit/renderer/**/*.test.ts'],
          environment: 'happy-dom',
          ...computes,
          // Stores and the document would be left to the next file as this one left them.
          isolate: true,
        },
      },
      { test: { name: 'cli', include: ['test/cli/**/*.test.ts'], testTimeout: 600_000, ...drives } },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 300_000 * slowdown,
          maxConcurrency: 8,
          ...drives,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/one-browser.ts', 'test/support/desktop/display-probe.ts'],
          setupFiles: 'test/e2e/on-failure.ts',
          testTimeout: 600_000,
          ...drives,
        },
      },
      { test: { name: 'truth', include: ['test/truth/**/*.test.ts'], testTimeout: 600_000, ...drives } },
      { test: { name: 'readers', include: ['test/readers/**/*.test.ts'], testTimeout: 600_000, ...drives } },
      { test: { name: 'install', include: ['test/install/**/*.test.ts'], testTimeout: 900_000, ...drives } },
      {
        test: {
          name: 'endurance',
          include: ['test/endurance/**/*.test.ts'],
          globalSetup: 'test/support/desktop/display-probe.ts',
          ...drives,
          maxWorkers: 1,
        },
      },
      // These measure, so that two files at once would measure each other.
      ...['figures', 'planted'].map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
          maxConcurrency: 8,
          ...patience,
          sequence: { groupOrder: 1 },
        },
      })),
    ],
  },
});
