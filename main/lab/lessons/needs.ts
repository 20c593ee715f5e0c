/** What a lesson needs and this machine does not have. */
import { existsSync } from 'node:fs';
import type { UnmetNeed } from '../../../shared/contract/lessons.ts';
import type { NeedName } from '../../../shared/lesson/parts.ts';
import { allowedCpus } from '../cores.ts';
import { machineFacts } from '../doctor-facts.ts';

export interface NeededFacts {
  /** Why io_uring cannot be used here, or undefined. */
  readonly whyNoIoUring: () => Promise<string | undefined>;
  /** CPUs that server and clients may use. */
  readonly cpus: () => readonly number[];
  /** Whether context switches can be recorded. */
  readonly perf: () => Promise<{ readonly available: boolean; readonly reason?: string | undefined }>;
  readonly hasIpv6: () => boolean;
}

/** Of this machine, but for io_uring, which the engine knows. */
export const factsHere: Omit<NeededFacts, 'whyNoIoUring'> = {
  cpus: allowedCpus,
  perf: async () => (await machineFacts()).engine.perfSwitchRecords,
  hasIpv6: () => existsSync('/proc/net/if_inet6'),
};

/** Each that is not met, with why. */
export async function unmetNeeds({ whyNoIoUring, cpus, perf, hasIpv6 }: NeededFacts): Promise<UnmetNeed[]> {
  const reasons: Readonly<Record<NeedName, () => Promise<string | undefined> | string | undefined>> = {
    io_uring: whyNoIoUring,
    'two-cores': () =>
      cpus().length < 2 ? 'Server and clients share the one core that this machine has for them.' : undefined,
    perf: async () => {
      const { available, reason } = await perf();
      return available ? undefined : (reason ?? 'The kernel refuses perf events.');
    },
    ipv6: () => (hasIpv6() ? undefined : 'This machine has no IPv6.'),
  };
  const found: UnmetNeed[] = [];
  for (const [what, why] of Object.entries(reasons)) {
    const reason = await why();
    if (reason !== undefined) found.push({ what: what as NeedName, reason });
  }
  return found;
}
