/** What the lab is, or would be, started with. While it runs, what can be changed live is changed at once. */
import { useDebounceFn, useLocalStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, watch } from 'vue';
import type { ModelId } from '../../shared/catalogue.ts';
import { liveSettingsSchema, type Detail, type LiveChanges, type LiveSettings } from '../../shared/contract/live.ts';
import {
  socketOptionNames,
  type Client,
  type ModelOptions,
  type ServerSettings,
  type SocketOptions,
  type UpstreamSettings,
} from '../../shared/schemas/settings.ts';
import { useLab } from './lab.ts';
import { useRecording } from './sessions-recording.ts';

/** What the first press of "Run" shows. */
const first = (): LiveSettings =>
  liveSettingsSchema.parse({
    server: { model: 'epoll-lt', protocol: 'http', handler: 'respond' },
    connections: 50,
    clients: [{ profile: 'closed' }],
  });

/** What can be changed while the lab runs, by whichever window. */
const followedKeys = ['connections', 'clients', 'detail'] as const;
const followedServerKeys = ['model', 'workUs', 'waitMs', 'chunks'] as const;

/** Long enough for a finger on a stepper, short enough to feel immediate. */
const settleMs = 180;

const isLive: readonly (keyof LiveChanges)[] = ['connections', 'clients', 'workUs', 'waitMs', 'chunks', 'detail'];

export const useSetup = defineStore('setup', () => {
  const lab = useLab();
  const recording = useRecording();
  const draft = useLocalStorage<LiveSettings>('fdscope.setup', first(), {
    serializer: {
      // Of an older version, or broken: begin anew.
      read: (text) => {
        try {
          return liveSettingsSchema.parse(JSON.parse(text));
        } catch {
          return first();
        }
      },
      write: (settings) => JSON.stringify(settings),
    },
  });
  const optionsOf = useLocalStorage<Partial<Record<ModelId, ModelOptions>>>('fdscope.options', {});

  /** Name of the scenario that the settings began as; empty where they are the user's own. */
  const scenario = useLocalStorage('fdscope.scenario', '');

  let unsent: LiveChanges = {};
  const send = useDebounceFn(() => {
    const changes = unsent;
    unsent = {};
    if (lab.isRunning && Object.keys(changes).length > 0) void lab.change(changes);
  }, settleMs);

  function later(changes: LiveChanges): void {
    if (!lab.isRunning) return;
    unsent = { ...unsent, ...changes };
    void send();
  }

  function setServer(changes: Partial<ServerSettings>): void {
    const server = { ...draft.value.server, ...changes };
    draft.value = { ...draft.value, server };
    if (server.handler === 'forward' && draft.value.upstream === undefined) {
      draft.value = liveSettingsSchema.parse({ ...draft.value, upstream: {} });
    }
    const live = Object.fromEntries(
      Object.entries(changes).filter(([key]) => isLive.includes(key as keyof LiveChanges)),
    );
    if (Object.keys(live).length > 0) later(live);
  }

  function setConnections(connections: number): void {
    draft.value = { ...draft.value, connections };
    later({ connections });
  }

  function setClients(clients: Client[]): void {
    draft.value = { ...draft.value, clients };
    later({ clients });
  }

  function setDetail(detail: Detail): void {
    draft.value = { ...draft.value, detail };
    later({ detail });
  }

  function setLoad(changes: Undefinable<LiveSettings['load']>): void {
    // A key without a value is one that is not said.
    draft.value = liveSettingsSchema.parse({ ...draft.value, load: { ...draft.value.load, ...changes } });
  }

  /** What the server's sockets are told; a key without a value is one that is not said. */
  function setSockets(changes: Undefinable<SocketOptions>): void {
    draft.value = liveSettingsSchema.parse({ ...draft.value, server: { ...draft.value.server, ...changes } });
  }

  function setUpstream(upstream: UpstreamSettings): void {
    draft.value = { ...draft.value, upstream };
  }

  function setPin(pin: boolean): void {
    draft.value = { ...draft.value, pin };
  }

  /** Takes everything: a scenario's, or those of a lab that runs already. */
  function take(settings: LiveSettings, scenarioName = ''): void {
    draft.value = liveSettingsSchema.parse(settings);
    // They are part of what was run, and what was set by hand before is not.
    const { model, options } = draft.value.server;
    optionsOf.value = { ...optionsOf.value, [model]: options };
    scenario.value = scenarioName;
  }

  /**
   * Those of a lab that runs already when the window opens. The scenario that they began as keeps its name, and the detail
   * that the user chose stays beside that of an armed flight recorder.
   */
  function adopt(settings: LiveSettings): void {
    const { server, detail } = draft.value;
    const keys = ['protocol', 'handler', 'responseBytes'] as const;
    const isOfScenario = keys.every((key) => server[key] === settings.server[key]);
    take(recording.isArmed ? { ...settings, detail } : settings, isOfScenario ? scenario.value : '');
  }

  function setOptions(model: ModelId, options: ModelOptions): void {
    optionsOf.value = { ...optionsOf.value, [model]: options };
  }

  /**
   * What another window changes in the running lab is so in this one, too: else its controls would show what is not, and
   * go on from there. What is being changed here and is not sent yet comes after it. The detail of an armed flight
   * recorder is its own, and what the user has chosen comes back behind it.
   */
  watch(
    () => lab.state,
    ({ settings: now, phase }, before) => {
      if (!now || phase === 'idle') return;
      const isNewRun = phase === 'starting' && before.phase !== 'starting';
      const was = isNewRun ? undefined : before.settings;
      const followed = Object.fromEntries(
        followedKeys
          .filter((key) => key !== 'detail' || !recording.isArmed)
          .filter((key) => !(key in unsent) && JSON.stringify(now[key]) !== JSON.stringify(was?.[key]))
          .map((key) => [key, now[key]]),
      );
      const server = Object.fromEntries(
        followedServerKeys
          .filter((key) => !(key in unsent) && now.server[key] !== was?.server[key])
          .map((key) => [key, now.server[key]]),
      );
      if (Object.keys(followed).length + Object.keys(server).length === 0) return;
      draft.value = { ...draft.value, ...followed, server: { ...draft.value.server, ...server } };
    },
    { flush: 'sync' },
  );

  /** What differs from the running lab and cannot be changed while it runs. */
  const needsRestart = computed<readonly string[]>(() => {
    const running = lab.state.settings;
    if (!lab.isRunning || running === undefined) return [];
    const { server, upstream } = draft.value;
    const found: string[] = [];
    if (server.protocol !== running.server.protocol) found.push('protocol');
    if (server.handler !== running.server.handler) found.push('handler');
    if (server.responseBytes !== running.server.responseBytes) found.push('response size');
    if (server.forgetsToClose !== running.server.forgetsToClose) found.push('forgetting to close');
    if (server.port !== running.server.port) found.push('port');
    if (socketOptionNames.some((name) => server[name] !== running.server[name])) found.push('the server’s sockets');
    if (draft.value.pin !== running.pin) found.push('pinning');
    if (JSON.stringify(draft.value.load) !== JSON.stringify(running.load)) found.push('what holds for all clients');
    if (JSON.stringify(upstream) !== JSON.stringify(running.upstream)) found.push('upstream');
    const options = optionsOf.value[running.server.model];
    if (options !== undefined && !isSubset(options, running.server.options)) found.push('model options');
    return found;
  });

  /** The draft as it is to be started. */
  const toStart = computed<LiveSettings>(() => {
    const { server } = draft.value;
    return { ...draft.value, server: { ...server, options: optionsOf.value[server.model] ?? {} } };
  });

  /** Figures under different keys cannot be compared. */
  const conditions = computed(() => {
    const { server, connections, clients, load, upstream } = lab.state.settings ?? draft.value;
    const { protocol, handler, responseBytes, chunks, workUs, waitMs, forgetsToClose } = server;
    const ofServer = [protocol, handler, responseBytes, chunks, workUs, waitMs, forgetsToClose];
    const ofSockets = socketOptionNames.map((name) => server[name] ?? null);
    return JSON.stringify([...ofServer, ...ofSockets, connections, clients, load, upstream]);
  });

  return {
    draft,
    scenario,
    optionsOf,
    needsRestart,
    toStart,
    conditions,
    setServer,
    setConnections,
    setClients,
    setDetail,
    setLoad,
    setSockets,
    setUpstream,
    setPin,
    setOptions,
    take,
    adopt,
  };
});

type Undefinable<T> = { readonly [K in keyof T]?: T[K] | undefined };

const isSubset = (some: ModelOptions, all: ModelOptions): boolean =>
  Object.entries(some).every(([name, value]) => all[name] === undefined || all[name] === value);
