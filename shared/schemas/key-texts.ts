/** What each key of a scenario means: description, unit and example, for the JSON Schema that editors read. */

export interface KeyText {
  readonly text: string;
  readonly unit?: string;
  readonly example: unknown;
}

/** By the key, or by the last two keys of its path where one means several things. */
export const keyTexts: Readonly<Record<string, KeyText>> = {
  version: { text: 'Version of the format.', example: 1 },
  title: { text: 'Name of the scenario.', example: 'Head of line' },
  question: {
    text: 'What the reader should be able to answer afterwards.',
    example: 'What does one slow client do to all the others?',
  },
  watch: {
    text: 'Where to look, a paragraph each. A first draft needs none.',
    example: ['Compare the p99 of the two models.'],
  },
  explain: {
    text: 'What it means, a paragraph each; told when the runs are over.',
    example: ['While the server waits for the slow client, all others wait behind it.'],
  },
  next: { text: 'What to try next, a sentence each.', example: ['Add a second slow client.'] },
  lesson: { text: 'Name of the lesson that it belongs to.', example: 'idle-thousands' },
  chapter: { text: 'Section of the launch page.', example: 'blocking' },
  server: { text: 'The server, but for its model.', example: { responseBytes: 1024 } },
  protocol: { text: 'What server and clients speak.', example: 'http' },
  handler: {
    text: 'What the server answers: a body of its own (respond), what it was sent (echo), or what a server behind it says (forward).',
    example: 'respond',
  },
  responseBytes: { text: 'Body of a reply of the handler respond.', unit: 'bytes', example: 1024 },
  chunks: { text: 'A reply is handed to the kernel in so many pieces.', unit: 'pieces', example: 4 },
  workUs: { text: 'CPU work for each request.', unit: 'µs', example: 50 },
  waitMs: { text: 'Pause for each request, as if something upstream were slow.', unit: 'ms', example: 20 },
  forgetsToClose: {
    text: 'Connections that their clients have closed are never closed by the server.',
    example: true,
  },
  port: { text: 'Port of 127.0.0.1; 0 is any free one.', example: 8080 },
  noDelay: {
    text: 'TCP_NODELAY, which the lab sets unless this is false: then Nagle’s algorithm holds short writes back.',
    example: false,
  },
  sendBufferBytes: {
    text: 'SO_SNDBUF; without it the kernel grows the buffer by itself. It doubles what it is given.',
    unit: 'bytes',
    example: 65536,
  },
  receiveBufferBytes: {
    text: 'SO_RCVBUF; without it the kernel grows the buffer by itself. It doubles what it is given.',
    unit: 'bytes',
    example: 65536,
  },
  deferAcceptSeconds: {
    text: 'TCP_DEFER_ACCEPT: clients are accepted when their first bytes have come, or after so long.',
    unit: 's',
    example: 5,
  },
  durationSeconds: { text: 'Length of the measured interval.', unit: 's', example: 3 },
  warmupSeconds: { text: 'Goes before the measured interval.', unit: 's', example: 0.3 },
  connections: {
    text: 'Connections, which the clients without connections of their own share by weight.',
    unit: 'connections',
    example: 50,
  },
  'clients.connections': { text: 'Connections of this profile.', unit: 'connections', example: 10 },
  clients: { text: 'Who asks: one entry for each profile.', example: [{ profile: 'closed' }] },
  profile: { text: 'What these clients do.', example: 'closed' },
  weight: { text: 'Share of the connections, beside the other clients.', example: 2 },
  startMs: { text: 'Waits so long before its first connection.', unit: 'ms', example: 200 },
  rampMs: { text: 'Opens its connections evenly over so long.', unit: 'ms', example: 1000 },
  thinkMs: { text: 'Pause between a reply and the next request.', unit: 'ms', example: 10 },
  pipeline: { text: 'Requests under way on one connection.', unit: 'requests', example: 4 },
  rate: {
    text: 'Requests a second of all connections of this profile together, whether or not replies come.',
    unit: 'requests/s',
    example: 1000,
  },
  arrival: { text: 'Equal gaps between requests, or random ones of the same mean.', example: 'poisson' },
  chunkBytes: { text: 'Size of the pieces in which a slow client sends or takes.', unit: 'bytes', example: 1 },
  intervalMs: { text: 'Between two pieces, two bursts or two resets.', unit: 'ms', example: 50 },
  load: { text: 'What the load engine is told beside its clients.', example: { timeoutMs: 1000 } },
  'load.threads': { text: 'Threads of the clients.', unit: 'threads', example: 2 },
  timeoutMs: { text: 'A client gives up after so long.', unit: 'ms', example: 1000 },
  requestBytes: {
    text: 'Payload of a request; 32 for echo and none for http unless given.',
    unit: 'bytes',
    example: 512,
  },
  path: { text: 'Request target of http.', example: '/index.html' },
  sourceAddresses: {
    text: 'Clients connect from so many addresses of 127.0.0.0/8: each has its own 28,000 ports.',
    unit: 'addresses',
    example: 20,
  },
  upstream: { text: 'The server behind the handler forward.', example: { waitMs: 20 } },
  models: { text: 'What is run, one after another.', example: ['epoll-lt', { model: 'poll', label: 'old' }] },
  model: { text: 'A model by its id, as `fdscope models` lists them.', example: 'epoll-lt' },
  options: { text: 'Options of the model; see `x-models` for each.', example: { poolSize: 16 } },
  label: { text: 'What expectations and tables call it.', example: 'short-queue' },
  command: { text: 'Starts a server of your own, through the shell.', example: './server 8080' },
  pid: { text: 'A server of your own that runs already.', example: 4711 },
  predict: {
    text: 'What the reader is asked before the run.',
    example: { ask: 'Who is faster?', choices: [] },
  },
  ask: { text: 'The question.', example: 'How long does the unluckiest client wait?' },
  choices: {
    text: 'Answers; exactly one of them should be right on any machine.',
    example: [{ text: 'About a second.', when: 'maxLatency(epoll-lt) >= 900000' }],
  },
  text: { text: 'The answer.', example: 'About a second or more.' },
  when: { text: 'True where this answer is right: an expression.', example: 'p99(poll) > 2 * p99(epoll-lt)' },
  expectations: {
    text: 'Sentences that the runs bear out or not.',
    example: [{ expect: 'p99(poll, "9,000 idle") > 2 * p99(epoll-lt, "9,000 idle")' }],
  },
  expect: {
    text: 'An expression over figures: metric(model), metric(model, "variant"), metric(model, profile). See `x-metrics`.',
    example: 'p99(blocking-iterative, churn) > 10 * p99(epoll-lt, churn)',
  },
  because: { text: 'Why it should hold. A first draft needs none.', example: 'poll looks at every entry of its list.' },
  otherwise: {
    text: 'What it may mean where it does not hold. A first draft needs none.',
    example: 'The machine was busy; run it again.',
  },
  phases: { text: 'What changes while it runs.', example: [{ at: 1, waitMs: 300, for: 0.3 }] },
  at: { text: 'Since the measured interval began.', unit: 's', example: 1 },
  for: { text: 'Then what was before comes back; without it, it stays.', unit: 's', example: 0.3 },
  switch: { text: 'Another model takes over the open connections.', example: 'epoll-et' },
  ramp: { text: 'Until there are as many connections: they come, or go, evenly.', unit: 's', example: 2 },
  paused: { text: 'Clients stop asking, or go on.', example: true },
  killWorker: { text: 'One process of blocking-fork ends by SIGKILL.', example: true },
  repeats: { text: 'Every run is made so often, in turn; figures are medians.', unit: 'runs', example: 3 },
  variants: {
    text: 'The whole is run once for each, for every model.',
    example: [{ label: 'kept' }, { label: 'new for each', clients: [{ profile: 'churn' }] }],
  },
  sweep: { text: 'In place of variants: one thing varied.', example: { over: 'clients', values: [10, 100] } },
  over: { text: 'What is varied.', example: 'clients' },
  values: { text: 'Each is a variant: "clients=100".', example: [10, 100, 1000] },
};
