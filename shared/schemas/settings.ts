/** What a server, its clients and a run can be told. Ranges and defaults are here and nowhere else in TypeScript. */
import { z } from 'zod';
import { externalId, modelIds, serverIds } from '../catalogue.ts';
import { requestSchema, requestWithFilesSchema } from './request.ts';

export const protocols = ['http', 'echo', 'resp'] as const;
export type Protocol = (typeof protocols)[number];

export const handlers = ['echo', 'respond', 'forward'] as const;
export type Handler = (typeof handlers)[number];

/** Ranges of numbers that people give, both inclusive. Times are in the unit of the name. */
export const limits = {
  port: [0, 65_535],
  /** 16 MiB, the longest body of every protocol. */
  bodyBytes: [0, 16_777_216],
  /** Of clients that dribble or sip. */
  pieceBytes: [1, 65_536],
  chunks: [1, 1000],
  workUs: [0, 10_000_000],
  waitMs: [0, 600_000],
  connections: [1, 100_000],
  ratePerSecond: [0.1, 10_000_000],
  durationSeconds: [0.1, 86_400],
  warmupSeconds: [0, 600],
  timeoutMs: [1, 600_000],
  threads: [1, 1024],
  loadThreads: [1, 64],
  pipeline: [1, 1024],
  sourceAddresses: [1, 200],
  requests: [1, 1_000_000_000_000],
  weight: [0.001, 1_000_000],
  /** Of a socket; the kernel doubles what it is given, and net.core.wmem_max and rmem_max may allow less. */
  bufferBytes: [1024, 1_073_741_824],
  deferAcceptSeconds: [1, 3600],
} as const satisfies Record<string, readonly [number, number]>;

type Limit = keyof typeof limits;

/** A whole number within a limit. */
const whole = (limit: Limit) => z.number().int().min(limits[limit][0]).max(limits[limit][1]);
const number = (limit: Limit) => z.number().min(limits[limit][0]).max(limits[limit][1]);

/** Values of model options; the engine's catalogue knows names and ranges. */
export const modelOptionsSchema = z.record(z.string(), z.union([z.number(), z.boolean(), z.string()]));
export type ModelOptions = z.infer<typeof modelOptionsSchema>;

const modelSchema = z.enum(modelIds);

const serverFields = {
  protocol: z.enum(protocols),
  handler: z.enum(handlers),
  /** Body of a reply of `respond`. */
  responseBytes: whole('bodyBytes'),
  /** A reply is handed to the kernel in so many pieces. */
  chunks: whole('chunks'),
  /** CPU work for each request. */
  workUs: whole('workUs'),
  /** Pause for each request, as if something upstream were slow. */
  waitMs: whole('waitMs'),
  /**
   * A connection that its client has closed is never closed by the server, and stays in CLOSE_WAIT. The end of a process
   * closes all the same, so `blocking-fork` leaks nothing.
   */
  forgetsToClose: z.boolean(),
  /** 0: any free port. */
  port: whole('port'),
};

/** What a socket is told, on either side; what is not given is as the lab has it (TCP_NODELAY) or the kernel (buffers). */
const socketFields = {
  /** false leaves Nagle's algorithm on: a short write waits for the acknowledgement of the one before. */
  noDelay: z.boolean().optional(),
  /** SO_SNDBUF and SO_RCVBUF, in bytes; without them the kernel grows the buffers by itself. */
  sendBufferBytes: whole('bufferBytes').optional(),
  receiveBufferBytes: whole('bufferBytes').optional(),
};
const serverSocketFields = {
  ...socketFields,
  /** TCP_DEFER_ACCEPT: clients are accepted when their first bytes have come, or after so many seconds. */
  deferAcceptSeconds: whole('deferAcceptSeconds').optional(),
};

const socketOptionsSchema = z.strictObject(serverSocketFields);
/** Of a server or of clients, which have no `deferAcceptSeconds`. */
export type SocketOptions = z.infer<typeof socketOptionsSchema>;
export const socketOptionNames = socketOptionsSchema.keyof().options;

/** Any of a server's settings, without defaults: what is to be changed. */
export const serverChangesSchema = z.strictObject({ ...serverFields, ...serverSocketFields }).partial();

/** What a request costs the server; changeable while it runs, as replies stay the same bytes. */
export const handlerChangesSchema = z
  .strictObject({ workUs: serverFields.workUs, waitMs: serverFields.waitMs, chunks: serverFields.chunks })
  .partial();
export type HandlerChanges = z.infer<typeof handlerChangesSchema>;

/** The server of a scenario: all but the model. */
export const scenarioServerSchema = z.strictObject({
  protocol: serverFields.protocol.default('http'),
  handler: serverFields.handler.default('respond'),
  responseBytes: serverFields.responseBytes.default(128),
  chunks: serverFields.chunks.default(1),
  workUs: serverFields.workUs.default(0),
  waitMs: serverFields.waitMs.default(0),
  forgetsToClose: serverFields.forgetsToClose.default(false),
  port: serverFields.port.default(0),
  ...serverSocketFields,
});

/** A server, complete. */
export const serverSettingsSchema = z.strictObject({
  ...scenarioServerSchema.shape,
  model: modelSchema,
  options: modelOptionsSchema.default({}),
  host: z.string().default('127.0.0.1'),
  /** Required where `host` is not loopback: the server will be reachable by other machines. */
  exposeToNetwork: z.boolean().default(false),
  /** HOST:PORT of the server behind `forward`. */
  upstream: z.string().optional(),
  /** Required where `upstream` is not loopback. */
  allowRemoteUpstream: z.boolean().default(false),
});
export type ServerSettings = z.infer<typeof serverSettingsSchema>;
export type ServerSettingsInput = z.input<typeof serverSettingsSchema>;

const externalFields = {
  /** Started by the lab, through the shell, and ended with the run. It must stay in the foreground, */
  command: z.string().trim().min(1).optional(),
  /** or a process that runs already: the lab attaches to it and leaves it running. */
  pid: z.number().int().min(1).optional(),
};

/** The server of a run: one of the lab's own, or the user's (`external`), which has a port and a command or a pid. */
export const runServerSchema = z.strictObject({
  ...serverSettingsSchema.shape,
  model: z.enum(serverIds),
  ...externalFields,
});
export type RunServer = z.infer<typeof runServerSchema>;

/** The server behind `forward`, which the lab starts by itself. */
export const upstreamSchema = z.strictObject({
  model: modelSchema.default('epoll-lt'),
  handler: z.enum(['echo', 'respond']).default('respond'),
  responseBytes: whole('bodyBytes').default(128),
  workUs: whole('workUs').default(0),
  waitMs: whole('waitMs').default(0),
});
export type UpstreamSettings = z.infer<typeof upstreamSchema>;

const clientFields = {
  /** Connections of its own; without it a share, by weight, of the connections of the whole. */
  connections: whole('connections').optional(),
  weight: number('weight').optional(),
  /** Waits so long before its first connection. */
  startMs: whole('waitMs').optional(),
  /** Opens its connections evenly over so long. */
  rampMs: whole('waitMs').optional(),
  ...socketFields,
};

const dribbleFields = {
  /** Sends or takes so many bytes at a time, */
  chunkBytes: whole('pieceBytes').optional(),
  /** at this interval. */
  intervalMs: whole('waitMs').min(1).optional(),
};

const thinkMs = whole('waitMs').optional();

export const clientSchema = z.discriminatedUnion('profile', [
  /** Request, wait for the reply, think, again. */
  z.strictObject({ profile: z.literal('closed'), ...clientFields, thinkMs, pipeline: whole('pipeline').optional() }),
  /** Open loop: requests at a rate for the whole profile, whether or not replies come. */
  z.strictObject({
    profile: z.literal('rate'),
    ...clientFields,
    rate: number('ratePerSecond'),
    arrival: z.enum(['constant', 'poisson']).optional(),
  }),
  /** Connects and says nothing. */
  z.strictObject({ profile: z.literal('idle'), ...clientFields }),
  /** Dribbles its request. */
  z.strictObject({ profile: z.literal('slow-writer'), ...clientFields, ...dribbleFields }),
  /** Takes the reply in small sips. */
  z.strictObject({ profile: z.literal('slow-reader'), ...clientFields, ...dribbleFields }),
  /** Connect, request, reply, close, again. */
  z.strictObject({ profile: z.literal('churn'), ...clientFields, thinkMs }),
  /** All at once, then a pause. */
  z.strictObject({
    profile: z.literal('burst'),
    ...clientFields,
    intervalMs: dribbleFields.intervalMs,
    pipeline: whole('pipeline').optional(),
  }),
  /** Sends FIN behind its request and still expects the reply. */
  z.strictObject({ profile: z.literal('half-close'), ...clientFields, thinkMs }),
  /** Sends RST in mid-request. */
  z.strictObject({ profile: z.literal('reset'), ...clientFields, intervalMs: dribbleFields.intervalMs }),
]);
export type Client = z.infer<typeof clientSchema>;
export type { ClientProfile } from '../telemetry/profiles.ts';
export { clientProfiles } from '../telemetry/profiles.ts';

/** What the load engine is told beside its clients. */
export const scenarioLoadSchema = z.strictObject({
  threads: whole('loadThreads').default(1),
  timeoutMs: whole('timeoutMs').default(10_000),
  /** Payload of a request; by default 32 for echo and 0 for http. */
  requestBytes: whole('bodyBytes').optional(),
  /** Request target of http. */
  path: z.string().startsWith('/').default('/'),
  /** What is asked of a server of the user's own. */
  request: requestSchema.optional(),
  /** Clients connect from so many addresses of 127.0.0.0/8; by default enough for the connections. */
  sourceAddresses: whole('sourceAddresses').optional(),
});

export const runTimeSchema = {
  durationSeconds: number('durationSeconds').default(3),
  warmupSeconds: number('warmupSeconds').default(0.3),
  /** Shared by weight among the clients that have no `connections` of their own. */
  connections: whole('connections').default(50),
};

/** A model by its id, or with options; a label tells two entries of the same model apart. */
export const scenarioModelSchema = z.union([
  z.enum(modelIds),
  z.strictObject({
    model: z.enum(modelIds),
    options: modelOptionsSchema.default({}),
    label: z.string().trim().min(1).optional(),
  }),
]);
export type ScenarioModel = z.infer<typeof scenarioModelSchema>;

/** What a scenario runs: a model, or somebody's own server. */
export const scenarioSubjectSchema = z.union([
  ...scenarioModelSchema.options,
  z.strictObject({
    model: z.literal(externalId),
    ...externalFields,
    port: serverFields.port.min(1),
    label: z.string().trim().min(1).optional(),
  }),
]);
export type ScenarioSubject = z.infer<typeof scenarioSubjectSchema>;

/** What changes while it runs, `at` seconds after the measured interval began. */
export const phaseSchema = z.strictObject({
  at: z.number().min(0),
  /** So many seconds; then what was before comes back. Without it, to the end. */
  for: z.number().positive().optional(),
  label: z.string().trim().min(1).optional(),
  /** Another model takes over the open connections. */
  switch: scenarioModelSchema.optional(),
  connections: runTimeSchema.connections.unwrap().optional(),
  /** So many seconds until there are as many connections: they come, or go, evenly. */
  ramp: z.number().positive().optional(),
  clients: z.array(clientSchema).min(1).max(64).optional(),
  /** Clients stop asking, or go on. */
  paused: z.boolean().optional(),
  /** One process of the server's ends by SIGKILL; only a model with a process for each connection has such. */
  killWorker: z.literal(true).optional(),
  ...handlerChangesSchema.shape,
});
export type Phase = z.infer<typeof phaseSchema>;

/** Clients against a server that is not the lab's own. */
export const loadSettingsSchema = z.strictObject({
  ...scenarioLoadSchema.shape,
  ...runTimeSchema,
  request: requestWithFilesSchema.optional(),
  protocol: z.enum(protocols),
  /** HOST:PORT, http://HOST:PORT/PATH, https://HOST:PORT/PATH, or unix:/PATH */
  target: z.string(),
  /** Connect there, HOST:PORT or unix:/PATH, while requests name `target`, whose host then may be a name. */
  connectTo: z.string().optional(),
  /**
   * The run is so many requests, from the first connection on and without a warm-up, and ends when each was answered or
   * given up; `durationSeconds` then is the longest that it may take.
   */
  requests: whole('requests').optional(),
  /** https: whoever answers is measured; without it the certificate must be trusted and of the target's name. */
  insecure: z.boolean().default(false),
  /** https: a file of certificates in PEM that are trusted beside the system's. */
  caFile: z.string().min(1).optional(),
  /** Required where what is connected to is not loopback. */
  allowRemoteTarget: z.boolean().default(false),
  clients: z.array(clientSchema).min(1).max(64),
  handler: z.enum(['echo', 'respond']).default('respond'),
  responseBytes: whole('bodyBytes').default(128),
  /** `exact`: every byte of the lab's own servers is known; `framing`: whole replies, whatever they say. */
  check: z.enum(['exact', 'framing']).default('framing'),
});
export type LoadSettings = z.infer<typeof loadSettingsSchema>;
export type LoadSettingsInput = z.input<typeof loadSettingsSchema>;

/** One run: a server under one model, its clients, and the upstream that the lab starts where one is needed. */
export const runSettingsSchema = z.strictObject({
  ...runTimeSchema,
  server: runServerSchema,
  clients: z.array(clientSchema).min(1).max(64),
  load: scenarioLoadSchema.prefault({}),
  upstream: upstreamSchema.optional(),
  phases: z.array(phaseSchema).min(1).optional(),
  /** Server and clients on separate cores where there are two. */
  pin: z.boolean().default(true),
});
export type RunSettings = z.infer<typeof runSettingsSchema>;
/** A run of one of the lab's own models. */
export type ModelRunSettings = Omit<RunSettings, 'server'> & { readonly server: ServerSettings };
export type RunSettingsInput = z.input<typeof runSettingsSchema>;
