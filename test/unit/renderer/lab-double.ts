/** A lab for component tests: it answers the verbs of the contract at once, remembers them, and runs nothing. */
import type { ModelId, ModelInfo } from '../../../shared/catalogue.ts';
import { liveSettingsSchema, type LiveState, type SwitchReport } from '../../../shared/contract/live.ts';
import type { EventName, EventPayload, Params, Result, Verb } from '../../../shared/contract/contract.ts';
import type { FrameSource } from '../../../shared/contract/channels.ts';
import type { LabLink } from '../../../renderer/app/link.ts';

const info = (id: ModelId, family: ModelInfo['family'], more: Partial<ModelInfo> = {}): ModelInfo => ({
  id,
  summary: `what ${id} is`,
  family,
  execution: 'thread',
  sourceFile: `models/${id}.cpp`,
  options: [],
  available: true,
  ...more,
});

export const models: readonly ModelInfo[] = [
  info('blocking-threads', 'blocking'),
  info('select', 'multiplexing'),
  info('epoll-lt', 'multiplexing'),
  info('io_uring', 'asynchronous', {
    available: false,
    reason: 'io_uring is switched off here',
    enable: 'sysctl kernel.io_uring_disabled=0',
  }),
];

type Answers = { [V in Verb]?: (params: Params<V>) => Result<V> | Promise<Result<V>> };

export class LabDouble implements LabLink {
  readonly asked: { verb: Verb; params: unknown }[] = [];
  state: LiveState = { phase: 'idle', paused: false };
  readonly answers: Answers = {
    'live.state': () => this.state,
    'live.start': (settings) => this.#enter({ phase: 'running', settings: liveSettingsSchema.parse(settings) }),
    'live.stop': () => this.#enter({ phase: 'idle' }),
    'live.change': ({ paused, connections }) => {
      const { settings } = this.state;
      return this.#enter({
        ...(paused !== undefined && { paused }),
        ...(settings && { settings: { ...settings, connections: connections ?? settings.connections } }),
      });
    },
    'live.switch': ({ model }) => this.switched(model),
    'models.list': () => [...models],
    'scenarios.list': () => [],
    'glossary.list': () => [],
    'sessions.list': () => ({ folder: '/sessions', sessions: [], unreadable: [] }),
    'experiment.results': () => [],
    'recording.settings': () => ({ automatic: false }),
    'replay.state': () => undefined,
    'flight.state': () => ({ heldSeconds: 0, heldBytes: 0, isKeeping: false, kept: 0 }),
    'lab.machine': () => ({
      hostname: 'host',
      kernel: '6.1',
      cpuModel: 'cpu',
      cpus: 2,
      memoryBytes: 1 << 30,
      node: '20',
      fdscope: '0.1.0',
      host: 'web',
    }),
    'models.source': ({ model }) => ({
      model,
      path: `models/${model}.cpp`,
      language: 'cpp',
      text: `// ${model}\nint main() {\n  return 0;\n}\n`,
      steps: [{ index: 0, line: 3, label: 'return' }],
    }),
  };
  readonly #listeners = new Map<EventName, (payload: unknown) => void>();
  #frames: ((source: FrameSource, frames: Uint8Array) => void) | undefined;
  #closed: ((reason: string) => void) | undefined;

  async request<V extends Verb>(
    verb: V,
    ...params: Params<V> extends undefined ? [] : [Params<V>]
  ): Promise<Result<V>> {
    this.asked.push({ verb, params: params[0] });
    const answer = this.answers[verb] as ((params: unknown) => Result<V> | Promise<Result<V>>) | undefined;
    if (!answer) throw new Error(`The double has no answer to ${verb}.`);
    return await answer(params[0]);
  }
  onEvent<N extends EventName>(name: N, listener: (payload: EventPayload<N>) => void): void {
    this.#listeners.set(name, listener as (payload: unknown) => void);
  }
  onFrames(listener: (source: FrameSource, frames: Uint8Array) => void): void {
    this.#frames = listener;
  }
  onClosed(listener: (reason: string) => void): void {
    this.#closed = listener;
  }
  close(): void {
    this.die('closed');
  }
  tell<N extends EventName>(name: N, payload: EventPayload<N>): void {
    this.#listeners.get(name)?.(payload);
  }

  send(source: FrameSource, frames: Uint8Array): void {
    this.#frames?.(source, frames);
  }
  die(reason: string): void {
    this.#closed?.(reason);
  }
  /** Parameters of each request of a verb, in order. */
  paramsOf(verb: Verb): unknown[] {
    return this.asked.filter((each) => each.verb === verb).map(({ params }) => params);
  }

  switched(model: ModelId): SwitchReport {
    const { settings } = this.state;
    const previous = settings?.server.model ?? model;
    if (settings) this.#enter({ settings: { ...settings, server: { ...settings.server, model } } });
    return { model, previous, how: 'live', pauseMs: 1.5, keptConnections: 50 };
  }

  #enter(change: Partial<LiveState>): LiveState {
    this.state = { ...this.state, ...change };
    return this.state;
  }
}
