/** Every address that the lab listens on or connects to goes through one gate, wherever it is given. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../main/cli/index.ts';
import { addressUses, checkAddress, checkGivenAddresses, checkServerAddresses } from '../../main/lab/address-gate.ts';
import { dataFolder } from '../../main/lab/data-folder.ts';
import { LabService } from '../../main/lab/lab-service.ts';
import { writeSweep } from '../../main/lab/sweep/resume-file.ts';
import { verbsOf } from '../../main/lab/contract-server/verbs.ts';
import { callSchemas } from '../../shared/bench/calls.ts';
import { allowanceOf } from '../../shared/contract/allowance.ts';
import { requests, type Verb } from '../../shared/contract/contract.ts';
import { runSettingsSchema } from '../../shared/schemas/settings.ts';
import { scenarioSchema } from '../../shared/schemas/scenario.ts';
import { guardedLab, type GuardedLab } from '../support/fuzz/guarded-lab.ts';

/** Names of things that can lead somewhere. */
const leadsSomewhere = /host|addr|upstream|target|url|remote|peer|listen|bind|connect|endpoint|expose|network/i;

/** Paths of the keys in a schema whose names say so, whose values are texts or words of consent. */
function addressKeys(schema: z.ZodType): string[] {
  const found = new Set<string>();
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const each of node) walk(each, path);
      return;
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === 'properties') {
        for (const [name, inner] of Object.entries(value as object)) {
          const at = `${path}.${name}`;
          if (leadsSomewhere.test(name)) found.add(at);
          walk(inner, at);
        }
      } else if (key !== '$defs' || path === '') walk(value, path);
    }
  };
  walk(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }), '');
  return [...found].sort();
}

/** Everything in the contract that a window sends and that is called like an address, and why each is safe. */
const known: Readonly<Record<string, string>> = {
  '.server.host': 'gated',
  '.server.exposeToNetwork': 'gated',
  '.server.upstream': 'gated',
  '.server.allowRemoteUpstream': 'gated',
  '.upstream': 'a server that the lab starts itself, on loopback',
  '.load.upstream': 'a server that the lab starts itself, on loopback',
  '.connections': 'how many',
  '.load.connections': 'how many',
  '.clients.connections': 'how many',
  '.load.clients.connections': 'how many',
  '.load.sourceAddresses': 'how many',
  '.load.load.sourceAddresses': 'how many',
  '.load.variants.connections': 'how many',
  '.changes.connections': 'how many',
  '.changes.clients.connections': 'how many',
};
/** Rooms whose addresses have a gate of their own, with the test that shows it. */
const gatedElsewhere: Readonly<Record<string, string>> = {};

let guarded: GuardedLab;
beforeAll(() => (guarded = guardedLab('web')));
afterAll(() => guarded.end());

describe('verbs of the contract', () => {
  it('carry no address that is not on the list', () => {
    const unknown = Object.entries(requests).flatMap(([verb, { params }]) =>
      verb in gatedElsewhere
        ? []
        : addressKeys(params)
            .filter((key) => !(key in known))
            .map((key) => `${verb}${key}`),
    );
    expect(unknown).toEqual([]);
  });

  const server = { model: 'epoll-lt' as const };
  const clients = [{ profile: 'closed' as const }];
  const live = (changes: object): object => ({ server: { ...server, ...changes }, connections: 1, clients });
  it.each<[string, Verb, object, RegExp]>([
    ['all addresses', 'live.start', live({ host: '0.0.0.0', exposeToNetwork: true }), /reached by other machines/],
    ['all of IPv6', 'live.start', live({ host: '::', exposeToNetwork: true }), /reached by other machines/],
    [
      'an upstream elsewhere',
      'live.start',
      live({ handler: 'forward', upstream: '192.0.2.1:80', allowRemoteUpstream: true }),
      /upstream 192\.0\.2\.1:80 is not on this machine/,
    ],
    ['an upstream by name', 'live.start', live({ handler: 'forward', upstream: 'example:80' }), /numeric address/],
  ])('let no window have %s by its own word', async (_what, verb, params, sentence) => {
    for (const host of ['web', 'electron'] as const) {
      const verbs = verbsOf(guarded.lab, host);
      const parsed = requests[verb].params.parse(params);
      const call = verbs[verb] as (params: unknown) => unknown;
      await expect(Promise.resolve(parsed).then(call)).rejects.toThrow(sentence);
    }
  });

  it('leave the network to the command line', () => {
    expect((['cli', 'web', 'electron'] as const).map((host) => allowanceOf(host).network)).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('files that somebody sent', () => {
  const elsewhere = runSettingsSchema.parse({
    server: { model: 'poll', host: '0.0.0.0', exposeToNetwork: true },
    clients: [{ profile: 'closed' }],
  });
  const forwarding = runSettingsSchema.parse({
    server: { model: 'poll', handler: 'forward', upstream: '192.0.2.1:80', allowRemoteUpstream: true },
    clients: [{ profile: 'closed' }],
  });
  it.each([
    ['all addresses', elsewhere, '--expose-to-network'],
    ['an upstream elsewhere', forwarding, '--allow-remote-upstream'],
  ])(
    'give no word for %s: a sweep to go on with, in a window and on the command line',
    async (_what, settings, word) => {
      const plan = { axis: 'clients', values: [1], entries: [{ settings }], repeats: 1 } as const;
      const file = join(dataFolder(), 'unfinished-sweep.json');
      writeSweep(file, { plan, records: [] });
      const verbs = verbsOf(guarded.lab, 'web');
      await expect((async () => verbs['sweep.resume'](undefined))()).rejects.toThrow('a window may not allow that');
      const program = createProgram({ lab: new LabService(), signal: new AbortController().signal });
      await expect(program.parseAsync(['sweep', '--resume', file], { from: 'user' })).rejects.toThrow(word);
    },
  );

  it('are no sessions: a recording says where its server was, and nothing is started from it', () => {
    const carrying = Object.entries(requests)
      .filter(([verb]) => /^(session|replay|recording|flight)/.test(verb))
      .flatMap(([, { params }]) => addressKeys(params));
    expect(carrying).toEqual([]);
  });
});

describe('walks and the bench', () => {
  it('carry addresses in these calls alone', () => {
    const carrying = Object.entries(callSchemas).flatMap(([call, schema]) =>
      addressKeys(schema).map((key) => `${call}${key}`),
    );
    expect(carrying).toEqual(['bind.address', 'connect.address', 'sendto.address']);
  });
});

describe('scenarios', () => {
  it('carry no address at all', () => {
    const keys = addressKeys(scenarioSchema).filter((key) => !/connections$|sourceAddresses$/i.test(key));
    // The server behind `forward`, which the lab starts on loopback.
    expect(keys).toEqual(['.upstream']);
  });
});

describe('the command line', () => {
  const allOptions = (program: Command): string[] =>
    program.commands.flatMap((command) =>
      command.options
        .filter(({ long, flags }) => leadsSomewhere.test(long ?? '') || /<(host|address)/.test(flags))
        .map(({ long }) => `${command.name()} ${long ?? ''}`),
    );
  /** Each with what it is given here, or why it is no address. */
  const options: Readonly<Record<string, readonly string[] | string>> = {
    'run --host': ['run', '--model', 'poll', '--host', '192.0.2.1'],
    'run --upstream': ['run', '--model', 'poll', '--handler', 'forward', '--upstream', '192.0.2.1:80'],
    'compare --host': ['compare', 'poll', 'select', '--host', '192.0.2.1'],
    'compare --upstream': ['compare', 'poll', 'select', '--handler', 'forward', '--upstream', '192.0.2.1:80'],
    'sweep --host': ['sweep', 'poll', '--over', 'clients=1,2', '--host', '192.0.2.1'],
    'sweep --upstream': [
      'sweep',
      'poll',
      '--over',
      'clients=1,2',
      '--handler',
      'forward',
      '--upstream',
      '192.0.2.1:80',
    ],
    'serve --host': ['serve', '--model', 'poll', '--host', '192.0.2.1'],
    'serve --upstream': ['serve', '--model', 'poll', '--handler', 'forward', '--upstream', '192.0.2.1:80'],
    'load --target': ['load', '--target', '192.0.2.1:80', '--protocol', 'http'],
    'load --connect-to': ['load', '--target', 'shop.example:80', '--connect-to', '192.0.2.1:80', '--protocol', 'http'],
  };
  const words = /--(expose-to-network|allow-remote-(target|upstream)|connections)$/;

  const program = (): Command => createProgram({ lab: new LabService(), signal: new AbortController().signal });

  it('has no option with an address that is not tried here', () => {
    const found = allOptions(program()).filter((name) => !words.test(name));
    expect(found.sort()).toEqual(Object.keys(options).sort());
  });

  it.each(Object.entries(options))('asks for the word: %s', async (_name, args) => {
    await expect(program().parseAsync(Array.from(args), { from: 'user' })).rejects.toThrow(/; add --(expose|allow)-/);
  });
});

describe('the gate', () => {
  const server = { host: '127.0.0.1', exposeToNetwork: false, upstream: undefined, allowRemoteUpstream: false };

  it.each(['127.0.0.1', '127.9.9.9', '::1'])('lets %s pass for every use', (host) => {
    for (const use of Object.keys(addressUses) as (keyof typeof addressUses)[]) {
      expect(() => checkAddress(use, host, false)).not.toThrow();
    }
  });

  it.each([
    '0.0.0.0',
    '::',
    '192.0.2.1',
    '::ffff:127.0.0.1',
    '::ffff:192.0.2.1',
    'localhost.',
    '127.1',
    '2130706433',
    '',
  ])('asks for a word for "%s"', (host) => {
    for (const use of Object.keys(addressUses) as (keyof typeof addressUses)[]) {
      expect(() => checkAddress(use, host, false)).toThrow(addressUses[use].word);
      expect(() => checkAddress(use, host, true)).not.toThrow();
    }
  });

  it('counts only the words of the user in what comes from a file', () => {
    const opened = { ...server, host: '0.0.0.0', exposeToNetwork: true };
    expect(() => checkServerAddresses(opened)).not.toThrow();
    expect(() => checkGivenAddresses(opened)).toThrow('--expose-to-network');
    expect(() => checkGivenAddresses(opened, { exposeToNetwork: true })).not.toThrow();
    const forwarding = { ...server, upstream: '192.0.2.1:80', allowRemoteUpstream: true };
    expect(() => checkGivenAddresses(forwarding)).toThrow('--allow-remote-upstream');
  });
});
