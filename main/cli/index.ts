/** The command line: models, doctor, run, serve, load. Other programs call it: with --json, stdout is one object. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { SingleBar } from 'cli-progress';
import { modelListSchema } from '../../shared/catalogue.ts';
import type { RunResult } from '../../shared/run-result.ts';
import { parseScenario, ScenarioError } from '../../shared/schemas/scenario-text.ts';
import { planScenario, type PlannedRun } from '../../shared/schemas/scenario.ts';
import { loadSettingsSchema, runSettingsSchema, serverSettingsSchema } from '../../shared/schemas/settings.ts';
import { engineCommand, scenarioFolder } from '../lab/engine-location.ts';
import { LabError, sentenceOf } from '../lab/errors.ts';
import { loadOnce } from '../lab/load.ts';
import type { Hooks } from '../lab/progress.ts';
import { runOnce } from '../lab/run.ts';
import { serveOnce } from '../lab/serve.ts';
import { examine } from './doctor.ts';
import { exitCodeOf, modelOption, numberOption, parseSettings } from './input.ts';
import { loadTable, noticeLines, runTable, serveTable } from './print.ts';

interface Flags {
  json?: boolean;
  out?: string;
  model?: string;
  protocol?: string;
  handler?: string;
  connections?: number;
  rate?: number;
  duration?: number;
  warmup?: number;
  threads?: number;
  port?: number;
  host?: string;
  exposeToNetwork?: boolean;
  responseBytes?: number;
  requestBytes?: number;
  chunks?: number;
  workUs?: number;
  waitMs?: number;
  upstream?: string;
  option?: Record<string, string | number | boolean>;
  profile?: string;
  pipeline?: number;
  pin?: boolean;
  target?: string;
  expect?: string;
  timeout?: number;
}

const ask = (command: string): unknown =>
  JSON.parse(execFileSync(engineCommand().file, [command], { encoding: 'utf8' }));

const print = (text: string): void => void process.stdout.write(text);

/** Prints for people or, with --json, for programs; --out writes the same JSON to a file, whole or not at all. */
function deliver(flags: Flags, result: unknown, text: () => string): void {
  const json = `${JSON.stringify(result, null, 2)}\n`;
  if (flags.out !== undefined) {
    try {
      writeFileSync(`${flags.out}.part`, json);
      renameSync(`${flags.out}.part`, flags.out);
    } catch (error) {
      throw new LabError('bad-input', `--out ${flags.out} cannot be written: ${sentenceOf(error)}.`);
    }
  }
  print(flags.json === true ? json : text());
}

/** Without the members that were not given, so that the schema's defaults apply. */
const given = (value: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

const serverOf = (flags: Flags): Record<string, unknown> =>
  given({
    ...{ protocol: flags.protocol, handler: flags.handler, responseBytes: flags.responseBytes },
    ...{ chunks: flags.chunks, workUs: flags.workUs, waitMs: flags.waitMs, port: flags.port },
    ...{ host: flags.host, exposeToNetwork: flags.exposeToNetwork, upstream: flags.upstream, model: flags.model },
    ...(flags.option !== undefined || flags.threads !== undefined
      ? { options: { ...flags.option, ...given({ threads: flags.threads }) } }
      : {}),
  });

function clientsOf(flags: Flags): Record<string, unknown>[] {
  if (flags.rate !== undefined) return [{ profile: 'rate', rate: flags.rate }];
  return [given({ profile: flags.profile ?? 'closed', pipeline: flags.pipeline })];
}

const timeOf = (flags: Flags): Record<string, unknown> =>
  given({ durationSeconds: flags.duration, warmupSeconds: flags.warmup, connections: flags.connections });

/** Runs of a scenario, with what the flags change; or the one run that the flags alone describe. */
function plan(name: string | undefined, flags: Flags): { title?: string; runs: PlannedRun[] } {
  if (name === undefined) {
    if (flags.model === undefined)
      throw new LabError('bad-input', 'Say what to run: a scenario, or a model with --model.');
    const server = serverOf(flags);
    const settings = { server, clients: clientsOf(flags), pin: flags.pin, ...timeOf(flags) };
    return { runs: [{ settings: parseSettings(runSettingsSchema, settings) }] };
  }
  const file = existsSync(name) ? name : join(scenarioFolder(), `${name}.yaml`);
  if (!existsSync(file)) throw new LabError('bad-input', `There is no scenario and no file "${name}".`);
  const scenario = parseScenario(readFileSync(file, 'utf8'), file);
  const planned = planScenario(flags.model === undefined ? scenario : { ...scenario, models: [flags.model as never] });
  const runs = planned.map((run) => {
    const server = { ...run.settings.server, ...serverOf(flags) };
    const clients = flags.rate !== undefined || flags.profile !== undefined ? clientsOf(flags) : run.settings.clients;
    const settings = { ...run.settings, ...timeOf(flags), server, clients, pin: flags.pin };
    return { ...run, settings: parseSettings(runSettingsSchema, settings) };
  });
  return { title: scenario.title, runs };
}

/** A progress bar on a terminal, none elsewhere. */
function bar(label: string, flags: Flags): { hooks: Pick<Hooks, 'onProgress'>; end(): void } {
  if (!process.stderr.isTTY || flags.json === true) return { hooks: {}, end: () => {} };
  const progress = new SingleBar({
    format: `${label} {bar} {value}/{total} s`,
    clearOnComplete: true,
    hideCursor: true,
  });
  let started = false;
  const onProgress: Hooks['onProgress'] = ({ elapsedSeconds, durationSeconds }) => {
    if (!started) progress.start(durationSeconds, 0);
    started = true;
    progress.update(Math.round(elapsedSeconds * 10) / 10);
  };
  return { hooks: { onProgress }, end: () => progress.stop() };
}

async function run(name: string | undefined, flags: Flags, signal: AbortSignal): Promise<void> {
  const { title, runs } = plan(name, flags);
  const results: RunResult[] = [];
  for (const { variant, settings } of runs) {
    const label = variant === undefined ? settings.server.model : `${settings.server.model}, ${variant}`;
    const progress = bar(label, flags);
    try {
      const result = await runOnce(settings, { signal, ...progress.hooks });
      results.push(variant === undefined ? result : { ...result, variant });
    } finally {
      progress.end();
    }
  }
  const all = results.length === 1 ? results[0] : { scenario: name, title, runs: results };
  const notices = results.flatMap((result) => result.notices);
  deliver(flags, all, () => `${title === undefined ? '' : `${title}\n`}${runTable(results)}\n${noticeLines(notices)}`);
}

async function serve(flags: Flags, signal: AbortSignal): Promise<void> {
  const settings = parseSettings(serverSettingsSchema, serverOf(flags));
  const result = await serveOnce(settings, {
    signal,
    durationSeconds: flags.duration,
    pin: flags.pin,
    onReady: ({ host, port }) => {
      const hint = settings.protocol === 'http' ? ` — try: curl http://${host}:${port}/` : '';
      process.stderr.write(`Serving ${settings.protocol} under ${settings.model} on ${host}:${port}${hint}\n`);
    },
  });
  deliver(flags, result, () => `${serveTable(result)}\n${noticeLines(result.notices)}`);
}

async function load(flags: Flags, signal: AbortSignal): Promise<void> {
  const settings = parseSettings(loadSettingsSchema, {
    ...given({ target: flags.target, protocol: flags.protocol, handler: flags.handler, check: flags.expect }),
    ...given({ requestBytes: flags.requestBytes, responseBytes: flags.responseBytes, timeoutMs: flags.timeout }),
    ...given({ threads: flags.threads }),
    ...timeOf(flags),
    clients: clientsOf(flags),
  });
  const progress = bar('load', flags);
  const result = await loadOnce(settings, { signal, ...progress.hooks }).finally(() => progress.end());
  deliver(flags, result, () => `${loadTable(result)}\n${noticeLines(result.notices)}`);
}

function models(flags: Flags): void {
  const list = modelListSchema.parse(ask('models'));
  deliver(flags, list, () =>
    list
      .map(
        ({ id, summary, available, reason }) =>
          `${id.padEnd(20)} ${summary}${available ? '' : ` — not here: ${reason}`}\n`,
      )
      .join(''),
  );
}

function doctor(flags: Flags): void {
  const items = examine(ask('doctor'));
  deliver(flags, items, () =>
    items
      .map(({ status, label, value, forbids, enable }) => {
        const consequence = forbids === undefined ? '' : ` (forbids ${forbids}${enable ? `; enable: ${enable}` : ''})`;
        return `${status.padEnd(8)} ${label}: ${value}${consequence}\n`;
      })
      .join(''),
  );
}

function program(signal: AbortSignal): Command {
  const top = new Command('fdscope').description('An oscilloscope for sockets.').exitOverride();
  const add = (name: string, summary: string): Command =>
    top.command(name).description(summary).option('--json', 'one JSON object on stdout, nothing else');
  const number = (command: Command, flag: string, summary: string): Command =>
    command.option(`${flag} <number>`, summary, numberOption(flag));
  const server = (command: Command): Command => {
    command.option('--protocol <name>', 'http, echo or resp').option('--handler <name>', 'echo, respond or forward');
    command.option('--host <address>', 'listen there instead of 127.0.0.1');
    command.option('--expose-to-network', 'allow a --host that other machines can reach');
    command.option('--upstream <host:port>', 'the server behind the handler forward');
    command.option('--option <name=value>', 'an option of the model, as `models --json` lists them', modelOption);
    command.option('--no-pin', 'let the system choose the cores');
    number(command, '--threads', 'threads of the model');
    number(command, '--port', 'port; 0 is any free one');
    number(command, '--chunks', 'hand each reply to the kernel in so many pieces');
    number(command, '--work-us', 'CPU work for each request, in microseconds');
    number(command, '--wait-ms', 'upstream wait for each request, in milliseconds');
    return command;
  };
  const clients = (command: Command): Command => {
    number(command, '--connections', 'connections');
    number(command, '--rate', 'requests a second, open loop');
    number(command, '--warmup', 'seconds before measuring');
    number(command, '--pipeline', 'requests under way on one connection');
    return command.option('--profile <name>', 'what the clients do: closed, idle, churn, burst, ...');
  };
  const common = (command: Command): Command => {
    number(command, '--duration', 'seconds');
    number(command, '--response-bytes', 'body of a reply');
    return command;
  };
  add('models', 'list the models and whether they are available here').action((flags: Flags) => models(flags));
  add('doctor', 'what this machine allows, and what would enable the rest').action((flags: Flags) => doctor(flags));
  common(clients(server(add('run', 'run a scenario or a single model, and measure it'))))
    .argument('[scenario]', 'name or file')
    .option('--model <id>', 'the model')
    .option('--out <file>', 'write the JSON there too')
    .action((name: string | undefined, flags: Flags) => run(name, flags, signal));
  common(server(add('serve', 'host a server for your own clients')))
    .requiredOption('--model <id>', 'the model')
    .action((flags: Flags) => serve(flags, signal));
  const loadCommand = common(clients(add('load', 'drive your own server')));
  number(number(loadCommand, '--threads', 'threads of the load engine'), '--request-bytes', 'payload of a request');
  number(loadCommand, '--timeout', 'milliseconds until a request is given up')
    .requiredOption('--target <host:port>', 'the server')
    .requiredOption('--protocol <name>', 'http, echo or resp')
    .option('--handler <name>', 'with --expect exact: what the server does, echo or respond')
    .option('--expect <kind>', 'exact (the lab’s own server) or framing')
    .action((flags: Flags) => load(flags, signal));
  // Commander's own messages are one line each; help goes to stdout as usual.
  for (const command of [top, ...top.commands]) {
    command.exitOverride().configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, '')) });
  }
  return top;
}

/** Runs one command line; resolves to the exit code. Ctrl-C ends engines in good order. */
export async function runCli(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  // Whoever read our output has gone: nothing is left to say.
  process.stdout.on('error', () => process.exit(1));
  try {
    await program(interrupt.signal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof LabError) process.stderr.write(`${error.message}\n`);
    if (error instanceof ScenarioError) process.stderr.write(`${error.message}\n`);
    const code = error instanceof ScenarioError ? 2 : exitCodeOf(error);
    if (code === 1 && !(error instanceof LabError)) process.stderr.write(`fdscope failed: ${sentenceOf(error)}\n`);
    return code;
  } finally {
    process.removeListener('SIGINT', onSignal).removeListener('SIGTERM', onSignal);
  }
}
