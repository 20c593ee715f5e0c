/** What a host lets its windows do. */
import { LabError } from '../errors.ts';

export interface Allowance {
  /** Open files by their path. */
  readonly files: boolean;
  /** Start commands of the user's. */
  readonly commands: boolean;
}

/** Throws LabError. */
export function mayReadFiles({ files }: Allowance): void {
  if (files) return;
  throw new LabError(
    'unavailable',
    'A browser may not name files of this machine: drop the file on the window, or paste its text.',
  );
}
