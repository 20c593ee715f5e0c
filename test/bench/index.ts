/**
 * `npm run bench [-- --help]`
 *
 * Server on one core, client on another. CPU, switches and system calls per request and paired ratios are the result;
 * requests per second are shown and prove little on shared machines. Ends everything that it started. The exit code is
 * 1 where an aim is missed.
 */
import { release } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { describeMachine } from '../../main/lab/machine.ts';
import { modelIds } from '../../shared/catalogue.ts';
import { root } from '../support/engines.ts';
import { aims, type Aim } from './aims.ts';
import { type Client, endClients, hasWrk, loadClient, wrkClient } from './clients.ts';
import { levelAims } from './levels.ts';
import { benchOptions } from './options.ts';
import { comparePair, type Figure, measure, median, type Pair, type Spread } from './pairs.ts';
import { endServers, engineSubject, libuvSubject, nginxSubject, type Subject, traceSyscalls } from './subjects.ts';

const about = `What the models, the load engine and the telemetry cost, against servers and clients that others wrote.
"npm run bench -- drawing", "sessions", "exports", "sockets" and "startup" have options of their own.`;
const {
  rounds: count,
  seconds,
  ...values
} = benchOptions('', about, {
  rounds: ['pairs of each comparison', 8],
  seconds: ['of each stretch that is measured', 1],
  connections: ['of the clients', 50],
  models: ['those to measure', modelIds.join(',')],
  only: ['one part alone', 'all', ['all', 'models', 'aims', 'levels']],
});
const { cpus, serverCpus, clientCpus, cpuModel } = describeMachine(true);
/** The first of a list of CPUs; a machine with one CPU pins nothing, and everything runs there. */
const firstCpu = (list: string): string => /\d+/.exec(list)?.[0] ?? '0';
const serverCpu = firstCpu(serverCpus);
const clientCpu = firstCpu(clientCpus);
const settings = { connections: values.connections, cpu: clientCpu };

const onProgress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
};
const two = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(2));
const spread = (r: Spread): string => `${two(r.median)} (${two(r.min)}–${two(r.max)})`;
const tableOf = (head: string[]): Table.Table => new Table({ head, style: { head: [], border: [] } });

/** Those that are here; the others are named with the reason. */
const available = (subjects: readonly Subject[]): Subject[] =>
  subjects.filter((subject) => {
    const reason = subject.missing();
    if (reason !== undefined) console.log(`left out: ${subject.name}: ${reason}`);
    return reason === undefined;
  });

async function tracedPerRequest(subject: Subject, client: Client): Promise<number | undefined> {
  const server = await subject.start(serverCpu);
  try {
    return await traceSyscalls(server.pid, () => client(server.port, 1));
  } finally {
    await server.stop();
  }
}

/** Every model once or more, beside two well-known servers. */
async function modelTable(client: Client): Promise<void> {
  const ours = values.models.split(',').map((model) => engineSubject(model, 'http'));
  const subjects = available([...ours, nginxSubject, libuvSubject()]);
  const figures = new Map<string, Figure[]>(subjects.map(({ name }) => [name, []]));
  const rounds = Math.max(1, Math.floor(count / 4));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      onProgress(`models, round ${round + 1} of ${rounds}: ${subject.name}`);
      figures.get(subject.name)?.push(await measure(subject, client, serverCpu, seconds));
    }
  }
  const table = tableOf(['server', 'CPU µs/req', 'syscalls/req', 'switches/req', 'client µs/req', 'req/s']);
  for (const subject of subjects) {
    const list = figures.get(subject.name) ?? [];
    const middle = (of: (figure: Figure) => number): number => median(list.map(of));
    const counted = list.flatMap((figure) => figure.syscallsPerRequest ?? []);
    const calls = counted.length > 0 ? median(counted) : await tracedPerRequest(subject, client);
    table.push([
      subject.name,
      two(middle((f) => f.cpuMicrosPerRequest)),
      `${two(calls)}${counted.length === 0 && calls !== undefined ? ' (strace)' : ''}`,
      two(middle((f) => f.switchesPerRequest)),
      two(middle((f) => f.clientCpuMicrosPerRequest)),
      String(Math.round(middle((f) => f.requestsPerSecond))),
    ]);
  }
  onProgress('');
  console.log(`\nhttp, 128-byte replies, ${settings.connections} connections, medians of ${rounds} rounds`);
  console.log(table.toString());
}

async function aimTable(list: readonly Aim[]): Promise<boolean> {
  const table = tableOf(['aim', 'CPU ratio, median (range)', 'throughput ratio', 'aim', '']);
  let isMissed = false;
  const row = ({ title, of, limit, sides }: Aim, pair: Pair): string[] => {
    const ratio = pair.ratio(of);
    const isHeld = limit === undefined || ratio.median <= limit;
    isMissed ||= !isHeld;
    const middle = (figures: readonly Figure[]): string => two(median(figures.map(of)));
    const costs = `${sides[0].name} ${middle(pair.a)} µs, ${sides[1].name} ${middle(pair.b)} µs`;
    const throughput = spread(pair.ratio((figure) => figure.requestsPerSecond));
    const verdict = limit === undefined ? '' : isHeld ? 'held' : 'MISSED';
    return [`${title}\n${costs}`, spread(ratio), throughput, limit === undefined ? '' : `≤ ${limit}`, verdict];
  };
  for (const aim of list) {
    const reason = aim.sides.map(({ subject }) => subject.missing()).find((missing) => missing !== undefined);
    const isOurs = aim.sides.some(({ name }) => name === 'wrk') && !hasWrk();
    if (reason !== undefined || isOurs) {
      console.log(`left out: ${aim.title}: ${reason ?? 'wrk is not installed'}`);
      continue;
    }
    onProgress(aim.title);
    table.push(row(aim, await comparePair(aim.sides, { cpu: serverCpu, count, seconds })));
  }
  onProgress('');
  console.log(`\n${count} pairs of ${seconds} s each, in turns; ratios are of neighbours`);
  console.log(table.toString());
  return isMissed;
}

async function main(): Promise<void> {
  console.log(`${cpus} CPUs, ${cpuModel}, Linux ${release()}; server on CPU ${serverCpu}, client on CPU ${clientCpu}`);
  if (!hasWrk()) console.log('wrk is not installed: the lab’s own load engine is the client.');
  if (cpus < 2) console.log('Only one core: server and client share it, so no figure here says much.');
  const client = hasWrk() ? wrkClient(settings) : loadClient('http', settings);
  const isAsked = (part: string): boolean => values.only === 'all' || values.only === part;
  if (isAsked('models')) await modelTable(client);
  const asked = [
    ...(isAsked('aims') ? aims(settings, join(root, 'build/engine/bare/fdscope-engine')) : []),
    ...(isAsked('levels') ? levelAims(settings) : []),
  ];
  if (asked.length > 0 && (await aimTable(asked))) process.exitCode = 1;
}

// Interrupted: nothing that was started may stay.
process.once('SIGINT', () => {
  endClients();
  void endServers().finally(() => process.exit(130));
});
try {
  await main();
} finally {
  await endServers();
}
