/** The one way to a terminal: whatever the command line writes goes through here, and nothing in it can give orders. */
import { visible } from '../../shared/visible.ts';

/**
 * Resolves when the text has left this process: exiting before would cut what a pipe has not taken yet. `isData`: what
 * another program may read, word for word; only a terminal shows it as all else.
 */
export const print = (text: string, isData = false): Promise<void> =>
  new Promise((resolve) => {
    const isWord = isData && !process.stdout.isTTY;
    process.stdout.write(isWord ? text : visible(text), () => resolve());
  });

/** Words to whoever runs it, beside the result. */
export const tell = (text: string): void => void process.stderr.write(visible(text));
