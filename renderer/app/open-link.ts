/** How this window reaches its lab. */
import { LabClient } from '../../shared/contract/client.ts';
import type { LabLink } from './link.ts';
import { openSocketWire, webHostSocket } from './socket-wire.ts';

export const openLink = async (): Promise<LabLink> =>
  new LabClient(await openSocketWire(webHostSocket(window.location)));
