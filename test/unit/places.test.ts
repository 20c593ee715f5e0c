import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ScenarioError } from '../../shared/schemas/yaml-text.ts';
import { parsePlaces, placeSchema, placesJsonSchema, type PlaceSettings } from '../../shared/schemas/places.ts';
import { emptyHistogram } from '../../shared/telemetry/latency-histogram.ts';
import { bucketsOf } from '../../shared/telemetry/histogram-buckets.ts';
import type { CountedClient } from '../../main/lab/client-mix.ts';
import { encodeHistogram, LatencyTotals } from '../../main/lab/latency.ts';
import { offsetOf, PlaceClock } from '../../main/lab/places/clock.ts';
import { trafficLines, trafficOf } from '../../main/lab/places/consent.ts';
import { elfMachine } from '../../main/lab/places/engine-delivery.ts';
import { launch, shellWord } from '../../main/lab/places/launch.ts';
import { mergeMarks } from '../../main/lab/places/merged-marks.ts';
import { whyUnreachable } from '../../main/lab/places/place-words.ts';
import { shareClients, shareLoad, shareWhole } from '../../main/lab/places/shares.ts';

const place = (settings: Record<string, unknown>): PlaceSettings => placeSchema.parse(settings);

/** Repeats exactly; a linear congruential generator is enough to spread values. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}
const next = (random: Generator<number>): number => random.next().value as number;

describe('places.yaml', () => {
  it('has every kind, with what it may leave out', () => {
    const { places } = parsePlaces(
      `version: 1
places:
  a: { kind: ssh, host: user@lab1, address: 10.0.0.1, cores: "0,1", weight: 2 }
  b: { kind: netns, name: lab2 }
  c: { kind: docker, container: web }
  d: { kind: slurm, partition: short }
  e: { kind: kubectl, pod: load-0, namespace: bench }
  f: { kind: command, argv: [nsenter, -t, "17", -n, --], limits: { rate: 5 } }
  local: { kind: local, address: "::1" }
`,
      'places.yaml',
    );
    expect(Object.keys(places)).toHaveLength(7);
    expect(places.a).toMatchObject({ weight: 2, limits: { connections: 1000, rate: 10_000, seconds: 120 } });
    expect(places.f).toMatchObject({ limits: { connections: 1000, rate: 5 } });
  });

  it.each([
    ['version: 1\nplaces:\n  a: { kind: ssh }\n', 'places.yaml:3:'],
    ['version: 1\nplaces:\n  a:\n    kind: ssh\n    host: "-oProxyCommand=x"\n', 'places.yaml:5:11:'],
    ['version: 1\nplaces:\n  a:\n    kind: ssh\n    host: "two words"\n', 'places.yaml:5:11:'],
    ['version: 1\nplaces:\n  a: { kind: netns, name: b, adress: 10.0.0.1 }\n', 'places.yaml:3:30:'],
    ['version: 1\nplaces:\n  a: { kind: netns, name: b, address: lab1 }\n', 'places.yaml:3:39:'],
    ['version: 1\nplaces:\n  a: { kind: shh, host: b }\n', 'places.yaml:3:'],
    ['version: 2\n', 'places.yaml:1:10:'],
    ['', 'places.yaml:1:1: The file is empty; a file of places begins with "version: 1".'],
  ])('is refused with line and column: %j', (text, where) => {
    let message = '';
    try {
      parsePlaces(text, 'places.yaml');
    } catch (error) {
      expect(error).toBeInstanceOf(ScenarioError);
      message = error instanceof Error ? error.message : '';
    }
    expect(message).toContain(where);
  });

  it('has a schema for editors, which knows the kinds and explains', () => {
    const schema = JSON.stringify(placesJsonSchema());
    for (const kind of ['local', 'ssh', 'netns', 'docker', 'slurm', 'kubectl', 'command']) {
      expect(schema).toContain(`"const":"${kind}"`);
    }
    expect(schema).toContain('under which clients reach a server there');
  });
});

describe('how a program is started at a place', () => {
  const argv = ['/a b/engine', 'load', '--config', `{"path":"/it's $HOME \`x\`"}`] as const;

  it('gives a shell words that it takes as they are', () => {
    for (const text of ['', 'a', "it's", '$HOME', 'a\nb', '"', '*', '~', '-x', '\\', "''", 'ä ö']) {
      const said = execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' });
      expect(said).toBe(text);
    }
  });

  it('quotes the whole command for ssh, which never asks', () => {
    const { file, args } = launch(place({ kind: 'ssh', host: 'lab1', port: 2222, config: '/tmp/c' }), argv);
    expect(file).toBe('ssh');
    expect(args).toContain('BatchMode=yes');
    expect(args.slice(-7, -1)).toEqual(['-F', '/tmp/c', '-p', '2222', '--', 'lab1']);
    const words = execFileSync('sh', ['-c', `printf '%s\\n' ${args.at(-1) ?? ''}`], { encoding: 'utf8' });
    expect(words).toBe(`${argv.join('\n')}\n`);
  });

  it.each([
    [{ kind: 'netns', name: 'n' }, ['ip', 'netns', 'exec', 'n']],
    [{ kind: 'docker', container: 'c' }, ['docker', 'exec', '-i', 'c']],
    [{ kind: 'slurm', node: 'n1' }, ['srun', '-N1', '-n1', '--quiet', '--unbuffered', '--nodelist', 'n1']],
    [{ kind: 'kubectl', pod: 'p', namespace: 's' }, ['kubectl', '--namespace', 's', 'exec', '-i', 'p', '--']],
    [{ kind: 'command', argv: ['nsenter', '-n', '$(x)'] }, ['nsenter', '-n', '$(x)']],
    [{ kind: 'local' }, []],
  ])('hands over arguments as they are: %j', (settings, before) => {
    const { file, args } = launch(place(settings), argv);
    expect([file, ...args]).toEqual([...before, ...argv]);
  });

  it('tells what OpenSSH said in a clause with what to do', () => {
    const ssh = place({ kind: 'ssh', host: 'lab1' });
    const told = (line: string): string => whyUnreachable(ssh, [line], 'nothing');
    expect(told('Host key verification failed.')).toMatch(/host key is not known.*ssh lab1/);
    expect(told('root@lab1: Permission denied (publickey,password).')).toMatch(
      /never asks for a password.*ssh-copy-id/,
    );
    expect(told('ssh: Could not resolve hostname lab1: Name or service not known')).toMatch(/no address/);
    expect(told('ssh: connect to host lab1 port 22: Connection refused')).toMatch(/refused/);
    expect(told('ssh: connect to host lab1 port 22: Connection timed out')).toMatch(/does not answer/);
    expect(told('something else.')).toBe('"something else"');
    expect(whyUnreachable(ssh, [], 'nothing')).toBe('nothing');
  });

  it('knows the architecture of an engine', () => {
    expect(elfMachine(Buffer.from('not a program, whatever it is'))).toBeUndefined();
    const header = Buffer.alloc(64);
    header.writeUInt32BE(0x7f454c46, 0);
    header.writeUInt16LE(183, 18);
    expect(elfMachine(header)).toBe('aarch64');
  });
});

describe('shares of a load', () => {
  it('sum to the whole, whatever the weights', () => {
    const random = numbers(7);
    for (let round = 0; round < 500; round++) {
      const weights = Array.from({ length: 1 + Math.floor(next(random) * 8) }, () => 0.1 + next(random) * 10);
      const total = Math.floor(next(random) * 1000);
      const shares = shareWhole(total, weights);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
      const sum = weights.reduce((all, weight) => all + weight, 0);
      shares.forEach((share, i) => expect(Math.abs(share - (total * (weights[i] ?? 0)) / sum)).toBeLessThan(1));
    }
  });

  const rate = {
    profile: 'rate',
    rate: 900,
    arrival: 'constant',
    connections: 9,
    pipeline: 1,
  } as unknown as CountedClient;

  it('give each place connections and rate, and schedules that take turns', () => {
    const shared = shareClients([rate], [1, 2, 6]);
    expect(shared.map(([client]) => client?.connections)).toEqual([1, 2, 6]);
    expect(shared.map(([client]) => (client?.profile === 'rate' ? client.rate : 0))).toEqual([100, 200, 600]);
    const config = { clients: [rate], requests: 90 } as unknown as Parameters<typeof shareLoad>[0];
    const places = ['a', 'b', 'c'].map((name) => ({ name, weight: 1 }));
    const loads = shareLoad(config, places);
    expect(loads.map(({ scheduleLagNs }) => scheduleLagNs)).toEqual([0, 1_111_111, 2_222_222]);
    expect(loads.map(({ config: own }) => own.requests)).toEqual([30, 30, 30]);
  });

  it('leave no place without clients', () => {
    const config = { clients: [{ ...rate, connections: 2 }] } as unknown as Parameters<typeof shareLoad>[0];
    const places = ['a', 'b', 'c'].map((name) => ({ name, weight: 1 }));
    expect(() => shareLoad(config, places)).toThrow('The place c would have no client');
  });

  it('are told before they are sent, and kept to the limits of each place', () => {
    const places = ['a', 'b'].map((name) => ({ name, settings: place({ kind: 'netns', name }) }));
    const lines = trafficLines(trafficOf(places, [{ clients: [rate], seconds: 5 }]), '10.0.0.1:80');
    expect(lines[0]).toBe(
      'a (network namespace a) sends to 10.0.0.1:80: 5 connections, at most 500 requests/s, for 5 s a run',
    );
    const many = [{ clients: [{ ...rate, connections: 3000 }], seconds: 5 }];
    expect(() => trafficOf(places, many)).toThrow('1500 connections, and its limit is 1000');
    expect(() => trafficOf(places, [{ clients: [rate], seconds: 500 }])).toThrow('its limit is 120 s');
  });
});

describe('what several places tell, as one', () => {
  it('is the same histogram, to the bucket, as if one had recorded it', () => {
    const random = numbers(22);
    for (let round = 0; round < 20; round++) {
      const whole = emptyHistogram();
      const parts = [emptyHistogram(), emptyHistogram(), emptyHistogram()];
      for (let i = 0; i < 2000; i++) {
        const ns = Math.floor(10 ** (1 + next(random) * 11));
        whole.recordValue(ns);
        parts[Math.floor(next(random) * 3)]?.recordValue(ns);
      }
      const merged = new LatencyTotals();
      for (const part of parts) {
        merged.add({ kind: 'corrected', encoded: encodeHistogram(part) } as Parameters<LatencyTotals['add']>[0]);
      }
      expect(bucketsOf(encodeHistogram(merged.corrected))).toEqual(bucketsOf(encodeHistogram(whole)));
      for (const percentile of [0, 50, 90, 99, 99.9, 100]) {
        expect(merged.corrected.getValueAtPercentile(percentile)).toBe(whole.getValueAtPercentile(percentile));
      }
    }
  });

  it('is the sum of their counts', () => {
    const stock = { asked: 2, answered: 1, waiting: 1, connecting: 0, unsent: 3, oldestNs: 5 };
    const counts = { sent: 3, replies: 2, errors: 1, bytesIn: 7, bytesOut: 9 };
    const one = { name: 'loadDone', timeNs: 1, replies: { 200: 2 }, profiles: { closed: counts }, clients: stock };
    const two = {
      name: 'loadDone',
      timeNs: 2,
      replies: { 200: 1, 503: 4 },
      profiles: { closed: counts, idle: counts },
    };
    expect(mergeMarks('loadDone', [one, two], 9)).toEqual({
      name: 'loadDone',
      timeNs: 9,
      replies: { 200: 3, 503: 4 },
      clients: stock,
      profiles: { closed: { sent: 6, replies: 4, errors: 2, bytesIn: 14, bytesOut: 18 }, idle: counts },
    });
  });
});

describe('the clock of a place', () => {
  it('is within its bound, however unequal the ways are', () => {
    const random = numbers(3);
    for (let round = 0; round < 500; round++) {
      const [there, back, offset] = [next(random) * 1e6, next(random) * 1e6, (next(random) - 0.5) * 1e15];
      const sentNs = next(random) * 1e12;
      const told = offsetOf({ sentNs, placeNs: sentNs + there + offset, receivedNs: sentNs + there + back });
      expect(Math.abs(told.offsetNs - offset)).toBeLessThanOrEqual(told.boundNs + 1);
    }
  });

  it('is taken from the narrowest round trip, and its drift is found with a bound', () => {
    const clock = new PlaceClock();
    const random = numbers(5);
    const drift = 50e-6;
    for (let second = 0; second < 60; second++) {
      const sentNs = second * 1e9;
      const [there, back] = [1e4 + next(random) * 1e6, 1e4 + next(random) * 1e6];
      const placeNs = (sentNs + there) * (1 + drift) + 7e9;
      clock.add({ sentNs, placeNs, receivedNs: sentNs + there + back });
    }
    const now = clock.at(59e9);
    expect(now).toBeDefined();
    expect(Math.abs((now?.offsetNs ?? 0) - (7e9 + 59e9 * drift))).toBeLessThanOrEqual(now?.boundNs ?? 0);
    const found = clock.drift;
    expect(Math.abs((found?.ppm ?? 0) - 50)).toBeLessThanOrEqual(found?.boundPpm ?? 0);
    expect(found?.boundPpm).toBeLessThan(50);
  });
});
