/** The Electron shell, where the page runs in one: its bridge, and the port to the lab that it hands over. */
import { bridgeName, portHandover } from '../../shared/contract/shell-channels.ts';
import { portWire, type Port } from '../../shared/contract/port-wire.ts';
import type { ShellBridge } from '../../shared/contract/shell.ts';
import type { Wire } from '../../shared/contract/wire.ts';

declare global {
  interface Window {
    readonly [bridgeName]?: ShellBridge;
  }
}

/** Undefined in a browser. */
export const shellBridge = (): ShellBridge | undefined => window[bridgeName];

/** The shell answers when its lab is loaded, which is sooner or hardly later than the page; so long it only takes when something is broken. */
const limitMs = 60_000;

export const pagePort = (port: MessagePort): Port => ({
  post: (message) => port.postMessage(message),
  onMessage: (listener) => port.addEventListener('message', ({ data }: MessageEvent<unknown>) => listener(data)),
  onClosed: (listener) => port.addEventListener('close', listener),
  start: () => port.start(),
  close: () => port.close(),
});

/** Rejects with a sentence where the shell hands no port over. */
export function openPortWire(bridge: Pick<ShellBridge, 'connect'>): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const ends = new AbortController();
    const late = setTimeout(() => {
      ends.abort();
      reject(new Error('The lab does not answer. Quit fdscope and start it again.'));
    }, limitMs);
    const take = ({ source, data, ports: [port] }: MessageEvent<unknown>): void => {
      // Only the preload speaks as the window itself; frames would be other sources.
      if (source !== window || data !== portHandover || port === undefined) return;
      clearTimeout(late);
      ends.abort();
      resolve(portWire(pagePort(port)));
    };
    window.addEventListener('message', take, { signal: ends.signal });
    bridge.connect();
  });
}
