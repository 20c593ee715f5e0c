/** CPU work that takes a given time on an otherwise idle core, as handlers/work.hpp does it. */

let stepsPerUs = 0;
let sink = 0;

/** xorshift: each step depends on the one before, so that neither compiler nor CPU can skip any. */
function churn(steps: number): number {
  let x = 2_463_534_242;
  for (let i = 0; i < steps; ++i) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

function measureUs(steps: number): number {
  const before = process.cpuUsage();
  sink ^= churn(steps);
  const spent = process.cpuUsage(before);
  return spent.user + spent.system;
}

/** Measures the steps per microsecond against the process's CPU clock; the fastest of a few, warm runs. */
export function calibrateCpu(): void {
  const steps = 5_000_000;
  // The first runs are interpreted until the compiler takes over.
  const runsUs = [0, 1, 2, 3, 4].map(() => measureUs(steps)).filter((us) => us > 0);
  stepsPerUs = steps / Math.min(...runsUs);
}

/** Spends CPU: a fixed number of steps, so on a busy core it takes longer, as real work does. */
export function spendCpu(microseconds: number): void {
  if (microseconds > 0) sink ^= churn(Math.round(stepsPerUs * microseconds));
}

/** Keeps the result of the work alive for the compiler. */
export const workDone = (): number => sink;
