/**
 * What can be known of a server that is not the lab's (`external`): what the kernel tells of any process. Everything else
 * in its frames is 0 because nobody counted it, and is to be shown as not available.
 */
import type { CounterName, GaugeName } from './wire.ts';
import type { fdFlags } from './wire.ts';

const seenCounters: ReadonlySet<string> = new Set<CounterName>([
  ...(['bytesIn', 'bytesOut', 'cpuUserNs', 'cpuSystemNs', 'voluntarySwitches', 'involuntarySwitches'] as const),
  ...(['onCpuNs', 'blockedNs', 'preemptedNs', 'recordedBlocked', 'recordedPreempted', 'switchesLost'] as const),
]);
/** The kernel counts overflows of accept queues for all listeners together. */
const unseenGauges: ReadonlySet<string> = new Set<GaugeName>(['listenOverflows']);
/** The others begin and end in system calls, which nobody sees. */
const seenFlags: ReadonlySet<string> = new Set<keyof typeof fdFlags>([
  ...(['opened', 'read', 'wrote', 'closed', 'waiting', 'queuesKnown'] as const),
]);

export const isCounterSeen = (name: CounterName): boolean => seenCounters.has(name);
export const isGaugeSeen = (name: GaugeName): boolean => !unseenGauges.has(name);
export const isFlagSeen = (name: string): boolean => seenFlags.has(name);
