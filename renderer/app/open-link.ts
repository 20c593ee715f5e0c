/** How this window reaches its lab: by a port of the Electron shell, or by the web host's socket. */
import { LabClient } from '../../shared/contract/client.ts';
import type { LabLink } from './link.ts';
import { openPortWire, shellBridge } from './shell-link.ts';
import { openSocketWire, webHostSocket } from './socket-wire.ts';

export async function openLink(): Promise<LabLink> {
  const bridge = shellBridge();
  return new LabClient(await (bridge ? openPortWire(bridge) : openSocketWire(webHostSocket(window.location))));
}
