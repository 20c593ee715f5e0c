/** A server that is started anew within one history, as a scenario's runs are: its threads and sockets are others. */
import { describe, expect, it } from 'vitest';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { stretchAt } from '../../../renderer/tracks/thread-states.ts';
import {
  encodeFdStates,
  encodeHeartbeat,
  encodeJson,
  encodeThreadStarted,
  encodeThreadStates,
} from '../../../shared/telemetry/codec.ts';
import { frameHeaderBytes, frameKinds, noFd, noSyscall, threadStates } from '../../../shared/telemetry/wire.ts';
import { fdFrame, startNs } from './tracks/given.ts';

const ms = 1e6;
const blocked = threadStates.indexOf('blocked');

class Told {
  readonly history = new TelemetryHistory();

  frame(bytes: Uint8Array, source: 'server' | 'clients' = 'server'): this {
    const kind = new DataView(bytes.buffer, bytes.byteOffset).getUint16(4, true);
    this.history.take(source, kind, bytes.subarray(frameHeaderBytes));
    return this;
  }

  /** Two threads and a connection on fd 7, seen at a time. */
  serves(pid: number, atNs: number): this {
    return this.frame(encodeJson(frameKinds.ready, { role: 'serve', pid, options: {}, steps: [], notices: [] }))
      .frame(encodeThreadStarted({ threadId: 1, tid: pid, name: 'main' }))
      .frame(encodeThreadStarted({ threadId: 2, tid: pid + 1, name: 'connection 1' }))
      .frame(encodeFdStates(fdFrame(atNs, [{ id: 1, fd: 7, state: 'waiting' }])))
      .frame(
        encodeThreadStates({
          ...{ timeNs: atNs, count: 2, threadIds: Uint32Array.of(1, 2), states: Uint8Array.of(blocked, blocked) },
          ...{ sinceNs: Float64Array.of(atNs, atNs), syscalls: new Uint16Array(2).fill(noSyscall) },
          fds: new Int32Array(2).fill(noFd),
        }),
      );
  }
}

describe('a server that is started anew', () => {
  // Of the end of the first one nothing was told: it was killed, or that part of a file is damaged.
  const { history } = new Told()
    .serves(100, startNs)
    .frame(encodeHeartbeat({ timeNs: startNs + 900 * ms }), 'clients')
    .serves(200, startNs + 1000 * ms);
  const threads = [...history.threads.byId.values()];

  it('has threads of its own, whose numbers those of the one before had', () => {
    expect(threads.map(({ tid }) => tid)).toEqual([100, 101, 200, 201]);
    const states = threads.map(
      (thread) => stretchAt(history.threads, thread, startNs + 1000 * ms, history.newestNs)?.state,
    );
    expect(states).toEqual([undefined, undefined, blocked, blocked]);
  });

  it('ends the threads of the one before when it was last heard of, and begins its own when it was first', () => {
    expect(threads.map(({ endedNs }) => endedNs)).toEqual([startNs, startNs, Infinity, Infinity]);
    expect(threads[2]?.startedNs).toBe(startNs + 1000 * ms);
  });

  it('has its own connection in the row of the same fd', () => {
    const row = history.sockets.rowOfSocket(1, 'client') ?? -1;
    expect(history.sockets.tenantAt(row, startNs)?.closedNs).toBe(startNs);
    expect(history.sockets.isOpen(row)).toBe(true);
    expect(history.sockets.rows).toBe(1);
  });

  it('is the same one where a session tells behind a gap how things stand', () => {
    const told = new Told().serves(100, startNs).serves(100, startNs + 500 * ms);
    expect([...told.history.threads.byId.values()].map(({ endedNs }) => endedNs)).toEqual([Infinity, Infinity]);
    expect(told.history.sockets.isOpen(told.history.sockets.rowOfSocket(1, 'client') ?? -1)).toBe(true);
  });

  it('leaves nothing open when it has finished', () => {
    const { history: ended } = new Told()
      .serves(100, startNs)
      .frame(encodeJson(frameKinds.finished, { timeNs: startNs, reason: 'stopped' }));
    expect([...ended.threads.byId.values()].map(({ endedNs }) => endedNs)).toEqual([startNs, startNs]);
    expect(ended.sockets.rowOfSocket(1, 'client')).toBeUndefined();
  });
});
