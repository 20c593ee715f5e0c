import type * as electron from 'electron/main';

/** The part of Electron that the shell uses. Every module is given what it needs of it, so that tests can stand in for it. */
export type ElectronApi = Pick<
  typeof electron,
  | 'app'
  | 'BrowserWindow'
  | 'Menu'
  | 'MessageChannelMain'
  | 'dialog'
  | 'ipcMain'
  | 'nativeTheme'
  | 'protocol'
  | 'screen'
  | 'session'
>;
export type { App, BrowserWindow, IpcMainEvent, MessagePortMain, Rectangle, Session, WebContents } from 'electron/main';
