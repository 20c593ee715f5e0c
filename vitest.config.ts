import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

// Sanitized engines run several times slower; the tests are the same.
const sanitized = ['asan', 'tsan'].includes(process.env.FDSCOPE_ENGINE_VARIANT ?? '');
const slowdown = sanitized ? 4 : 1;

// These drive real servers and measure them, so two files at once would measure each other.
const alone = { fileParallelism: false, hookTimeout: 60_000 * slowdown } as const;

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: ['test/unit/renderer/**'],
          testTimeout: 20_000,
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'unit-renderer',
          include: ['test/unit/renderer/**/*.test.ts'],
          environment: 'happy-dom',
          testTimeout: 20_000,
        },
      },
      {
        test: { name: 'cli', include: ['test/cli/**/*.test.ts'], testTimeout: 120_000, ...alone },
      },
      {
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts'],
          testTimeout: 60_000 * slowdown,
          ...alone,
        },
      },
      {
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 240_000, ...alone },
      },
      {
        test: { name: 'truth', include: ['test/truth/**/*.test.ts'], testTimeout: 120_000, ...alone },
      },
    ],
  },
});
