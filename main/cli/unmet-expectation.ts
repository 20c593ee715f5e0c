/** Everything was measured, but an expectation of a scenario, lesson or walk did not hold: exit code 4. */
export class UnmetExpectation extends Error {
  override readonly name = 'UnmetExpectation';
}
