/**
 * What crossed between sockets from one look to the next. Segments and bytes are the kernel's counts (tcp_info of both
 * ends, whichever is there); flags are inferred from the states before and after, since nothing was captured.
 */
import type { BenchLook, End, SocketState, Transfer } from '../../../shared/bench/state.ts';
import type { BenchStep, Crossing } from '../../../shared/bench/step.ts';

type Flag = Crossing['inferredFlags'][number];

const plain = (end: End): string => `${end.host.replace(/^::ffff:/, '')}:${end.port}`;
const pairKey = (from: End, to: End): string => `${plain(from)}>${plain(to)}`;
const none: Transfer = {
  ...{ segmentsOut: 0, segmentsIn: 0, dataSegmentsOut: 0, dataSegmentsIn: 0 },
  ...{ bytesAcked: 0, bytesReceived: 0, retransmits: 0 },
};

const hasSentFin: readonly SocketState['state'][] = ['FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSING', 'TIME_WAIT', 'LAST_ACK'];

/** One end of a connection, before and after. */
interface Side {
  readonly key: string;
  readonly before: SocketState | undefined;
  readonly after: SocketState | undefined;
  /** A descriptor still leads to it, be it dead. */
  readonly isOwned: boolean;
}

const isTcp = ({ family, type }: SocketState): boolean => type === 'stream' && family !== 'unix';
const isLive = (socket: SocketState | undefined): socket is SocketState =>
  socket !== undefined && socket.state !== 'CLOSE';

/** Connections of two looks: both ends of each, as far as they are there. */
function connections(before: BenchLook | undefined, after: BenchLook): [Side, Side][] {
  const sides = new Map<string, { before?: SocketState; after?: SocketState }>();
  const put = (look: BenchLook | undefined, when: 'before' | 'after'): void => {
    for (const socket of look?.sockets ?? []) {
      if (!isTcp(socket) || !socket.local || !socket.peer) continue;
      const at = pairKey(socket.local, socket.peer);
      sides.set(at, { ...sides.get(at), [when]: socket });
    }
  };
  put(before, 'before');
  put(after, 'after');
  const guard = (port: string): boolean =>
    [...(before?.sockets ?? []), ...after.sockets].some(
      ({ state, local }) => state === 'LISTEN' && String(local?.port) === port,
    );
  const found: [Side, Side][] = [];
  const seen = new Set<string>();
  for (const [at] of sides) {
    const [from = '', to = ''] = at.split('>');
    if (seen.has(at)) continue;
    const mirror = `${to}>${from}`;
    seen.add(at).add(mirror);
    const side = (place: string, end: string): Side => {
      const { before: was, after: is } = sides.get(place) ?? {};
      const key = is?.key ?? was?.key ?? end;
      // One that was reset has no peer any more, and is not in this list.
      const isOwned = after.sockets.some((each) => each.key === key && each.owner.length > 0);
      return { key, before: was, after: is, isOwned };
    };
    // The client is the end whose port nobody guards.
    const pair: [Side, Side] = [side(at, from), side(mirror, to)];
    found.push(guard(from.slice(from.lastIndexOf(':') + 1)) ? [pair[1], pair[0]] : pair);
  }
  return found;
}

const grown = (side: Side, figure: keyof Transfer): number => {
  if (!side.after?.transfer) return 0;
  return Math.max(0, side.after.transfer[figure] - (side.before?.transfer ?? none)[figure]);
};

function sentFin({ before, after }: Side, peer: Side): boolean {
  if (before && hasSentFin.includes(before.state)) return false;
  if (after && hasSentFin.includes(after.state)) return true;
  // Its last ACK has come, and nothing of it is left.
  return before?.state === 'CLOSE_WAIT' && !isLive(after) && peer.after?.state === 'TIME_WAIT';
}

/** A connection that ends without both its FINs ends by a RST. */
function wasReset(a: Side, b: Side): boolean {
  const sides = [a, b];
  if (sides.some(({ after }) => isLive(after)) || !sides.some(({ before }) => isLive(before))) return false;
  const orderly = (side: Side, peer: Side): boolean =>
    side.before === undefined || hasSentFin.includes(side.before.state) || sentFin(side, peer);
  if (!orderly(a, b) || !orderly(b, a)) return true;
  return sides.some(({ before }) => before?.state === 'SYN_SENT');
}

function flagsOf(from: Side, to: Side, isClient: boolean): Flag[] {
  const flags: Flag[] = [];
  const isNew = from.before === undefined && to.before === undefined;
  const wasAsking = from.before?.state === 'SYN_SENT' || to.before?.state === 'SYN_SENT';
  const isDone = [from, to].some(
    ({ after }) => isLive(after) && after.state !== 'SYN_SENT' && after.state !== 'SYN_RECV',
  );
  if (isClient && isNew) flags.push('SYN');
  if (!isClient && (isNew || wasAsking) && isDone) flags.push('SYN+ACK');
  if (isClient && (isNew || wasAsking) && isDone) flags.push('ACK');
  if (wasReset(from, to)) {
    // Whoever has no descriptor of it any more has broken it off.
    const hadOwner = (from.before?.owner.length ?? 0) > 0;
    if (!from.isOwned && (to.isOwned || hadOwner)) flags.push('RST');
  } else if (sentFin(from, to)) {
    flags.push('FIN');
  }
  return flags;
}

function crossing(from: Side, to: Side, isClient: boolean): Crossing[] {
  const segments = Math.max(grown(from, 'segmentsOut'), grown(to, 'segmentsIn'));
  const inferredFlags = flagsOf(from, to, isClient);
  // The kernel counts a FIN as one byte received, as it takes one place in the sequence.
  const bytes = Math.max(grown(to, 'bytesReceived') - (inferredFlags.includes('FIN') ? 1 : 0), 0);
  if (segments === 0 && inferredFlags.length === 0) return [];
  const retransmits = grown(from, 'retransmits');
  return [{ from: from.key, to: to.key, segments, bytes, retransmits, inferredFlags }];
}

/** Datagrams and UNIX sockets have no figures: what a call handed over is what crossed. */
function handedOver(step: Pick<BenchStep, 'call' | 'arguments' | 'result' | 'process'>, after: BenchLook): Crossing[] {
  if (!['write', 'send', 'sendto'].includes(step.call) || (step.result ?? 0) <= 0) return [];
  const from = after.sockets.find(({ owner }) => owner.includes(`${step.process}:${String(step.arguments.fd)}`));
  if (!from || isTcp(from)) return [];
  const address = typeof step.arguments.address === 'string' ? step.arguments.address : undefined;
  const isTarget = ({ local, inode }: SocketState): boolean => {
    if (from.family === 'unix' && address === undefined) return inode === from.peerInode;
    if (!local) return false;
    const wanted = address ?? (from.peer ? plain(from.peer) : '');
    return wanted === plain(local) || wanted === `[${local.host}]:${local.port}` || wanted === `unix:${local.host}`;
  };
  const to = after.sockets.find(isTarget)?.key ?? address ?? 'nobody';
  return [{ from: from.key, to, segments: 1, bytes: step.result ?? 0, retransmits: 0, inferredFlags: [] }];
}

/** A SYN to nobody leaves no trace in any state. */
function refused(step: Pick<BenchStep, 'call' | 'arguments' | 'errno' | 'process'>, after: BenchLook): Crossing[] {
  if (step.call !== 'connect' || step.errno !== 'ECONNREFUSED') return [];
  const from = after.sockets.find(({ owner }) => owner.includes(`${step.process}:${String(step.arguments.fd)}`));
  if (!from || !isTcp(from)) return [];
  const to = String(step.arguments.address);
  const line = (a: string, b: string, flag: Flag): Crossing => ({
    ...{ from: a, to: b, segments: 1, bytes: 0, retransmits: 0, inferredFlags: [flag] },
  });
  return [line(from.key, to, 'SYN'), line(to, from.key, 'RST')];
}

export function crossings(
  before: BenchLook | undefined,
  after: BenchLook,
  step: Pick<BenchStep, 'call' | 'arguments' | 'result' | 'errno' | 'process'> | undefined,
): Crossing[] {
  const tcp = connections(before, after).flatMap(([client, server]) => [
    ...crossing(client, server, true),
    ...crossing(server, client, false),
  ]);
  return step ? [...refused(step, after), ...tcp, ...handedOver(step, after)] : tcp;
}
