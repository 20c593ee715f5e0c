/** The types of counts.mjs, which Node 20 loads by itself, for its test. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  reasons: string[];
  failures: string[];
  fault?: string;
}

export function failedFiles(report: Report): string[];
export function withSecondRun(report: Report, second: Report): Report;
export function passedNow(report: Report, second: Report): string[];
export function countsOf(report: Report | undefined): Counts;
