/** Sockets on a trace: how long each was open, and what kept it waiting. */
import type { FrameSource } from '../../../../shared/contract/channels.ts';
import type { FdShares, FdStates, OpenedSocket } from '../../../../shared/telemetry/codec.ts';
import { openNs } from '../../../../shared/telemetry/shares.ts';
import { fdFlags, fdRoles, shareNames, type FdRole } from '../../../../shared/telemetry/wire.ts';
import { snakeCase } from './table.ts';
import type { SessionNames } from './session-names.ts';
import type { TraceSink, TrackId } from './trace-sink.ts';
import type { TraceTracks } from './trace-tracks.ts';

interface Socket {
  readonly source: FrameSource;
  readonly name: string;
  readonly track: TrackId;
  readonly openedNs: number;
  state: string | undefined;
  stateSinceNs: number;
  /** Only sockets that were not idle all the time have one. */
  shares: TrackId | undefined;
  /** Only sockets with bytes waiting have one. */
  queues: { readonly receive: TrackId; readonly send: TrackId } | undefined;
}

/** What holds a socket up, the gravest first. */
const states = [
  { bit: fdFlags.waiting, name: 'ready, not served' },
  { bit: fdFlags.writeBlocked, name: 'cannot write: the peer does not read' },
  { bit: fdFlags.blocked, name: 'a thread sleeps in a call on it' },
] as const;

const stateOf = (flags: number): string | undefined => {
  for (const { bit, name } of states) if ((flags & bit) !== 0) return name;
  return undefined;
};

/** What a newer writer calls otherwise is a client's. */
const roleIn = (roles: Uint8Array, i: number): FdRole => fdRoles[roles[i] ?? 0] ?? 'client';

const keyOf = (connectionId: number, role: FdRole): number => connectionId * fdRoles.length + fdRoles.indexOf(role);

const group = 'sockets';
const shareArgs = shareNames.map((name) => `${snakeCase(name)}_ns`);

export class SocketTrace {
  readonly #sink: TraceSink;
  readonly #tracks: TraceTracks;
  /** By source, then by connection and role in one number: there are as many rows of sockets as events. */
  readonly #sockets = new Map<FrameSource, Map<number, Socket>>();

  readonly #names: SessionNames;

  constructor(sink: TraceSink, tracks: TraceTracks, names: SessionNames) {
    this.#names = names;
    this.#sink = sink;
    this.#tracks = tracks;
  }

  /** The sockets of a process that has ended are closed. */
  restart(source: FrameSource, atNs: number): void {
    for (const socket of this.#sockets.get(source)?.values() ?? []) this.#close(socket, atNs);
    this.#sockets.delete(source);
  }

  opened(source: FrameSource, sockets: readonly OpenedSocket[]): void {
    for (const socket of sockets) {
      const { timeNs, connectionId, fd, role, local, peer } = socket;
      const address = role === 'listener' ? `listens on ${local}` : `${local} ↔ ${peer}`;
      const pid = this.#names.pidOf(source, socket);
      const which = pid === undefined ? `fd ${fd}` : `fd ${fd} · pid ${pid}`;
      this.#open(source, { connectionId, role, fd, timeNs, name: `${which}, ${role} ${address}`, peer });
    }
  }

  states(source: FrameSource, frame: FdStates): void {
    const { timeNs } = frame;
    const sockets = this.#of(source);
    for (let i = 0; i < frame.count; i++) {
      const flags = frame.flags[i] ?? 0;
      const key = keyOf(frame.connectionIds[i] ?? 0, roleIn(frame.roles, i));
      const socket = sockets.get(key) ?? this.#unannounced(source, frame, i);
      const state = stateOf(flags);
      const waitedNs = state === states[0].name ? (frame.waitingUs[i] ?? 0) * 1000 : 0;
      this.#enter(socket, state, timeNs, timeNs - waitedNs);
      this.#queues(socket, timeNs, frame.receiveQueueBytes[i] ?? 0, frame.sendQueueBytes[i] ?? 0);
      if ((flags & fdFlags.error) !== 0) {
        this.#sink.instant({ track: socket.track, atNs: timeNs, name: 'error', category: group });
      }
      if ((flags & fdFlags.closed) === 0) continue;
      this.#close(socket, timeNs);
      sockets.delete(key);
    }
  }

  /**
   * How long each was in which state: a slice for each tick in which it was not idle throughout, with the times as its
   * arguments. It has no state's name, as none holds for all of it.
   */
  shares(source: FrameSource, frame: FdShares): void {
    const { timeNs, spanNs } = frame;
    const sockets = this.#of(source);
    for (let i = 0; i < frame.count; i++) {
      const socket = sockets.get(keyOf(frame.connectionIds[i] ?? 0, roleIn(frame.roles, i)));
      if (socket === undefined) continue;
      socket.shares ??= this.#tracks.member(source, group, { kind: 'lane', name: `${socket.name}: time by state` });
      const args: Record<string, number> = {};
      for (const [state, name] of shareArgs.entries()) {
        const ns = frame.ns[i * shareNames.length + state] ?? 0;
        if (ns > 0) args[name] = ns;
      }
      // One that was opened within the tick is told from then on.
      const fromNs = socket.openedNs > timeNs - spanNs ? timeNs - openNs(frame, i) : timeNs - spanNs;
      const toNs = fromNs + openNs(frame, i);
      this.#sink.slice({ track: socket.shares, fromNs, toNs, name: 'tick', category: 'time by state', args });
    }
  }

  /** Sockets that were still open are told up to the end. */
  end(endNs: number): void {
    for (const sockets of this.#sockets.values()) for (const socket of sockets.values()) this.#close(socket, endNs);
    this.#sockets.clear();
  }

  #of(source: FrameSource): Map<number, Socket> {
    let sockets = this.#sockets.get(source);
    if (!sockets) this.#sockets.set(source, (sockets = new Map<number, Socket>()));
    return sockets;
  }

  /** A socket whose opening was not told: it was there before the recording began. */
  #unannounced(source: FrameSource, { timeNs, roles, connectionIds, fds }: FdStates, i: number): Socket {
    const role = roleIn(roles, i);
    const connectionId = connectionIds[i] ?? 0;
    const fd = fds[i] ?? 0;
    const name = `fd ${fd}, ${role} of connection ${connectionId}`;
    return this.#open(source, { connectionId, role, fd, timeNs, name, peer: undefined });
  }

  #open(
    source: FrameSource,
    opened: { connectionId: number; role: FdRole; fd: number; timeNs: number; name: string; peer: string | undefined },
  ): Socket {
    const { connectionId, role, fd, timeNs, name, peer } = opened;
    const sockets = this.#of(source);
    const key = keyOf(connectionId, role);
    let socket = sockets.get(key);
    if (!socket) {
      const track = this.#tracks.member(source, group, { kind: 'lane', name });
      this.#sink.begin({ track, fromNs: timeNs, name: 'open', category: group, args: { fd, peer } });
      const nothing = { state: undefined, shares: undefined, queues: undefined };
      socket = { source, name, track, openedNs: timeNs, stateSinceNs: timeNs, ...nothing };
      sockets.set(key, socket);
    }
    return socket;
  }

  #enter(socket: Socket, state: string | undefined, nowNs: number, sinceNs: number): void {
    if (state === socket.state) return;
    this.#tellState(socket, nowNs);
    socket.state = state;
    // It was known late, but began earlier; not before the state that was told before it.
    socket.stateSinceNs = Math.max(sinceNs, socket.stateSinceNs);
  }

  #tellState(socket: Socket, nowNs: number): void {
    const { track, state, stateSinceNs: fromNs } = socket;
    if (state !== undefined) {
      this.#sink.slice({ track, fromNs, toNs: Math.max(fromNs, nowNs), name: state, category: group });
    }
    socket.stateSinceNs = state === undefined ? fromNs : Math.max(fromNs, nowNs);
  }

  #queues(socket: Socket, atNs: number, receiveBytes: number, sendBytes: number): void {
    if (!socket.queues) {
      if (receiveBytes === 0 && sendBytes === 0) return;
      const { source, name } = socket;
      const track = (which: string): TrackId =>
        this.#tracks.member(source, group, { kind: 'counter', name: `${name}: ${which} queue`, unit: 'bytes' });
      socket.queues = { receive: track('receive'), send: track('send') };
    }
    this.#sink.counter(socket.queues.receive, atNs, receiveBytes);
    this.#sink.counter(socket.queues.send, atNs, sendBytes);
  }

  #close(socket: Socket, atNs: number): void {
    const { track, openedNs, shares, queues } = socket;
    this.#tellState(socket, atNs);
    this.#sink.end(track, Math.max(openedNs, atNs));
    for (const each of [
      track,
      ...(shares === undefined ? [] : [shares]),
      ...(queues ? [queues.receive, queues.send] : []),
    ])
      this.#sink.forget(each);
  }
}
