/**
 * What `--json` prints, by command. Programs read it: within a version keys are only ever added, and none changes its
 * meaning or goes. Objects may have further keys.
 */
import { z } from 'zod';
import { modelIds, serverIds } from '../catalogue.ts';
import { conclusionSchema } from '../expectations/conclude.ts';
import { machineNoiseSchema } from '../machine-noise.ts';
import { errorKinds } from '../telemetry/wire.ts';
import { handlers, modelOptionsSchema, protocols } from './settings.ts';

export const resultVersion = 1;

const count = (about: string): z.ZodNumber => z.number().describe(about);
const orNull = (about: string): z.ZodNullable<z.ZodNumber> =>
  z.number().nullable().describe(`${about}; null where nobody counted it, and notAvailable says why`);

const latencySchema = z.looseObject({
  p50: count('µs'),
  p90: count('µs'),
  p99: count('µs'),
  p999: count('µs, 99.9th percentile'),
  max: count('µs'),
  mean: count('µs'),
  count: count('replies, with requests that were given up or open at the end, each as at least its age'),
});

const noticeSchema = z.looseObject({
  level: z.enum(['info', 'warning', 'error']),
  code: z.string(),
  text: z.string(),
  source: z.string(),
});

const errorsSchema = z.looseObject(Object.fromEntries(errorKinds.map((kind) => [kind, z.number()])));
const userAndSystem = z.looseObject({ user: count('seconds'), system: count('seconds') });

const machineSchema = z.looseObject({
  kernel: z.string(),
  cpuModel: z.string(),
  cpus: count('CPUs that the lab may use'),
  serverCpus: z.string().describe('that the server was pinned to; empty where it was not'),
  clientCpus: z.string().describe('that the clients were pinned to; empty where they were not'),
});

const intervalFields = {
  durationSeconds: count('length of the measured interval'),
  notices: z.array(noticeSchema),
  machine: machineSchema,
};

const binSchema = z.looseObject({
  fromUs: count('µs, exclusive'),
  toUs: count('µs, inclusive'),
  count: count('replies'),
});

const clientFields = {
  connections: count('connections of the clients'),
  requests: count('replies that the clients received whole and checked'),
  requestsPerSecond: count('requests divided by the interval'),
  requestsSent: count('requests that left'),
  errors: errorsSchema.describe('as the clients met them'),
  latency: z.looseObject({
    corrected: latencySchema.describe('from the moment a request was meant to be sent'),
    uncorrected: latencySchema.describe('from the moment it was sent'),
  }),
  replies: z.record(z.string(), z.number()).describe('replies by what they said'),
  clientCpuShare: count('CPU time of the clients over interval and threads; near 1 they are the limit'),
  histogram: z.array(binSchema).optional().describe('with --histogram: latencies, corrected'),
};

const placeSchema = z.looseObject({
  name: z.string(),
  role: z.enum(['server', 'clients']),
  clock: z
    .looseObject({ offsetNs: z.number(), boundNs: z.number() })
    .describe('to be added to the clock of the lab, within the bound'),
  connections: count('of its clients').optional(),
  requests: count('replies that its clients received whole and checked').optional(),
  whole: z
    .looseObject({ requests: z.number(), requestsSent: z.number() })
    .optional()
    .describe('from the first connection to the end, warm-up included'),
  lost: z.looseObject({ atSeconds: z.number(), why: z.string() }).optional(),
});
const placesField = z.array(placeSchema).optional().describe('where server and clients were, where not here alone');

const kernelFields = {
  cpuMicrosPerRequest: orNull('µs of CPU time of the server'),
  switchesPerRequest: orNull('context switches of the server'),
  contextSwitches: z.looseObject({ voluntary: z.number(), involuntary: z.number() }),
  cpuSeconds: userAndSystem,
  maxRssBytes: count('highest resident memory of the server'),
  peakThreads: count('most threads of the server, telemetry and supervision included'),
  peakFds: count('most open descriptors'),
  threads: z.array(z.looseObject({ name: z.string(), threads: z.number() })),
  pid: z.number(),
  options: modelOptionsSchema,
};

const insideFields = {
  syscalls: z
    .record(z.string(), z.number())
    .nullable()
    .describe('system calls by name; null where nobody counted them'),
  syscallsPerRequest: orNull('system calls divided by requests'),
  eagain: orNull('calls that were answered EAGAIN'),
  wakeups: orNull('waits that returned with something'),
  readyEvents: orNull('ready events that waits returned'),
  accepts: orNull('connections accepted'),
  closes: orNull('connections closed'),
  coroutineSwitches: orNull('switches between coroutines'),
  peakConnections: orNull('most connections held'),
};

const runSchema = z
  .looseObject({
    model: z.enum(serverIds),
    label: z.string().optional(),
    variant: z.string().optional(),
    protocol: z.enum(protocols),
    handler: z.enum(handlers),
    ...intervalFields,
    ...clientFields,
    ...kernelFields,
    ...insideFields,
    bytesIn: orNull('bytes that the server received'),
    bytesOut: orNull('bytes that the server sent'),
    serverRequests: orNull('replies by the count of the server'),
    serverErrors: errorsSchema.nullable(),
    noise: machineNoiseSchema
      .optional()
      .describe('what other programs, other machines of the host and a quota took meanwhile'),
    places: placesField,
    idleRssBytes: orNull('resident memory of the server before anybody connected'),
    notAvailable: z.record(z.string(), z.string()).optional().describe('each figure that is null, and why'),
  })
  .describe('requests, errors and latency from the clients, all else from the server');

const serveRunSchema = z.looseObject({
  model: z.enum(modelIds),
  protocol: z.enum(protocols),
  handler: z.enum(handlers),
  host: z.string(),
  port: z.number(),
  ...intervalFields,
  ...kernelFields,
  ...insideFields,
  requests: orNull('replies that the server sent whole'),
  requestsPerSecond: orNull('requests divided by the interval'),
  bytesIn: orNull('bytes received'),
  bytesOut: orNull('bytes sent'),
  errors: errorsSchema.nullable(),
});

const loadRunSchema = z.looseObject({
  target: z.string().describe('as it was given'),
  protocol: z.enum(protocols),
  ...intervalFields,
  ...clientFields,
  bytesIn: count('bytes that the clients received'),
  bytesOut: count('bytes that the clients sent'),
  cpuSeconds: userAndSystem,
  places: placesField,
  tls: z
    .looseObject({
      version: z.string(),
      cipher: z.string(),
      protocol: z.string().describe('what ALPN chose; empty for nothing'),
      verified: z.boolean().describe('whether certificates were checked'),
      handshakes: count('handshakes that succeeded, none resumed, those before the interval included'),
      failed: count('handshakes that did not'),
      cpuMicrosEach: count('µs of CPU time of the clients for each handshake'),
      times: latencySchema.omit({ count: true }).describe('from the open connection to the end of the handshake'),
    })
    .optional()
    .describe('of https'),
  connectedTo: z.string().optional().describe('HOST:PORT that was connected to, with --connect-to'),
  requestLimit: z
    .looseObject({ requests: count('asked for'), asked: count('sent or due, answered or not') })
    .optional()
    .describe('with --requests'),
});

const estimateSchema = z.looseObject({
  median: z.number(),
  low: z.number(),
  high: z.number(),
  coverage: count('how often such an interval holds the true median, 0 to 1'),
  count: count('runs'),
});
const figuresSchema = z.record(z.string(), estimateSchema.nullable());
const places = z.array(z.number().int().nullable()).describe('places in the list runs; null where one was not made');
const notRunSchema = z.array(z.looseObject({ sentence: z.string() })).describe('runs that could not be made, and why');

const madeSchema = z
  .looseObject({ startedAt: z.string().describe('ISO 8601'), fdscope: z.string().describe('its version') })
  .optional()
  .describe('when the series was begun, and by what');

const version = z.literal(resultVersion).describe('keys are only ever added within a version');
const result = <Shape extends z.ZodRawShape>(shape: Shape) => z.looseObject({ version, ...shape });

/** By command. */
export const resultSchemas = {
  run: result({
    scenario: z.string().optional(),
    title: z.string().optional(),
    runs: z.array(runSchema),
    notRun: notRunSchema,
    conclusion: conclusionSchema.optional(),
    recording: z.looseObject({ path: z.string() }).optional(),
  }),
  load: result({ runs: z.array(loadRunSchema).length(1) }),
  serve: result({ runs: z.array(serveRunSchema).length(1) }),
  compare: result({
    runs: z.array(runSchema),
    entries: z.array(z.looseObject({ label: z.string(), runs: places, figures: figuresSchema })),
    differences: z.array(
      z.looseObject({ label: z.string(), against: z.string(), verdict: z.string(), sentence: z.string() }),
    ),
    notRun: notRunSchema,
    made: madeSchema,
    seed: z.number(),
    repeats: z.number(),
    isCancelled: z.boolean(),
  }),
  'compare of sessions': result({
    files: z.array(z.looseObject({ file: z.string() })).length(2),
    differences: z.array(z.looseObject({ measure: z.string(), unit: z.string() })),
    caveats: z.array(z.string()),
  }),
  sweep: result({
    runs: z.array(runSchema),
    made: madeSchema,
    axis: z.string(),
    unit: z.string(),
    points: z.array(
      z.looseObject({
        value: z.number(),
        label: z.string(),
        status: z.enum(['done', 'refused', 'failed', 'not-run']),
        figures: figuresSchema.nullable(),
        runs: places,
      }),
    ),
    isCancelled: z.boolean(),
  }),
  places: result({
    file: z.string().nullable().describe('places.yaml; null where there is none'),
    places: z.array(z.looseObject({ name: z.string(), isReached: z.boolean(), sentence: z.string().optional() })),
  }),
  models: result({ models: z.array(z.looseObject({ id: z.string(), available: z.boolean() })) }),
  doctor: result({
    items: z.array(
      z.looseObject({
        id: z.string(),
        label: z.string(),
        value: z.string(),
        status: z.enum(['ok', 'limited', 'missing']),
        meaning: z.string().describe('what it means here'),
        forbids: z.string().optional(),
        enable: z.string().optional(),
      }),
    ),
  }),
  sessions: result({ folder: z.string(), sessions: z.array(z.looseObject({ file: z.string() })) }),
  info: result({ card: z.looseObject({ name: z.string() }), overview: z.looseObject({}) }),
  export: result({
    path: z.string(),
    files: z.array(z.looseObject({ name: z.string(), bytes: z.number() })),
    notices: z.array(z.string()),
  }),
  'switch-cost': result({
    rounds: z.number(),
    switches: z.array(z.looseObject({ id: z.string(), available: z.boolean() })),
  }),
  walk: result({ walk: z.string(), title: z.string(), steps: z.array(z.looseObject({ index: z.number() })) }),
  walks: result({ walks: z.array(z.looseObject({ name: z.string() })) }),
} as const;

/** One JSON Schema for all: the result of a command is as its definition says. */
export function resultsJsonSchema(): Record<string, unknown> {
  const entries = Object.entries(resultSchemas);
  const definitions = entries.map(([command, schema]) => {
    const { $schema: _draft, ...own } = z.toJSONSchema(schema, { io: 'output', target: 'draft-07' });
    return [command.replaceAll(' ', '-'), { title: `fdscope ${command} --json`, ...own }] as const;
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'What fdscope prints with --json',
    anyOf: definitions.map(([name]) => ({ $ref: `#/definitions/${name}` })),
    definitions: Object.fromEntries(definitions),
  };
}
