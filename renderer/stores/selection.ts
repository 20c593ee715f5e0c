/**
 * What the user picked with a click in a track, a table or a list; the inspector tells of it.
 *
 *   const selection = useSelection();
 *   selection.picked   // undefined, or one of:
 *     { kind: 'socket', row, connectionId, role, fd, timeNs }  a socket: `row` is its row in history.sockets
 *     { kind: 'thread', threadId, timeNs }                     a thread: its id in history.threads
 *     { kind: 'event', event, timeNs }                         one system call, coroutine run or readiness report
 *   selection.pick(what)
 *   selection.clear()
 *
 * `timeNs` is the moment that was clicked (CLOCK_MONOTONIC, as in the frames): a row may have had other connections
 * before and since. A range of time that was selected is `useTimebase().selection`.
 */
import { defineStore } from 'pinia';
import { shallowRef } from 'vue';
import type { FdRole } from '../../shared/telemetry/wire.ts';
import type { EventRecord } from './history-events.ts';

export interface PickedSocket {
  readonly kind: 'socket';
  readonly row: number;
  readonly connectionId: number;
  readonly role: FdRole;
  readonly fd: number;
  readonly timeNs: number;
}

export interface PickedThread {
  readonly kind: 'thread';
  readonly threadId: number;
  readonly timeNs: number;
}

export interface PickedEvent {
  readonly kind: 'event';
  readonly event: EventRecord;
  readonly timeNs: number;
}

export type Picked = PickedSocket | PickedThread | PickedEvent;

export const useSelection = defineStore('selection', () => {
  const picked = shallowRef<Picked>();
  const pick = (what: Picked): void => void (picked.value = what);
  const clear = (): void => void (picked.value = undefined);
  return { picked, pick, clear };
});
