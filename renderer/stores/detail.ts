/** The detail levels in words, with what they cost. */
import type { Detail } from '../../shared/contract/live.ts';
import type { DetailLevel } from '../../shared/telemetry/wire.ts';

export const detailWords: Readonly<
  Record<DetailLevel | 'switches', { readonly title: string; readonly what: string; readonly cost: string }>
> = {
  counters: {
    title: 'Counters',
    what: 'Totals of requests, system calls, switches and CPU. No raster, no timeline.',
    cost: 'Cost: about a nanosecond a call.',
  },
  fds: {
    title: 'Sockets and threads',
    what: 'And what each fd and each thread does, twenty times a second.',
    cost: 'Cost: grows with open connections, not with requests.',
  },
  events: {
    title: 'Events',
    what: 'And every system call, readiness report and coroutine run, with its time.',
    cost: 'Cost: 5 to 10% of CPU per request for an event loop; what finds no room is counted.',
  },
  switches: {
    title: 'switches',
    what: 'The exact moment at which each thread left its core, and whether it had to.',
    cost: 'Cost: none to see for event loops, about a quarter of CPU for a thread per connection.',
  },
};

/** The level by its name, as the command line has it. */
export const detailSummary = ({ level, switches }: Detail): string => `${level}${switches ? ' + switches' : ''}`;
