/** Commands that an engine has been sent and has not answered yet, by id. */
import type { Reply } from '../../shared/engine-messages.ts';
import { EngineRefusal, LabError } from './errors.ts';

export class PendingReplies {
  readonly #who: string;
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();

  /** @param who the engine's name, as the subject of a sentence */
  constructor(who: string) {
    this.#who = who;
  }

  /** Rejects with LabError where the engine refuses the command, is gone, or says nothing for `limitMs`. */
  expect(id: number, cmd: string, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        settle(() => reject(new LabError('failed', `${this.#who} did not answer "${cmd}" within ${limitMs} ms.`)));
      }, limitMs);
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        act();
      };
      this.#waiting.set(id, { resolve: () => settle(resolve), reject: (error) => settle(() => reject(error)) });
    });
  }

  /** One that is no longer awaited came too late: its command has been given up. */
  take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (reply.ok) waiting?.resolve();
    else waiting?.reject(new EngineRefusal(this.#who, reply.error ?? 'no reason given'));
  }

  /** No more will come. */
  rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
