/**
 * What windows ask for is begun in turn, one request a window, with a look at everything else in between: a window that
 * asks much waits for itself, not others for it. What is owed to a window counts until it has left this process, so that
 * one that does not read its answers is not worked for.
 */

/** Requests of one window under way; more wait. */
const mostAtWork = 16;
/** Answers of one window that have not left yet; until some have, nothing more is begun for it. */
const mostOwed = 32;

/** A request: from its beginning until its answer is on its way. */
export type Work = () => Promise<void>;

export class Turns {
  /** Those with something to begin, the next first. */
  #desks: Desk[] = [];
  #isGiving = false;

  /** `desk` has something to begin now. */
  ready(desk: Desk): void {
    if (!this.#desks.includes(desk)) this.#desks.push(desk);
    this.#goOn();
  }

  #goOn(): void {
    if (this.#isGiving || this.#desks.length === 0) return;
    this.#isGiving = true;
    setImmediate(() => {
      this.#isGiving = false;
      this.#give();
      this.#goOn();
    });
  }

  #give(): void {
    const desk = this.#desks.shift();
    desk?.beginOne();
    if (desk?.hasReady === true) this.#desks.push(desk);
  }
}

/** What one window has asked for. */
export class Desk {
  readonly #turns: Turns;
  readonly #urgent: Work[] = [];
  readonly #waiting: Work[] = [];
  #atWork = 0;
  #owed = 0;
  #isClosed = false;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Requests without an answer that has left. */
  get open(): number {
    return this.#urgent.length + this.#waiting.length + this.#atWork + this.#owed;
  }

  /** `isUrgent`: it ends something, so that it may not wait for what it ends. */
  ask(work: Work, isUrgent = false): void {
    if (this.#isClosed) return;
    (isUrgent ? this.#urgent : this.#waiting).push(work);
    this.#tellReady();
  }

  /** An answer is on its way; the returned function is called when it has left. */
  owe(): () => void {
    this.#owed++;
    return () => {
      this.#owed--;
      this.#tellReady();
    };
  }

  /** The window is gone: what was not begun is not begun any more. */
  close(): void {
    this.#isClosed = true;
    this.#urgent.length = 0;
    this.#waiting.length = 0;
  }

  get hasReady(): boolean {
    if (this.#urgent.length > 0) return true;
    return this.#waiting.length > 0 && this.#atWork < mostAtWork && this.#owed < mostOwed;
  }

  beginOne(): void {
    if (!this.hasReady) return;
    const work = this.#urgent.shift() ?? this.#waiting.shift();
    if (!work) return;
    this.#atWork++;
    void work().finally(() => {
      this.#atWork--;
      this.#tellReady();
    });
  }

  #tellReady(): void {
    if (this.hasReady) this.#turns.ready(this);
  }
}
