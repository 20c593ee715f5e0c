/**
 * Who counts what: a 0 that nobody counted is no figure, and is to be shown as not available. A server of the lab counts
 * all of its own; the model `node` what its code does, as its system calls are libuv's; a server of the user's own
 * (`external`) is seen from outside, by what the kernel tells of any process.
 */
import { externalId } from '../catalogue.ts';
import { detailLevels, type CounterName, type fdFlags, type GaugeName } from './wire.ts';

export type Counting = 'all' | 'node' | 'outside';

export const countingOf = (model: string | undefined): Counting =>
  model === externalId ? 'outside' : model === 'node' ? 'node' : 'all';

/** What a frame says of itself, where it is known. */
export interface FrameFacts {
  /** Index in `detailLevels`. */
  readonly detailLevel: number;
  readonly recordsSwitches: boolean;
}

const ofTheKernel: readonly CounterName[] = ['cpuUserNs', 'cpuSystemNs', 'voluntarySwitches', 'involuntarySwitches'];
/** From recorded context switches, where there are any. */
const ofSwitches: ReadonlySet<string> = new Set<CounterName>([
  ...(['onCpuNs', 'blockedNs', 'preemptedNs', 'recordedBlocked', 'recordedPreempted'] as const),
]);
const counted: Readonly<Record<Exclude<Counting, 'all'>, ReadonlySet<string>>> = {
  outside: new Set<CounterName>([...ofTheKernel, ...(['bytesIn', 'bytesOut', 'switchesLost'] as const)]),
  node: new Set<CounterName>([
    ...ofTheKernel,
    ...(['requests', 'bytesIn', 'bytesOut', 'accepts', 'closes', 'upstreamConnects'] as const),
    ...(['errorReset', 'errorProtocol', 'errorUpstream', 'errorFdLimit', 'errorOther'] as const),
  ]),
};
/** From outside sockets are looked at from the level `fds` on alone. */
const ofSockets: ReadonlySet<string> = new Set<CounterName | GaugeName>([
  ...(['bytesIn', 'bytesOut', 'openConnections', 'acceptQueue', 'acceptBacklog'] as const),
]);
/** The kernel counts overflows of accept queues for all listeners together. */
const gaugesNotSeen: ReadonlySet<string> = new Set<GaugeName>(['listenOverflows']);
const gaugesNotOfNode: ReadonlySet<string> = new Set<GaugeName>([
  ...(['acceptQueue', 'acceptBacklog', 'listenOverflows', 'ringBytes'] as const),
]);
/** The others begin and end in system calls, which nobody sees from outside. */
const seenFlags: ReadonlySet<string> = new Set<keyof typeof fdFlags>([
  ...(['opened', 'read', 'wrote', 'closed', 'waiting', 'queuesKnown'] as const),
]);

const looksAtSockets = (counting: Counting, facts: FrameFacts | undefined): boolean =>
  counting !== 'outside' || facts === undefined || facts.detailLevel >= detailLevels.indexOf('fds');

/** Without `facts`: whether it can be counted at all. */
export function isCounterCounted(counting: Counting, name: CounterName, facts?: FrameFacts): boolean {
  if (ofSwitches.has(name)) return counting !== 'node' && (facts?.recordsSwitches ?? true);
  if (counting === 'all') return true;
  if (!counted[counting].has(name)) return false;
  return !ofSockets.has(name) || looksAtSockets(counting, facts);
}

export function isGaugeCounted(counting: Counting, name: GaugeName, facts?: FrameFacts): boolean {
  if (counting === 'outside')
    return !gaugesNotSeen.has(name) && (!ofSockets.has(name) || looksAtSockets(counting, facts));
  return counting === 'all' || !gaugesNotOfNode.has(name);
}

export const areCallsCounted = (counting: Counting): boolean => counting === 'all';
export const isFlagSeen = (name: string): boolean => seenFlags.has(name);
