/** CLOCK_MONOTONIC in ns, as the engines have it. */
export const monotonicNs = (): number => Number(process.hrtime.bigint());
