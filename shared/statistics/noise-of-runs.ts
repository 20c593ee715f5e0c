/** What others took meanwhile, of entries or points with several runs each. */
import { median } from '../expectations/evaluate.ts';
import { noiseFigures, type MachineNoise, type NoiseFigure } from '../machine-noise.ts';

interface Repeated {
  readonly runs: readonly ({ readonly noise?: MachineNoise } | null)[];
}

/** The median of its runs; null where none of them says. */
export function medianNoise({ runs }: Repeated, figure: NoiseFigure): number | null {
  const told = runs.flatMap((run) => (run?.noise ? (figure.of(run.noise) ?? []) : []));
  return told.length > 0 ? median(told) : null;
}

/** The figures that this machine tells of any of them. */
export const toldNoise = (all: readonly Repeated[]): readonly NoiseFigure[] =>
  noiseFigures.filter((figure) => all.some((each) => medianNoise(each, figure) !== null));
