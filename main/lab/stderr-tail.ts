/** The last lines that an engine wrote to stderr, for the sentence that says why it ended. */

const keptLines = 5;
const keptBytes = 8192;

export class StderrTail {
  #text = '';

  push(chunk: Uint8Array): void {
    this.#text = (this.#text + Buffer.from(chunk).toString('utf8')).slice(-keptBytes);
  }

  get lines(): string[] {
    return this.#text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .slice(-keptLines);
  }

  get lastLine(): string {
    return this.lines.at(-1) ?? '';
  }

  /** A sentence, followed by what the engine said last, in one line. */
  appendedTo(sentence: string): string {
    return this.lines.length === 0
      ? sentence
      : `${sentence.replace(/\.$/, '')}; its last words: ${this.lines.join(' | ')}`;
  }
}
