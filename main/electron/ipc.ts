/** What pages send to the shell: from the app's own page only, and only what its schema allows. The rest is refused loudly. */
import type { z } from 'zod';
import { isAppPage } from './addresses.ts';
import type { ElectronApi, IpcMainEvent } from './api.ts';

type Frame = NonNullable<IpcMainEvent['senderFrame']>;

/** Who sent it: the frame that is answered, in the page that it belongs to. */
export interface Sender {
  readonly frame: Pick<Frame, 'postMessage' | 'send'>;
  readonly contents: IpcMainEvent['sender'];
}

export type Complain = (sentence: string) => void;

/** Why a message from this frame is refused, or undefined. A frame that is gone by now is null. */
function refusal(frame: IpcMainEvent['senderFrame']): string | undefined {
  if (frame === null) return 'its frame is gone';
  if (frame.parent !== null) return 'it comes from a frame within a page';
  return isAppPage(frame.url) ? undefined : `it comes from ${frame.url}`;
}

export class Mailbox {
  readonly #ipcMain: Pick<ElectronApi['ipcMain'], 'on'>;
  readonly #complain: Complain;

  constructor(ipcMain: Pick<ElectronApi['ipcMain'], 'on'>, complain: Complain) {
    this.#ipcMain = ipcMain;
    this.#complain = complain;
  }

  receive<T>(channel: string, schema: z.ZodType<T>, take: (payload: T, sender: Sender) => void): void {
    this.#ipcMain.on(channel, (event, ...args: unknown[]) => {
      const frame = event.senderFrame;
      const why = refusal(frame);
      const checked = schema.safeParse(args[0]);
      if (why !== undefined || frame === null) this.#complain(`A message ${channel} was refused: ${why ?? ''}.`);
      else if (!checked.success || args.length > 1) {
        this.#complain(`A message ${channel} was refused: it is not as agreed.`);
      } else take(checked.data, { frame, contents: event.sender });
    });
  }
}
