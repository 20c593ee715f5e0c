/** Rules about who waits for whom at accept and wakeup. */
import { counterEntry, firstSyscallEntry, gaugeOf } from '../../../shared/telemetry/codec.ts';
import { syscallNames, type SyscallName } from '../../../shared/telemetry/wire.ts';
import { count, rounded, type Rule } from './rule.ts';

const entryOf = (name: SyscallName): number => firstSyscallEntry + syscallNames.indexOf(name);
const waits = (['epoll_wait', 'epoll_pwait2', 'poll', 'pselect6'] as const).map(entryOf);
const accept4 = entryOf('accept4');
const accepts = counterEntry('accepts');
const sleeps = counterEntry('voluntarySwitches');

const fewestAcceptsPerSecond = 20;
/** A loop that accepts until EAGAIN fails once for each report, and locks make threads sleep: less is no herd. */
const fewestPerAccept = 2;

export const thunderingHerd: Rule = {
  code: 'thunderingHerd',
  holdMs: 500,
  look: (seen) => {
    const sum = { accepted: 0, failed: 0, sentBack: 0, threads: 0 };
    for (const thread of seen.threads.all) {
      // A thread that polls, or blocks in accept4, is woken for nothing by nobody.
      if (waits.every((entry) => thread.total(entry) === 0)) continue;
      const accepted = thread.grew(accepts);
      const failed = Math.max(0, thread.grew(accept4) - accepted);
      // Before a wait returns, the kernel looks whether the connection is still there, and where it is not sends the
      // thread to sleep again. So a thread that slept more often than its waits returned was woken in vain.
      const waited = waits.reduce((calls, entry) => calls + thread.grew(entry), 0);
      const sentBack = Math.max(0, thread.grew(sleeps) - waited);
      sum.accepted += accepted;
      sum.failed += failed;
      sum.sentBack += sentBack;
      if (failed + sentBack > 0) sum.threads++;
    }
    const seconds = seen.threads.seconds;
    if (sum.threads < 2 || sum.accepted < fewestAcceptsPerSecond * seconds) return undefined;
    const perAccept = (sum.failed + sum.sentBack) / sum.accepted;
    if (perAccept < fewestPerAccept) return undefined;
    return {
      level: 'warning',
      text: `Thundering herd: for each connection that was accepted, ${rounded(perAccept)} threads were woken for nothing; ${count(sum.failed / seconds)} times a second one called accept4 and found the queue empty, ${count(sum.sentBack / seconds)} times the kernel saw that and let it sleep again. EPOLLEXCLUSIVE wakes fewer; a listener for each thread (SO_REUSEPORT) has none.`,
      figures: {
        wokenInVainPerAccept: rounded(perAccept),
        failedAcceptsPerSecond: rounded(sum.failed / seconds),
        sentBackPerSecond: rounded(sum.sentBack / seconds),
        threads: sum.threads,
        acceptsPerSecond: rounded(sum.accepted / seconds),
      },
    };
  },
};

export const acceptQueueOverflow: Rule = {
  code: 'acceptQueueOverflow',
  holdMs: 0,
  look: (seen) => {
    const lost = seen.gaugeGrew('listenOverflows');
    if (lost <= 0) return undefined;
    const fullest = Math.max(...seen.server.all.map((frame) => gaugeOf(frame, 'acceptQueue')));
    const room = seen.gauge('acceptBacklog');
    // The kernel counts as drops of a listener also resets that come for a connection which is gone: with room in the
    // queue they are no overflow.
    if (fullest < room / 2) return undefined;
    return {
      level: 'error',
      text: `The accept queue overflowed: ${count(lost)} handshakes found no room in the last second (up to ${fullest} waited in a queue for ${room}). Their clients repeat the SYN after a second or give up: what they see is latency of whole seconds or timeouts.`,
      figures: { overflows: lost, acceptQueue: fullest, acceptBacklog: room },
    };
  },
};
