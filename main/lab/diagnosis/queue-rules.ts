/** Rules about who waits for whom at accept and wakeup. */
import { count, rounded, type Rule } from './rule.ts';

export const thunderingHerd: Rule = {
  code: 'thunderingHerd',
  holdMs: 500,
  look: (seen) => {
    const accepts = seen.grew('accepts');
    const failed = seen.called('accept4') - accepts;
    const wakeups = seen.grew('wakeups');
    const threads = seen.threadsThatCalled('accept4');
    // A loop that accepts until EAGAIN fails once for each report; a thread that polls has no wakeups at all.
    if (threads < 2 || accepts < 20 * seen.server.seconds || wakeups < accepts) return undefined;
    const perAccept = failed / accepts;
    if (perAccept < 1.5) return undefined;
    return {
      level: 'warning',
      text: `Thundering herd: for each connection that was accepted, ${rounded(perAccept)} threads were woken for nothing and found the queue empty (${count(failed / seen.server.seconds)} a second). EPOLLEXCLUSIVE wakes fewer; a listener for each thread (SO_REUSEPORT) has none.`,
      figures: {
        failedAcceptsPerAccept: rounded(perAccept),
        threads,
        acceptsPerSecond: rounded(accepts / seen.server.seconds),
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
    const waiting = seen.gauge('acceptQueue');
    const room = seen.gauge('acceptBacklog');
    return {
      level: 'error',
      text: `The accept queue overflowed: ${count(lost)} handshakes found no room in the last second (${waiting} wait in a queue for ${room}). Their clients repeat the SYN after a second or give up: what they see is latency of whole seconds or timeouts.`,
      figures: { overflows: lost, acceptQueue: waiting, acceptBacklog: room },
    };
  },
};
