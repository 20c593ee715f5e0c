/** How many cases a property is tried with: FDSCOPE_PROPERTY_RUNS, which `npm run test:long` sets higher. */
import fc from 'fast-check';

fc.configureGlobal({ numRuns: Number(process.env.FDSCOPE_PROPERTY_RUNS ?? 200) });
