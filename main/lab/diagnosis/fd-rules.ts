/** Rules about single file descriptors and how many there are. */
import { counterOf } from '../../../shared/telemetry/codec.ts';
import { fdFlags, frameIntervalMs } from '../../../shared/telemetry/wire.ts';
import type { Observation, SocketNow } from './observation.ts';
import { milliseconds, percent, rounded, type Rule } from './rule.ts';

const fdSetSize = 1024;
/** A socket that waits so long, while others are served, is starved. */
const starvedUs = 100_000;
/** A server that uses less of a core than this has time to serve whoever waits. */
const idleCores = 0.3;

const isWaiting = ({ flags }: SocketNow): boolean => (flags & fdFlags.waiting) !== 0;

/**
 * How long a socket has waited, as its newest record has it. One that waits is told of at every tick; where ticks are
 * missing, nobody knows that it still does.
 */
const waitedUs = (socket: SocketNow): number => (isWaiting(socket) ? socket.waitingUs : 0);

function longestWaiting(seen: Observation): { socket: SocketNow; us: number } | undefined {
  let longest: { socket: SocketNow; us: number } | undefined;
  for (const socket of seen.openSockets) {
    const us = waitedUs(socket);
    if (us > (longest?.us ?? 0)) longest = { socket, us };
  }
  return longest;
}

/**
 * Requests a second that the server has answered since then, as far as its ticks tell: where none has come in between, as
 * on a machine whose cores are all taken, nobody knows that others were served meanwhile.
 */
function requestsSince(seen: Observation, us: number): number {
  const { all, last } = seen.server;
  const first = last && all.find(({ timeNs }) => timeNs >= last.timeNs - us * 1000);
  if (!first || first === last) return 0;
  return (counterOf(last, 'requests') - counterOf(first, 'requests')) / ((last.timeNs - first.timeNs) / 1e9);
}

export const fdStarves: Rule = {
  code: 'fdStarves',
  holdMs: 100,
  look: (seen) => {
    if (seen.cores() < idleCores) return undefined;
    const longest = longestWaiting(seen);
    if (!longest || longest.us < starvedUs) return undefined;
    const requests = requestsSince(seen, longest.us);
    if (requests < 10) return undefined;
    const waiting = seen.openSockets.filter((socket) => waitedUs(socket) >= starvedUs).length;
    const { socket, us } = longest;
    // Where all wait alike, the server is slow rather than unfair.
    if (waiting > seen.openSockets.length / 2) return undefined;
    return {
      level: 'warning',
      text: `fd ${socket.fd} (connection ${socket.connectionId}) starves: it has been ready for ${milliseconds(us)} and nobody served it, while the others got ${Math.round(requests)} requests a second answered. ${waiting} of ${seen.openSockets.length} sockets wait longer than ${milliseconds(starvedUs)}.`,
      figures: { waitingUs: Math.round(us), starvedSockets: waiting, requestsPerSecond: rounded(requests) },
      connectionId: socket.connectionId,
      fd: socket.fd,
    };
  },
};

/** Bytes that stay unread for so long, by a server that has time, were not read when their edge was reported. */
const forgottenUs = 1_500_000;
/** Of the server's ticks in a second. Where fewer come, it has no core to serve on, which is no fault of its code. */
const ticksOnTime = 0.7 * (1000 / frameIntervalMs);

export const undrainedEdge: Rule = {
  code: 'undrainedEdge',
  holdMs: 500,
  look: (seen) => {
    if (seen.model !== 'epoll-et' || seen.server.all.length < ticksOnTime * seen.server.seconds) return undefined;
    const longest = longestWaiting(seen);
    const cores = seen.cores();
    if (!longest || longest.us < forgottenUs || longest.socket.receiveQueueBytes === 0 || cores > idleCores) {
      return undefined;
    }
    const { socket, us } = longest;
    return {
      level: 'error',
      text: `An edge was not drained: ${socket.receiveQueueBytes} bytes have been waiting on fd ${socket.fd} for ${milliseconds(us)} while the server sleeps (${percent(cores)} of a core). Edge-triggered epoll reports once; whoever does not read until EAGAIN is not told again.`,
      figures: { waitingUs: Math.round(us), receiveQueueBytes: socket.receiveQueueBytes, serverCores: rounded(cores) },
      connectionId: socket.connectionId,
      fd: socket.fd,
    };
  },
};

/** The peer has closed, and we have not, for so long. */
const closeWaitNs = 1e9;
const leakedSockets = 10;

export const fdLeak: Rule = {
  code: 'fdLeak',
  holdMs: 500,
  look: (seen) => {
    const nowNs = seen.server.last?.timeNs ?? 0;
    const forgotten = seen.openSockets.filter(
      // A client may close its half and wait for the reply: that socket is not forgotten.
      ({ tcpState, stateSinceNs, isOwedReply }) =>
        tcpState === 'CLOSE_WAIT' && !isOwedReply && nowNs - stateSinceNs > closeWaitNs,
    );
    if (forgotten.length < leakedSockets) return undefined;
    const openFds = seen.gauge('openFds');
    return {
      level: 'error',
      text: `File descriptors leak: ${forgotten.length} sockets have been in CLOSE_WAIT for over a second; their clients have closed and the server has not. ${openFds} descriptors are open; at the limit (ulimit -n) accept fails with EMFILE.`,
      figures: { closeWaitSockets: forgotten.length, openFds },
    };
  },
};

export const selectNearLimit: Rule = {
  code: 'selectNearLimit',
  holdMs: 0,
  look: (seen) => {
    if (seen.model !== 'select') return undefined;
    const highest = Math.max(0, ...seen.openSockets.map(({ fd }) => fd));
    const refused = seen.grew('errorSelectRange');
    if (highest < 0.9 * fdSetSize && refused === 0) return undefined;
    const said =
      refused > 0
        ? `${refused} connections were closed in the last second because their fd has no bit`
        : `the highest fd is ${highest}`;
    return {
      level: refused > 0 ? 'error' : 'warning',
      text: `select is at its limit: ${said}; an fd_set has bits for fds 0 to ${fdSetSize - 1} only. poll and epoll have no such limit.`,
      figures: { highestFd: highest, refused, fdSetSize },
    };
  },
};
