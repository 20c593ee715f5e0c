/** Options that several commands share, and the flags that they become. */
import { Option, type Command } from 'commander';
import { csvFormulas, type CsvFormulas } from '../../shared/csv.ts';
import { modelIds, externalId } from '../../shared/catalogue.ts';
import { clientProfiles, handlers, protocols } from '../../shared/schemas/settings.ts';
import type { Quantity } from '../../shared/quantities.ts';
import { modelOption } from './input.ts';
import { addSpelled, addValue } from './spellings.ts';

export interface OutputFlags {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly markdown?: boolean;
  readonly csvFormulas?: CsvFormulas;
  readonly out?: string;
}

export interface ServerFlags {
  readonly model?: string;
  readonly protocol?: string;
  readonly handler?: string;
  readonly host?: string;
  readonly exposeToNetwork?: boolean;
  readonly upstream?: string;
  readonly allowRemoteUpstream?: boolean;
  readonly option?: Readonly<Record<string, string>>;
  readonly threads?: number;
  readonly port?: number;
  readonly command?: string;
  readonly pid?: number;
  readonly allowCommands?: boolean;
  readonly responseBytes?: number;
  readonly chunks?: number;
  readonly workUs?: number;
  readonly waitMs?: number;
  readonly forgetsToClose?: boolean;
  readonly nagle?: boolean;
  readonly sendBuffer?: number;
  readonly receiveBuffer?: number;
  readonly deferAccept?: number;
}

export interface ClientFlags {
  readonly connections?: number;
  readonly rate?: number;
  readonly profile?: string;
  readonly pipeline?: number;
  readonly duration?: number;
  readonly warmup?: number;
}

/** `flags` may be several, such as '-c, --clients, --connections'; the last gives the name. */
export const addNumber = (command: Command, flags: string, summary: string, quantity: Quantity = 'count'): Command =>
  addValue(command, flags, quantity, summary);

export const addJson = (command: Command): Command =>
  command.option('--json', 'one JSON object on stdout, nothing else');

const formulas = 'texts that a spreadsheet would run as formulas: escape (an apostrophe before them) or keep';

/** `where` it applies, for the help. */
export const addCsvFormulas = (command: Command, where: string): Command =>
  command.addOption(
    new Option('--csv-formulas <what>', `${where}: ${formulas}; escape where it is not given`).choices(csvFormulas),
  );

export const addCsv = (command: Command): Command =>
  addCsvFormulas(command.option('--csv', 'comma-separated values on stdout, a figure a line'), 'with --csv');

export const addMarkdown = (command: Command): Command =>
  command.option('--markdown', 'the tables as Markdown on stdout, for issues and posts');

export const addHistogram = (command: Command): Command =>
  command.option('--histogram', 'how the latencies are spread, in results of every form but CSV');

export const addOut = (command: Command): Command => command.option('-o, --out <file>', 'write the JSON to a file too');

export const addReport = (command: Command): Command =>
  command.option(
    '--report <file>',
    'write a report with charts and every run too: one HTML file, for screen and paper',
  );

/** As `fdscope models` lists them. */
export const addModel = (command: Command, summary: string, isMandatory = false): Command =>
  addSpelled(command, '-m, --model', '<id>', summary, { suggests: [...modelIds, externalId], isMandatory });

export function addServer(command: Command): Command {
  addSpelled(command, '-P, --protocol', '<name>', 'http, echo or resp', { suggests: protocols });
  addSpelled(command, '--handler', '<name>', 'echo, respond or forward', { suggests: handlers });
  command.option('--option <name=value>', 'an option of the model, as `fdscope models` lists them', modelOption);
  addNumber(command, '-t, --threads', 'threads of the model, where it has more than one');
  command.option('--host <address>', 'listen there instead of on 127.0.0.1');
  command.option('--expose-to-network', 'allow a --host that other machines can reach');
  addNumber(command, '-p, --port', 'port; 0, the default, is any free one');
  command.option('--upstream <host:port>', 'the server behind the handler forward');
  command.option('--allow-remote-upstream', 'allow an --upstream on another machine');
  addNumber(command, '--response-bytes', 'body of a reply', 'bytes');
  addNumber(command, '--chunks', 'hand each reply to the kernel in so many pieces');
  addNumber(
    command,
    '--work, --work-us',
    'CPU work for each request, in microseconds where no unit is given',
    'microseconds',
  );
  addNumber(
    command,
    '--wait, --wait-ms',
    'upstream wait for each request, in milliseconds where no unit is given',
    'milliseconds',
  );
  command.option('--forgets-to-close', 'never close a connection that its client has closed: it stays in CLOSE_WAIT');
  command.option('--nagle', "leave Nagle's algorithm on (no TCP_NODELAY) in the server's sockets");
  addNumber(command, '--send-buffer', "SO_SNDBUF of the server's sockets", 'bytes');
  addNumber(command, '--receive-buffer', "SO_RCVBUF of the server's sockets", 'bytes');
  addNumber(
    command,
    '--defer-accept',
    'TCP_DEFER_ACCEPT: accept when the first bytes have come, or after so long',
    'seconds',
  );
  return command.option('--no-pin', 'let the system choose the cores');
}

/** What `--model external` needs beside --port. */
export function addExternal(command: Command): Command {
  command.option('--command <line>', 'with --model external: starts your server, which listens on --port');
  command.option('--allow-commands', 'let a scenario start the programs that it names');
  return addNumber(command, '--pid', 'with --model external: your server, which runs already');
}

export function addClients(command: Command): Command {
  addNumber(command, '-c, --clients, --connections', 'connections');
  addNumber(command, '-R, --rate', 'requests a second, open loop, whether or not replies come', 'rate');
  addSpelled(command, '--profile', '<name>', `what all clients do: ${clientProfiles.join(', ')}`, {
    suggests: clientProfiles,
  });
  addNumber(command, '--pipeline', 'requests under way on one connection');
  addNumber(command, '-d, --seconds, --duration', 'how long to measure', 'seconds');
  return addNumber(command, '-w, --warmup', 'how long to wait before measuring', 'seconds');
}
