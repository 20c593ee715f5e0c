/** What the renderer needs of a connection to the lab: the client's own verbs, so that a test may stand in for it. */
import type { LabClient } from '../../shared/contract/client.ts';

export type LabLink = Pick<LabClient, 'request' | 'onEvent' | 'onFrames' | 'onClosed' | 'close'>;
