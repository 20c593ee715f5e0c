/** The states a socket was found in, one look after the other, for the state diagram. */
import type { BenchLook, SocketState } from '../../../shared/bench/state.ts';
import { isTcpNode, type TcpNode } from './tcp-diagram.ts';

export const isTcp = ({ type, family }: SocketState): boolean => type === 'stream' && family !== 'unix';

/** `looks` in the order of time, up to the one that is shown. */
export function statesSeen(key: string, looks: readonly BenchLook[]): TcpNode[] {
  const seen: TcpNode[] = [];
  for (const look of looks) {
    const state = look.sockets.find((socket) => socket.key === key)?.state;
    if (state === undefined) {
      if (seen.length > 0 && seen.at(-1) !== 'gone') seen.push('gone');
      continue;
    }
    const node: TcpNode = state === 'CLOSE' && seen.some((each) => each !== 'CLOSE') ? 'gone' : state;
    if (isTcpNode(node) && seen.at(-1) !== node) seen.push(node);
  }
  return seen;
}

export function statesNow(look: BenchLook | undefined): Partial<Record<TcpNode, number>> {
  const counts: Partial<Record<TcpNode, number>> = {};
  for (const socket of look?.sockets ?? []) {
    if (isTcp(socket) && isTcpNode(socket.state)) counts[socket.state] = (counts[socket.state] ?? 0) + 1;
  }
  return counts;
}
