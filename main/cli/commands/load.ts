/** `fdscope load`: the lab's clients against the user's own server. */
import { loadSettingsSchema } from '../../../shared/schemas/settings.ts';
import { checkAddress } from '../../lab/address-gate.ts';
import { parseAddress } from '../../lab/addresses.ts';
import type { Register } from '../command.ts';
import { parseSettings } from '../input.ts';
import { addClients, addJson, addNumber, addOut, type ClientFlags, type OutputFlags } from '../options.ts';
import { checkOut, deliver, failOnErrors } from '../output.ts';
import { errorLines, loadTable, noticeLines } from '../print.ts';
import { ProgressBar } from '../progress-bar.ts';
import { clientsInput, given, timeInput } from '../settings.ts';

interface LoadFlags extends ClientFlags, OutputFlags {
  readonly target: string;
  readonly protocol: string;
  readonly handler?: string;
  readonly expect?: string;
  readonly path?: string;
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  readonly threads?: number;
  readonly timeout?: number;
  readonly allowRemoteTarget?: boolean;
}

function checkTarget({ target, allowRemoteTarget }: LoadFlags): void {
  const { host } = parseAddress('--target', target);
  checkAddress('target', host, allowRemoteTarget === true, target);
}

export const registerLoad: Register = (program, { lab, signal }) => {
  const command = program.command('load').description('drive your own server');
  command.requiredOption('--target <host:port>', 'the server, by its numeric address');
  command.requiredOption('--protocol <name>', 'http, echo or resp');
  addClients(command);
  addNumber(command, '--threads', 'threads of the load engine');
  addNumber(command, '--request-bytes', 'payload of a request');
  command.option('--path <path>', 'request target of http');
  addNumber(command, '--timeout', 'milliseconds until a request is given up');
  command.option('--expect <kind>', 'framing: whole replies; exact: every byte of the lab’s own servers');
  command.option('--handler <name>', 'with --expect exact: what the server does, echo or respond');
  addNumber(command, '--response-bytes', 'with --expect exact: body of a reply');
  command.option('--allow-remote-target', 'allow a target on another machine');
  addJson(addOut(command)).action(async (flags: LoadFlags) => {
    checkOut(flags);
    checkTarget(flags);
    const settings = parseSettings(
      loadSettingsSchema,
      given({
        ...{ target: flags.target, protocol: flags.protocol, handler: flags.handler, check: flags.expect },
        ...{ requestBytes: flags.requestBytes, responseBytes: flags.responseBytes, timeoutMs: flags.timeout },
        ...{ threads: flags.threads, path: flags.path, allowRemoteTarget: flags.allowRemoteTarget },
        ...timeInput(flags),
        clients: clientsInput(flags),
      }),
    );
    const bar = new ProgressBar([settings.durationSeconds]);
    const onProgress = ({ elapsedSeconds }: { elapsedSeconds: number }): void =>
      bar.update(0, settings.target, elapsedSeconds);
    const result = await lab.load(settings, { signal, onProgress }).finally(() => bar.end());
    await deliver(flags, result, () => [loadTable(result), ...errorLines([result]), noticeLines([result])].join('\n'));
    failOnErrors(result.notices);
  });
};
