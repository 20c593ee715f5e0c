/**
 * `npm run bench [-- --rounds N --seconds S --models a,b --only models|redis|clients|telemetry]`
 *
 * Server on one core, client on another. CPU, switches and system calls per request and paired ratios are the result;
 * requests per second are shown and prove little on shared machines. Ends everything that it started.
 */
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { driveWithLoadEngine, driveWithWrk, hasWrk } from './clients.ts';
import { type Client, type Figure, median, ratios, rounds } from './pairs.ts';
import { type Subject, endAll, engineSubject, libuvSubject, nginxSubject, redisSubject } from './subjects.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '50' },
    models: {
      type: 'string',
      default: 'epoll-lt,epoll-et,poll,select,io_uring,coroutine-stackful,coroutine-stackless,blocking-threads,node',
    },
    only: { type: 'string' },
  },
});
const count = Number(values.rounds);
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const cpus = availableParallelism();
const serverCpu = '0';
const clientCpu = cpus > 1 ? '1' : '0';
const release = resolve('build/engine/release/fdscope-engine');
const bare = resolve('build/engine/bare/fdscope-engine');
mkdirSync('build/bench', { recursive: true });

const onProgress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
};
const wanted = (part: string): boolean => values.only === undefined || values.only === part;
const available = (subjects: Subject[]): Subject[] =>
  subjects.filter((subject) => {
    const reason = subject.missing();
    if (reason) console.log(`left out: ${subject.name}: ${reason}`);
    return reason === undefined;
  });

const wrk: Client = (port, time) => driveWithWrk({ port, connections, seconds: time, cpu: clientCpu });
const ours =
  (protocol: 'http' | 'resp'): Client =>
  (port, time) =>
    driveWithLoadEngine(release, protocol, { port, connections, seconds: time, cpu: clientCpu });

const two = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(2));
const spread = (r: { min: number; median: number; max: number }): string =>
  `${two(r.median)} (${two(r.min)}–${two(r.max)})`;

/** One table: medians of each subject, and its CPU per request against the first ones named as references. */
function print(title: string, figures: Map<string, Figure[]>, references: string[]): void {
  console.log(`\n${title}`);
  const present = references.filter((name) => figures.has(name));
  const head = ['server', 'CPU µs/req', 'syscalls/req', 'switches/req', 'client µs/req', 'req/s'];
  const table = new Table({ head: [...head, ...present.map((name) => `CPU ÷ ${name}`)], style: { head: [] } });
  for (const [name, list] of figures) {
    const middle = (of: (figure: Figure) => number): number => median(list.map(of));
    const syscalls = list.flatMap((figure) => figure.syscallsPerRequest ?? []);
    table.push([
      name,
      two(middle((f) => f.cpuMicrosPerRequest)),
      two(syscalls.length > 0 ? median(syscalls) : undefined),
      two(middle((f) => f.switchesPerRequest)),
      two(middle((f) => f.clientCpuMicrosPerRequest)),
      Math.round(middle((f) => f.requestsPerSecond)).toString(),
      ...present.map((other) => spread(ratios(list, figures.get(other) ?? [], (f) => f.cpuMicrosPerRequest))),
    ]);
  }
  console.log(table.toString());
}

async function main(): Promise<void> {
  const options = { count, seconds, onProgress };
  const client = hasWrk() ? wrk : ours('http');
  if (!hasWrk()) console.log('wrk is not installed: the lab’s own load engine is the client.');
  if (cpus < 2) console.log('Only one core: server and client share it, so no figure here says much.');

  if (wanted('models')) {
    const models = values.models.split(',');
    const subjects = available([
      ...models.map((model) => engineSubject(release, model, 'http')),
      nginxSubject,
      libuvSubject('test/bench/libuv-responder.c', 'build/bench'),
    ]);
    const figures = await rounds(subjects, client, serverCpu, options);
    print(`http, 128-byte replies, ${connections} connections`, figures, ['epoll-lt', 'nginx', 'libuv responder']);
  }
  if (wanted('redis')) {
    const subjects = available([engineSubject(release, 'epoll-lt', 'resp'), redisSubject]);
    print('resp PING', await rounds(subjects, ours('resp'), serverCpu, options), ['epoll-lt', 'redis-server']);
  }
  if (wanted('clients') && hasWrk()) {
    const subject = engineSubject(release, 'epoll-lt', 'http');
    const collected = new Map<string, Figure[]>([
      ['wrk', []],
      ['fdscope load', []],
    ]);
    for (let round = 0; round < count; round++) {
      for (const [name, drive] of [['wrk', wrk] as const, ['fdscope load', ours('http')] as const]) {
        const one = await rounds([subject], drive, serverCpu, { ...options, count: 1 });
        collected.get(name)?.push(...(one.get(subject.name) ?? []));
      }
    }
    print('the same epoll-lt server under two clients (compare "client µs/req")', collected, []);
    const cost = (f: Figure): number => f.clientCpuMicrosPerRequest;
    console.log(
      `client CPU, fdscope load ÷ wrk: ${spread(ratios(collected.get('fdscope load') ?? [], collected.get('wrk') ?? [], cost))}`,
    );
  }
  if (wanted('telemetry')) {
    const subjects = available([
      engineSubject(release, 'epoll-lt', 'http', 'epoll-lt, counters'),
      engineSubject(bare, 'epoll-lt', 'http', 'epoll-lt, no telemetry'),
    ]);
    const figures = await rounds(subjects, client, serverCpu, { ...options, count: count * 2 });
    print('what telemetry at `counters` costs', figures, ['epoll-lt, no telemetry']);
  }
}

// Interrupted: nothing that was started may stay.
process.once('SIGINT', () => void endAll().finally(() => process.exit(130)));
try {
  await main();
} finally {
  await endAll();
}
