/**
 * Says what the preparation of a checkout is doing: on a terminal one line that is rewritten, with all steps that go on; in
 * a pipe or file a line at the beginning, at each quarter and at the end of a step. All of it goes to stderr.
 */

const running = new Map();
const isTerminal = () => process.stderr.isTTY === true;

const secondsSince = (startMs) => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
const textOf = ({ title, of, at }) => (of > 0 ? `${title}, ${at} of ${of} files` : title);

/** Width of the terminal; a longer line would wrap, and its first part could not be taken back. */
const fit = (text) => text.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1));
const clear = () => isTerminal() && process.stderr.write('\r\x1b[2K');

function draw() {
  if (!isTerminal()) return;
  clear();
  const steps = [...running.values()].map(textOf);
  if (steps.length > 0) process.stderr.write(fit(`${steps.join(' · ')} ...`));
}

/** A line that stays; the one that is rewritten goes on below it. */
export function say(text) {
  clear();
  process.stderr.write(`${text}\n`);
  draw();
}

/**
 * Runs `work` as a step called `title` ("building the engine"). It is given `progress(at, of)`, in files. Where it fails, the
 * step is not said to be over; the error tells what is wrong.
 */
export async function step(title, work) {
  const key = Symbol(title);
  const state = { title, at: 0, of: 0 };
  const startMs = performance.now();
  let toldQuarters = 0;
  running.set(key, state);
  if (isTerminal()) draw();
  else say(`${title} ...`);
  const progress = (at, of) => {
    Object.assign(state, { at, of });
    if (isTerminal()) return draw();
    const quarters = Math.floor((4 * at) / of);
    if (quarters <= toldQuarters || quarters >= 4) return;
    toldQuarters = quarters;
    say(textOf(state));
  };
  try {
    const result = await work(progress);
    running.delete(key);
    say(`${title}: done in ${secondsSince(startMs)}`);
    return result;
  } finally {
    running.delete(key);
    draw();
  }
}
