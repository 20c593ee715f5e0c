/** Entry of the node model: a server on Node's own `net`, in its own process, with the engine's command line. */
import { execFileSync } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { frameIntervalMs, frameKinds, wireVersion } from '../../../shared/telemetry/wire.ts';
import { listenForCommands } from './commands.ts';
import { Connection } from './connection.ts';
import { Counters } from './counters.ts';
import { patternBytes } from './protocol.ts';
import { BadInput, readSettings, type Settings } from './settings.ts';
import { notices, nowNs, Telemetry } from './telemetry.ts';
import { calibrateCpu } from './work.ts';

/** Node cannot set affinity; taskset does it for all threads of this process. Throws BadInput. */
function pinTo(cpus: string): void {
  if (cpus === '') return;
  try {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cpus, String(process.pid)], { stdio: 'pipe' });
  } catch {
    throw new BadInput(`taskset could not pin this process to the CPUs "${cpus}".`);
  }
}

function listen(server: Server, settings: Settings): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: settings.host, port: settings.port, backlog: settings.backlog }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function sentenceOf(error: NodeJS.ErrnoException, { host, port }: Settings): { code: number; sentence: string } {
  const where = `${host} port ${port}`;
  if (error.code === 'EADDRINUSE') {
    const hint = 'choose another port or stop the program that has it';
    return { code: 2, sentence: `Someone listens on ${where} already; ${hint}.` };
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EACCES' || error.code === 'EINVAL') {
    return { code: 2, sentence: `Cannot listen on ${where}: ${error.message}.` };
  }
  return { code: 1, sentence: `The server could not start: ${error.message}.` };
}

async function serve(settings: Settings): Promise<void> {
  pinTo(settings.cpus);
  if (settings.handler.workUs > 0) calibrateCpu();
  if (settings.handler.kind === 'respond') patternBytes(settings.handler.responseBytes);

  const counters = new Counters();
  const open = new Set<Connection>();
  const server = createServer({ allowHalfOpen: true, noDelay: settings.noDelay }, (socket) => {
    counters.count('accepts');
    const connection = new Connection(socket, settings.handler, counters);
    open.add(connection);
    socket.once('close', () => open.delete(connection));
  });
  const telemetry = new Telemetry(counters, () => open.size);
  const startNs = nowNs();

  const { address: host, port } = await listen(server, settings).catch((error: unknown) => {
    const { code, sentence } = sentenceOf(error as NodeJS.ErrnoException, settings);
    if (settings.frames) telemetry.json(frameKinds.finished, { reason: 'error', error: sentence });
    console.error(sentence);
    process.exit(code);
  });
  server.on('error', () => counters.count('errorOther'));

  let reason = '';
  const stop = (why: string): void => {
    if (reason !== '') return;
    reason = why;
    clearTimeout(deadline);
    server.close();
    for (const connection of open) connection.close();
    // One turn of the loop for the sockets to close and to be counted.
    setImmediate(() => end(why));
  };
  const end = (why: string): void => {
    if (settings.frames) {
      telemetry.stop();
      telemetry.json(frameKinds.finished, { reason: why });
      process.stdin.destroy();
    } else {
      console.log(JSON.stringify({ ...telemetry.summary(startNs), notices }));
    }
    // Not process.exit(): what stdout has not taken yet would be lost.
    process.exitCode = 0;
  };
  const deadline = settings.durationMs > 0 ? setTimeout(() => stop('duration'), settings.durationMs) : undefined;

  const { protocol, kind: handler } = settings.handler;
  const ready = {
    ...{ role: 'serve', pid: process.pid, wireVersion, model: 'node', protocol, handler, host, port, startNs },
    ...{
      frameIntervalMs,
      options: { backlog: settings.backlog },
      steps: [],
      sourceFile: 'node/connection.ts',
      notices,
    },
  };
  process.on('SIGTERM', () => stop('stopped'));
  // On a terminal Ctrl-C reaches the whole group; with frames the lab decides when its engines end.
  process.on('SIGINT', () => !settings.frames && stop('stopped'));
  // The lab has gone: nobody reads the frames.
  process.stdout.on('error', () => process.exit(0));
  if (settings.frames) {
    telemetry.json(frameKinds.ready, ready);
    const { options, steps, sourceFile } = ready;
    telemetry.json(frameKinds.model, { timeNs: nowNs(), model: ready.model, options, sourceFile, steps });
    telemetry.start();
    listenForCommands(telemetry, stop, (cost) => {
      // Measured before any request is to pay for it.
      if ((cost.workUs ?? 0) > 0) calibrateCpu();
      Object.assign(settings.handler, cost);
    });
  } else {
    console.log(JSON.stringify({ ready }));
    // Peaks in the closing line come from looking now and then.
    setInterval(() => telemetry.gauges(), frameIntervalMs).unref();
  }
}

const [command, ...args] = process.argv.slice(2);
try {
  if (command !== 'serve') throw new BadInput('The node model knows one command: serve.');
  await serve(readSettings(args));
} catch (error) {
  if (!(error instanceof BadInput)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
