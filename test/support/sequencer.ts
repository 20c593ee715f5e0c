/** The order of test files: long ones early, and those of all projects mixed, so that what waits runs beside what computes. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export class Interleaved extends BaseSequencer {
  /** vitest's own order puts long files first where it knows them, and large ones otherwise, one project after another. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const places = new Map<TestSpecification, number>();
    for (const name of new Set(sorted.map(({ project }) => project.name))) {
      const own = sorted.filter(({ project }) => project.name === name);
      own.forEach((file, i) => places.set(file, (i + 0.5) / own.length));
    }
    const turn = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    // What keeps its process from file to file can do so only where its next file is of the same project.
    const place = (file: TestSpecification): number =>
      file.project.config.isolate ? (places.get(file) ?? 0) : 1 + (places.get(file) ?? 0);
    const project = ({ project }: TestSpecification): string => (project.config.isolate ? '' : project.name);
    return sorted.sort((a, b) => turn(a) - turn(b) || project(a).localeCompare(project(b)) || place(a) - place(b));
  }
}
