/**
 * A colour and a pattern for every system call, the same in every run, track and report: people learn them. Calls that
 * models make for each request have colours of their own; of one colour, patterns tell them apart.
 */
import type { SeriesColour } from './series-colours.ts';
import type { SyscallName } from './telemetry/wire.ts';

export const patterns = ['plain', 'dots', 'rising', 'falling', 'cross', 'bars'] as const;
export type Pattern = (typeof patterns)[number];

export interface SyscallLook {
  readonly colour: SeriesColour;
  readonly hatch: Pattern;
}

/** By pattern, in columns of one colour: calls that do alike are alike. */
const table: readonly (readonly [Pattern, Readonly<Partial<Record<SeriesColour, SyscallName>>>])[] = [
  [
    'plain',
    {
      ...{ sky: 'read', orange: 'write', green: 'epoll_wait', purple: 'epoll_ctl', yellow: 'accept4' },
      ...{ vermilion: 'close', blue: 'io_uring_enter' },
    },
  ],
  [
    'dots',
    {
      ...{ sky: 'recvfrom', orange: 'sendto', green: 'epoll_pwait2', purple: 'futex', yellow: 'poll' },
      ...{ vermilion: 'pselect6', blue: 'rt_sigtimedwait' },
    },
  ],
  [
    'rising',
    {
      ...{ sky: 'readv', orange: 'writev', green: 'eventfd2', purple: 'setsockopt', yellow: 'socket' },
      ...{ vermilion: 'shutdown', blue: 'clock_nanosleep' },
    },
  ],
  [
    'falling',
    {
      ...{ sky: 'getsockopt', orange: 'connect', green: 'epoll_create1', purple: 'fcntl', yellow: 'listen' },
      ...{ vermilion: 'bind', blue: 'io_uring_register' },
    },
  ],
  [
    'cross',
    {
      ...{ sky: 'getsockname', orange: 'kill', green: 'wait4', purple: 'mmap', yellow: 'clone' },
      ...{ vermilion: 'munmap', blue: 'io_uring_setup' },
    },
  ],
  [
    'bars',
    {
      ...{ sky: 'getpeername', orange: 'sched_yield', green: 'clone3', purple: 'mprotect', yellow: 'rt_sigprocmask' },
    },
  ],
];

const looks = new Map<string, SyscallLook>(
  table.flatMap(([hatch, row]) =>
    (Object.entries(row) as [SeriesColour, SyscallName][]).map(([colour, name]) => [name, { colour, hatch }] as const),
  ),
);

/** Of all others together, and of a call that a newer engine knows. */
export const otherCalls: SyscallLook = { colour: 'grey', hatch: 'plain' };

export const syscallLook = (name: string): SyscallLook => looks.get(name) ?? otherCalls;
