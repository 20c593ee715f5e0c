/** A sequence diagram of what was done on a bench. */
import type { BenchStep, Crossing } from '../bench/step.ts';
import type { CrossingEntry, Outcome, Sequence, SequenceEntry, SequenceLane } from './entries.ts';

export interface SequenceActor {
  readonly name: string;
  readonly process: string;
}

/** Clients to the left, as books draw it; the rest as it was given. */
export function orderLanes<T extends { readonly name: string }>(actors: readonly T[]): T[] {
  const isClient = ({ name }: T): boolean => /^(client|peer)/i.test(name);
  return [...actors.filter(isClient), ...actors.filter((actor) => !isClient(actor))];
}

/** Those that acted, or could have, for who has the steps alone. */
export function actorsOfSteps(steps: readonly BenchStep[]): SequenceActor[] {
  const actors = new Map<string, string>();
  for (const process of steps.flatMap(({ state }) => state.processes)) {
    for (const { name } of process.actors) actors.set(name, process.name);
  }
  return [...actors].map(([name, process]) => ({ name, process }));
}

/** What came back, as it stands behind a call: "= 4", "= -1 EAGAIN", `= 5 "hello"`. Undefined while it sleeps. */
export function outcomeOf(step: BenchStep): Outcome | undefined {
  const { blocked, refused, errno, result, sentence } = step;
  if (refused) return { ending: 'refused', text: `not made: ${sentence ?? ''}` };
  if (blocked) return undefined;
  if (errno !== null) return { ending: 'failed', text: `= -1 ${errno}` };
  if (result === null) return { ending: 'done', text: 'does not return: its process has ended' };
  return { ending: 'done', text: `= ${result}${outputText(step)}` };
}

function outputText({ output }: BenchStep): string {
  if (output === undefined) return '';
  const { data, address, value, ready, signal, completion } = output;
  const parts = [
    data === undefined ? '' : JSON.stringify(data),
    address ?? '',
    value === undefined ? '' : String(value),
    ready === undefined ? '' : ready.map(({ fd, events }) => `${fd}: ${events.join('|')}`).join(', '),
    signal === undefined ? '' : `${signal.name} for fd ${signal.fd}`,
    completion === undefined
      ? ''
      : `tag ${completion.tag}: ${completion.errno ?? completion.result}${completion.data === undefined ? '' : ` ${JSON.stringify(completion.data)}`}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `  ${parts.join('  ')}`;
}

/** Which lane each socket is of: that of the actor who made it; of one that nobody took yet, its guard's. */
class SocketLanes {
  readonly #lanes = new Map<string, string>();
  readonly #makers = new Map<string, string>();
  readonly #firstOf: ReadonlyMap<string, string>;
  #before: ReadonlySet<unknown> = new Set();

  constructor(actors: readonly SequenceActor[]) {
    this.#firstOf = new Map([...actors].reverse().map(({ name, process }) => [process, name]));
  }

  take(step: BenchStep): void {
    const { call, result, process, actor, state } = step;
    if (['socket', 'accept4'].includes(call) && result !== null && result >= 0) {
      this.#makers.set(`${process}:${result}`, actor);
    }
    const before = this.#before;
    this.#before = new Set(state.sockets);
    for (const socket of state.sockets) {
      // Its owners are those that it had.
      if (before.has(socket) && this.#lanes.has(socket.key)) continue;
      const owner = socket.owner.find((each) => this.#makers.has(each)) ?? socket.owner[0];
      if (owner !== undefined) {
        if (this.#lanes.has(socket.key) && !this.#makers.has(owner)) continue;
        const lane = this.#makers.get(owner) ?? this.#firstOf.get(owner.split(':')[0] ?? '');
        if (lane !== undefined) this.#lanes.set(socket.key, lane);
      } else if (!this.#lanes.has(socket.key)) {
        const guard = state.sockets.find(
          (each) => each.state === 'LISTEN' && each.local?.port === socket.local?.port && each.family === socket.family,
        );
        const lane = guard === undefined ? undefined : this.#lanes.get(guard.key);
        if (lane !== undefined) this.#lanes.set(socket.key, lane);
      }
    }
  }

  of(key: string): string | undefined {
    return this.#lanes.get(key);
  }
}

const flagOrder = ['SYN', 'SYN+ACK', 'ACK of SYN', 'data', 'FIN', 'ACK', 'RST'] as const;

interface Arrow {
  readonly order: (typeof flagOrder)[number];
  readonly text: string;
  readonly isInferred: boolean;
}

function arrowsOf({ segments, bytes, retransmits, inferredFlags }: Crossing): Arrow[] {
  const opens = inferredFlags.includes('SYN');
  const flags = inferredFlags.map((flag): Arrow => ({
    order: flag === 'ACK' && opens ? 'ACK of SYN' : flag,
    text: flag,
    isInferred: true,
  }));
  const again = retransmits > 0 ? `, ${retransmits} retransmitted` : '';
  if (bytes > 0) {
    const inSegments = segments > 1 ? ` in ${segments} segments` : '';
    const text = `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}${inSegments}${again}`;
    return [...flags, { order: 'data', text, isInferred: false }];
  }
  if (flags.length > 0 || segments === 0) return flags;
  const text = segments === 1 ? `1 segment, no data${again}` : `${segments} segments, no data${again}`;
  return [{ order: 'ACK', text, isInferred: false }];
}

function crossingsOf(step: BenchStep, lanes: SocketLanes): CrossingEntry[] {
  return step.crossed
    .flatMap((crossing) => arrowsOf(crossing).map((arrow) => ({ crossing, arrow })))
    .sort((a, b) => flagOrder.indexOf(a.arrow.order) - flagOrder.indexOf(b.arrow.order))
    .flatMap(({ crossing, arrow }): CrossingEntry[] => {
      const [from, to] = [lanes.of(crossing.from), lanes.of(crossing.to)];
      if (from === undefined || to === undefined || from === to) return [];
      return [{ kind: 'crossing', step: step.index, from, to, text: arrow.text, isInferred: arrow.isInferred }];
    });
}

const sleepText = ({ blockedIn, call }: BenchStep): string => {
  const wchan = blockedIn?.wchan ?? '';
  const where = wchan === '' || wchan === '0' ? '' : ` (${wchan})`;
  return `asleep in ${blockedIn?.call ?? call}${where}`;
};

/** The entries of steps that were told, as far as they have come; what comes next goes on from there. */
class Entries {
  readonly steps: BenchStep[] = [];
  readonly #lanes: SocketLanes;
  readonly #entries: SequenceEntry[] = [];
  readonly #returned = new Set<number>();

  constructor(readonly actors: readonly SequenceActor[]) {
    this.#lanes = new SocketLanes(actors);
  }

  /** Whether these are the steps it has, and more perhaps. */
  goesOnIn(steps: readonly BenchStep[]): boolean {
    return steps.length >= this.steps.length && this.steps.every((step, i) => step === steps[i]);
  }

  /** With all that returned by itself since. */
  upTo(steps: readonly BenchStep[]): SequenceEntry[] {
    const bySteps = new Map(steps.map((step) => [step.index, step]));
    /** Woken by time or by a signal: they return between two steps, when their time was over. */
    const byThemselves = steps
      .filter(({ wokenBy }) => wokenBy !== undefined && typeof wokenBy !== 'number')
      .map((step) => ({ step, atNs: step.startedNs + (step.durationNs ?? 0) }))
      .sort((a, b) => a.atNs - b.atNs);
    for (const step of steps.slice(this.steps.length)) {
      for (const { step: woken, atNs } of byThemselves) if (atNs <= step.startedNs) this.#addReturn(woken);
      this.#lanes.take(step);
      this.#addCall(step);
      for (const index of step.woke) {
        const woken = bySteps.get(index);
        if (woken) this.#addReturn(woken);
      }
      this.steps.push(step);
    }
    // A step that comes later may come before the end of these.
    const returns = byThemselves.filter(({ step }) => !this.#returned.has(step.index));
    return [...this.#entries, ...returns.flatMap(({ step }) => this.#returnOf(step))];
  }

  #addCall(step: BenchStep): void {
    const slept = step.wokenBy !== undefined || step.blocked;
    const outcome = slept ? undefined : outcomeOf(step);
    this.#entries.push({
      ...{ kind: 'call', step: step.index, lane: step.actor, text: step.text },
      ...(outcome && { outcome }),
      ...(slept && { asleep: sleepText(step) }),
      ...(!slept && step.durationNs !== null && { tookNs: step.durationNs }),
    });
    if (!slept) this.#entries.push(...crossingsOf(step, this.#lanes));
  }

  #returnOf(step: BenchStep): SequenceEntry[] {
    const outcome = outcomeOf(step);
    if (outcome === undefined) return [];
    const { index, actor, text, durationNs } = step;
    return [
      { kind: 'wake', step: index, lane: actor, text, outcome, sleptNs: durationNs ?? 0 },
      ...crossingsOf(step, this.#lanes),
    ];
  }

  #addReturn(step: BenchStep): void {
    if (this.#returned.has(step.index)) return;
    const entries = this.#returnOf(step);
    if (entries.length > 0) this.#returned.add(step.index);
    this.#entries.push(...entries);
  }
}

/** Makes sequences of steps that grow, each from where the one before ended. */
export class SequenceMaker {
  #entries = new Entries([]);

  /** `steps` in the order of their indices, each as it was told last; a step that was told anew is another object. */
  of(steps: readonly BenchStep[], actors: readonly SequenceActor[]): Sequence {
    const isSameCast =
      actors.length === this.#entries.actors.length &&
      actors.every(({ name, process }, i) => {
        const known = this.#entries.actors[i];
        return known?.name === name && known.process === process;
      });
    if (!isSameCast || !this.#entries.goesOnIn(steps)) this.#entries = new Entries(actors);
    const entries = this.#entries.upTo(steps);
    return { lanes: lanesOf(orderLanes(actors), steps), entries };
  }
}

export const sequenceOf = (steps: readonly BenchStep[], actors: readonly SequenceActor[]): Sequence =>
  new SequenceMaker().of(steps, actors);

function lanesOf(actors: readonly SequenceActor[], steps: readonly BenchStep[]): SequenceLane[] {
  const latest = steps.reduce<BenchStep | undefined>(
    (last, step) => (last === undefined || step.state.timeNs >= last.state.timeNs ? step : last),
    undefined,
  );
  return actors.map(({ name, process }) => {
    const found = latest?.state.processes.find((each) => each.name === process);
    if (found === undefined) return { id: name, title: name };
    const shared = actors.filter((each) => each.process === process).length > 1;
    const where = shared ? `thread of process ${found.pid}` : `process ${found.pid}`;
    return { id: name, title: name, note: found.state === 'ended' ? `${where}, ${found.how ?? 'ended'}` : where };
  });
}
