/** What the page gets of the shell: verbs, never a raw channel. Runs in the preload, apart from the page's own script. */
import type { ContextBridge, IpcRenderer, IpcRendererEvent } from 'electron/renderer';
import { bridgeName, portHandover, shellChannels } from '../../../shared/contract/shell-channels.ts';
import type { ShellBridge } from '../../../shared/contract/shell.ts';

interface RendererApi {
  readonly contextBridge: Pick<ContextBridge, 'exposeInMainWorld'>;
  readonly ipcRenderer: Pick<IpcRenderer, 'on' | 'send'>;
}

/** The window that the page lives in. */
interface PageWindow {
  postMessage(message: string, targetOrigin: string, transfer: IpcRendererEvent['ports']): void;
}

export function exposeBridge({ contextBridge, ipcRenderer }: RendererApi, page: PageWindow): void {
  const bridge: ShellBridge = {
    connect: () => ipcRenderer.send(shellChannels.connect),
    offerCommands: (commands) => ipcRenderer.send(shellChannels.commands, commands),
    onCommand: (listener) => {
      ipcRenderer.on(shellChannels.command, (_event, id: string) => {
        // First, as a page that hangs with it is another matter, which the next key tells.
        ipcRenderer.send(shellChannels.taken);
        listener(id);
      });
    },
    chooseFile: () => ipcRenderer.send(shellChannels.chooseFile),
    onOpened: (listener) => {
      ipcRenderer.on(shellChannels.opened, (_event, file: unknown) => listener(file));
      ipcRenderer.send(shellChannels.ready);
    },
  };
  contextBridge.exposeInMainWorld(bridgeName, bridge);
  // Ports do not pass through the bridge; a message to the same origin, which is this very page, carries them.
  ipcRenderer.on(shellChannels.port, ({ ports }) => page.postMessage(portHandover, '/', [...ports]));
}
