/** What a lesson needs and this machine does not have. */
import { existsSync } from 'node:fs';
import type { UnmetNeed } from '../../../shared/contract/lessons.ts';
import type { NeedName } from '../../../shared/lesson/parts.ts';
import { allowedCpus } from '../cores.ts';
import { machineFacts } from '../doctor-facts.ts';

interface Asked {
  /** Why io_uring cannot be used here, or undefined. */
  readonly whyNoIoUring: () => Promise<string | undefined>;
}

/** Each that is not met, with why. */
export async function unmetNeeds({ whyNoIoUring }: Asked): Promise<UnmetNeed[]> {
  const reasons: Readonly<Record<NeedName, () => Promise<string | undefined> | string | undefined>> = {
    io_uring: whyNoIoUring,
    'two-cores': () =>
      allowedCpus().length < 2 ? 'Server and clients share the one core that this machine has for them.' : undefined,
    perf: async () => {
      const { perfSwitchRecords } = (await machineFacts()).engine;
      return perfSwitchRecords.available ? undefined : (perfSwitchRecords.reason ?? 'The kernel refuses perf events.');
    },
    ipv6: () => (existsSync('/proc/net/if_inet6') ? undefined : 'This machine has no IPv6.'),
  };
  const found: UnmetNeed[] = [];
  for (const [what, why] of Object.entries(reasons)) {
    const reason = await why();
    if (reason !== undefined) found.push({ what: what as NeedName, reason });
  }
  return found;
}
