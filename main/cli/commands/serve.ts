/** `fdscope serve`: hosts a server for the user's own clients until Ctrl-C or its time is over. */
import { z } from 'zod';
import { runTimeSchema, serverSettingsSchema } from '../../../shared/schemas/settings.ts';
import { addressText, reachableHost } from '../../lab/addresses.ts';
import { LabError } from '../../lab/errors.ts';
import type { Register } from '../command.ts';
import { parseSettings } from '../input.ts';
import {
  addJson,
  addMarkdown,
  addModel,
  addNumber,
  addOut,
  addServer,
  type OutputFlags,
  type ServerFlags,
} from '../options.ts';
import { checkFormat, checkOut, deliver } from '../output.ts';
import { noticeLines, serveTable } from '../print.ts';
import { print, tell } from '../terminal.ts';
import { checkAddresses, serverInput, withThreads } from '../settings.ts';

interface ServeFlags extends ServerFlags, OutputFlags {
  readonly duration?: number;
  readonly pin?: boolean;
}

const serveTimeSchema = z.object({ durationSeconds: runTimeSchema.durationSeconds.unwrap().optional() });

const examples = {
  http: (address: string) => `curl http://${address}/`,
  resp: (_address: string, port: number) => `redis-benchmark -p ${port} -t ping`,
  echo: () => undefined,
};

/** As people's own Redis clients expect, PING is answered PONG, unless replies of a size are asked for. */
const withDefaults = (flags: ServeFlags): ServeFlags =>
  flags.protocol === 'resp' && flags.responseBytes === undefined && flags.chunks === undefined
    ? { handler: 'echo', ...flags }
    : flags;

export const registerServe: Register = (program, { lab, signal }) => {
  const command = program.command('serve').description('host a server for your own clients');
  addModel(command, 'the model, as `fdscope models` lists them', true);
  addServer(command);
  addNumber(command, '-d, --seconds, --duration', 'how long; without it until Ctrl-C', 'seconds');
  addJson(addMarkdown(addOut(command))).action(async (flags: ServeFlags) => {
    checkFormat(flags);
    checkOut(flags);
    checkAddresses(flags);
    if (flags.handler === 'forward' && flags.upstream === undefined) {
      throw new LabError('bad-input', '--handler forward needs --upstream <host:port>: the server behind it.');
    }
    const { durationSeconds } = parseSettings(serveTimeSchema, { durationSeconds: flags.duration });
    const { settings } = withThreads(
      parseSettings(serverSettingsSchema, serverInput(withDefaults(flags))),
      flags,
      await lab.listModels(),
    );
    const result = await lab.serve(settings, {
      ...{ signal, durationSeconds, pin: flags.pin },
      onReady: ({ host, port }) => {
        const example = examples[settings.protocol](addressText({ host: reachableHost(host), port }), port);
        const text = `Serving ${settings.protocol} under ${settings.model} on ${addressText({ host, port })}`;
        // With --json stdout is for the result alone.
        const line = `${text}${example === undefined ? '' : `; try: ${example}`}\n`;
        if (flags.json === true) tell(line);
        else void print(line);
      },
    });
    await deliver(flags, { runs: [result] }, ({ runs }) =>
      runs.flatMap((run) => [serveTable(run), noticeLines([run])]),
    );
  });
};
