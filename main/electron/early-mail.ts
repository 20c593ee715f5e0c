/** What the page says before its lab is there: kept in order, and handed on when somebody takes it. */
import type { ElectronApi, IpcMainEvent } from './api.ts';

/** A page of ours says a handful of things before it is answered. */
const mostKept = 100;

/** Keeps what comes on these channels from now on. What it returns hands all of it on, once, and keeps nothing more. */
export function keepEarlyMail(ipcMain: ElectronApi['ipcMain'], channels: readonly string[]): () => void {
  const kept: (readonly [channel: string, event: IpcMainEvent, args: readonly unknown[]])[] = [];
  const listeners = channels.map((channel) => {
    const listener = (event: IpcMainEvent, ...args: unknown[]): void => {
      if (kept.length < mostKept) kept.push([channel, event, args]);
    };
    ipcMain.on(channel, listener);
    return [channel, listener] as const;
  });
  return () => {
    for (const [channel, listener] of listeners) ipcMain.off(channel, listener);
    for (const [channel, event, args] of kept.splice(0)) ipcMain.emit(channel, event, ...args);
  };
}
