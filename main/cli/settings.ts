/** From flags to the settings that the schemas check; a setting that no flag gives keeps its default. */
import { externalId, type ModelInfo } from '../../shared/catalogue.ts';
import type { Client, RunServer, ServerSettings } from '../../shared/schemas/settings.ts';
import { checkAddress } from '../lab/address-gate.ts';
import { parseAddress } from '../lab/addresses.ts';
import { LabError } from '../lab/errors.ts';
import { threadsOption } from '../lab/models.ts';
import type { ClientFlags, ServerFlags } from './options.ts';

/** Without the members that were not given, so that defaults apply. */
export const given = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

export const timeInput = (flags: ClientFlags): Record<string, unknown> =>
  given({ durationSeconds: flags.duration, warmupSeconds: flags.warmup, connections: flags.connections });

/** A server's settings, as changes to `from`. */
export const serverInput = (flags: ServerFlags, from?: RunServer): Record<string, unknown> => ({
  ...from,
  ...given({
    ...{ model: flags.model, protocol: flags.protocol, handler: flags.handler, upstream: flags.upstream },
    ...{ host: flags.host, exposeToNetwork: flags.exposeToNetwork, port: flags.port },
    allowRemoteUpstream: flags.allowRemoteUpstream,
    ...{ command: flags.command, pid: flags.pid },
    ...{ responseBytes: flags.responseBytes, chunks: flags.chunks, workUs: flags.workUs, waitMs: flags.waitMs },
    forgetsToClose: flags.forgetsToClose,
    ...{ noDelay: flags.nagle === undefined ? undefined : !flags.nagle, sendBufferBytes: flags.sendBuffer },
    ...{ receiveBufferBytes: flags.receiveBuffer, deferAcceptSeconds: flags.deferAccept },
  }),
  options: { ...from?.options, ...flags.option },
});

/** Throws LabError where an address leads to other machines and nobody has said that it may. */
export function checkAddresses({ host, upstream, exposeToNetwork, allowRemoteUpstream }: ServerFlags): void {
  if (host !== undefined) checkAddress('listen', host, exposeToNetwork === true, host, '--host');
  if (upstream === undefined) return;
  const { host: behind } = parseAddress('--upstream', upstream);
  checkAddress('upstream', behind, allowRemoteUpstream === true, upstream, '--upstream');
}

/**
 * Throws LabError where a command or a pid is given to a server that is not external, and where a scenario would start
 * a command that the user has not agreed to: opening somebody's file must not run what it says.
 */
export function checkExternal(
  { model, command, pid }: RunServer,
  flags: Pick<ServerFlags, 'command' | 'pid' | 'allowCommands'>,
): void {
  if (model !== externalId && (command !== undefined || pid !== undefined)) {
    const name = command === undefined ? '--pid' : '--command';
    throw new LabError('bad-input', `${name} goes with --model ${externalId}, not with --model ${model}.`);
  }
  if (command === undefined || command === flags.command || flags.allowCommands === true) return;
  throw new LabError(
    'bad-input',
    `The scenario starts a program, \`${command}\`; add --allow-commands where you trust it.`,
  );
}

/**
 * --threads becomes the option of the model that sets how many threads serve. `isUnused`: the model has none, which is
 * for the caller to refuse or to tell.
 */
export function withThreads<Server extends Pick<ServerSettings, 'options'> & { readonly model: string }>(
  settings: Server,
  { threads }: ServerFlags,
  models: readonly ModelInfo[],
): { settings: Server; isUnused: boolean } {
  const model = models.find(({ id }) => id === settings.model);
  if (threads === undefined || !model?.available) return { settings, isUnused: false };
  const name = threadsOption(model);
  if (name === undefined) return { settings, isUnused: true };
  return { settings: { ...settings, options: { ...settings.options, [name]: threads } }, isUnused: false };
}

export const noThreadsSentence = (model: string): string =>
  `--threads does not apply to ${model}, whose threads are given by what it is.`;

const isBusy = ({ profile }: Client): boolean => profile === 'closed' || profile === 'rate';

/** The clients that the flags describe, or those of a scenario with what the flags change. Throws LabError. */
export function clientsInput(flags: ClientFlags, from?: readonly Client[]): Record<string, unknown>[] {
  const { rate, pipeline, profile } = flags;
  if (rate !== undefined && profile !== undefined && profile !== 'rate') {
    throw new LabError('bad-input', `--rate goes with --profile rate, not with --profile ${profile}.`);
  }
  if (!from || profile !== undefined) {
    return [given({ profile: profile ?? (rate === undefined ? 'closed' : 'rate'), rate, pipeline })];
  }
  if (rate === undefined && pipeline === undefined) return [...from];
  if (from.filter(isBusy).length !== 1) {
    throw new LabError(
      'bad-input',
      `${rate === undefined ? '--pipeline' : '--rate'} needs a scenario with one client of the profile closed or rate; --profile replaces all its clients.`,
    );
  }
  return from.map((client) => {
    if (!isBusy(client)) return client;
    if (rate === undefined) return given({ ...client, pipeline });
    const { connections, weight, startMs, rampMs } = client;
    return given({ profile: 'rate', rate, pipeline, connections, weight, startMs, rampMs });
  });
}
