/** How many cases a property is tried with: FDSCOPE_PROPERTY_RUNS, which `npm run test:long` sets higher. */
import fc from 'fast-check';
import { vi } from 'vitest';

fc.configureGlobal({ numRuns: Number(process.env.FDSCOPE_PROPERTY_RUNS ?? 200) });
// Against hanging, however many they are.
vi.setConfig({ testTimeout: 600_000 });
