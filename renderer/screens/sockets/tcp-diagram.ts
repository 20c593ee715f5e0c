/** The TCP state diagram: where its states and ways lie, and which ways a socket took. Lengths are units of its drawing. */

/** `gone` is CLOSED once more, at the foot: the end of a connection. */
export const tcpNodes = {
  CLOSE: { x: 230, y: 18, label: 'CLOSED' },
  SYN_SENT: { x: 66, y: 76, label: 'SYN_SENT' },
  LISTEN: { x: 394, y: 50, label: 'LISTEN' },
  SYN_RECV: { x: 394, y: 112, label: 'SYN_RECV' },
  ESTABLISHED: { x: 230, y: 128, label: 'ESTABLISHED' },
  FIN_WAIT_1: { x: 66, y: 184, label: 'FIN_WAIT_1' },
  CLOSE_WAIT: { x: 394, y: 184, label: 'CLOSE_WAIT' },
  FIN_WAIT_2: { x: 66, y: 244, label: 'FIN_WAIT_2' },
  CLOSING: { x: 230, y: 214, label: 'CLOSING' },
  LAST_ACK: { x: 394, y: 244, label: 'LAST_ACK' },
  TIME_WAIT: { x: 66, y: 304, label: 'TIME_WAIT' },
  gone: { x: 230, y: 304, label: 'CLOSED' },
} as const;
export type TcpNode = keyof typeof tcpNodes;

export const nodeWidth = 100;
export const nodeHeight = 24;
export const diagramWidth = 460;
export const diagramHeight = 322;

export interface TcpWay {
  readonly from: TcpNode;
  readonly to: TcpNode;
  /** What makes a socket go it. */
  readonly label: string;
  /** Of the middle of the label. */
  readonly at: { readonly x: number; readonly y: number };
}

export const tcpWays: readonly TcpWay[] = [
  { from: 'CLOSE', to: 'SYN_SENT', label: 'connect: SYN →', at: { x: 96, y: 40 } },
  { from: 'CLOSE', to: 'LISTEN', label: 'listen', at: { x: 322, y: 24 } },
  { from: 'LISTEN', to: 'SYN_RECV', label: 'SYN: a new socket', at: { x: 394, y: 84 } },
  { from: 'SYN_SENT', to: 'ESTABLISHED', label: 'SYN+ACK', at: { x: 160, y: 94 } },
  { from: 'SYN_RECV', to: 'ESTABLISHED', label: 'ACK', at: { x: 312, y: 112 } },
  { from: 'ESTABLISHED', to: 'FIN_WAIT_1', label: 'close: FIN →', at: { x: 122, y: 150 } },
  { from: 'ESTABLISHED', to: 'CLOSE_WAIT', label: 'FIN arrives', at: { x: 338, y: 150 } },
  { from: 'FIN_WAIT_1', to: 'FIN_WAIT_2', label: 'ACK', at: { x: 86, y: 217 } },
  { from: 'FIN_WAIT_1', to: 'CLOSING', label: 'FIN', at: { x: 150, y: 193 } },
  { from: 'CLOSING', to: 'TIME_WAIT', label: 'ACK', at: { x: 168, y: 252 } },
  { from: 'FIN_WAIT_2', to: 'TIME_WAIT', label: 'FIN', at: { x: 86, y: 277 } },
  { from: 'CLOSE_WAIT', to: 'LAST_ACK', label: 'close: FIN →', at: { x: 394, y: 217 } },
  { from: 'LAST_ACK', to: 'gone', label: 'ACK', at: { x: 322, y: 266 } },
  { from: 'TIME_WAIT', to: 'gone', label: '60 s', at: { x: 148, y: 298 } },
];

/** A way that a socket went. `isSeen`: no state lies between two looks that nobody saw. */
export interface TakenWay {
  readonly from: TcpNode;
  readonly to: TcpNode;
  readonly isSeen: boolean;
  /** Not one of the diagram: it was broken off, or a guard was closed. */
  readonly isCut: boolean;
}

export const isTcpNode = (state: string): state is TcpNode => Object.hasOwn(tcpNodes, state);

/** The shortest chain of ways of the diagram; undefined where there is none. */
function chain(from: TcpNode, to: TcpNode): readonly TcpNode[] | undefined {
  const before = new Map<TcpNode, TcpNode>();
  const open: TcpNode[] = [from];
  for (let node = open.shift(); node !== undefined; node = open.shift()) {
    for (const way of tcpWays) {
      if (way.from !== node || before.has(way.to) || way.to === from) continue;
      before.set(way.to, node);
      open.push(way.to);
    }
  }
  if (!before.has(to)) return undefined;
  const nodes: TcpNode[] = [to];
  for (let node = before.get(to); node !== undefined; node = node === from ? undefined : before.get(node)) {
    nodes.unshift(node);
  }
  return nodes;
}

/** Between two looks a connection ends by its timers; one that vanishes out of an open state was broken off. */
const endings: readonly TcpNode[] = ['TIME_WAIT', 'LAST_ACK', 'CLOSING', 'FIN_WAIT_2', 'FIN_WAIT_1'];

/** `seen`: a socket's states, one after the other, as they were found at each look. */
export function waysTaken(seen: readonly TcpNode[]): TakenWay[] {
  const taken: TakenWay[] = [];
  const add = (from: TcpNode, to: TcpNode): void => {
    if (from === to) return;
    const isCut = to === 'gone' && !endings.includes(from);
    const nodes = isCut ? undefined : chain(from, to);
    if (nodes === undefined) {
      taken.push({ from, to, isSeen: true, isCut: true });
      return;
    }
    nodes.slice(1).forEach((node, i) => {
      taken.push({ from: nodes[i] ?? from, to: node, isSeen: nodes.length === 2, isCut: false });
    });
  };
  const [first] = seen;
  // What accept hands out begins in the guard: nobody called anything on it before.
  if (first !== undefined && first !== 'CLOSE' && first !== 'LISTEN') add('LISTEN', first);
  seen.slice(1).forEach((state, i) => add(seen[i] ?? state, state));
  return taken;
}

/** A straight line between the edges of two nodes, ending where its head points. */
export function wayPath(from: TcpNode, to: TcpNode): string {
  const [a, b] = [tcpNodes[from], tcpNodes[to]];
  const [start, end] = [edge(a, b), edge(b, a)];
  return `M${start.x.toFixed(1)} ${start.y.toFixed(1)}L${end.x.toFixed(1)} ${end.y.toFixed(1)}`;
}

/** Where the line from a node's middle to another's leaves the node. */
function edge(of: { x: number; y: number }, towards: { x: number; y: number }): { x: number; y: number } {
  const [dx, dy] = [towards.x - of.x, towards.y - of.y];
  const across = Math.abs(dx) > 0 ? nodeWidth / 2 / Math.abs(dx) : Number.POSITIVE_INFINITY;
  const along = Math.abs(dy) > 0 ? nodeHeight / 2 / Math.abs(dy) : Number.POSITIVE_INFINITY;
  const share = Math.min(across, along);
  return { x: of.x + dx * share, y: of.y + dy * share };
}
