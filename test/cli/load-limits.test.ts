/** A run of so many requests, other names for a target, and the log of latencies, against Node's http and nginx. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistogramLogReader } from 'hdr-histogram-js';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { loadOnce } from '../../main/lab/load.ts';
import type { LoadResult } from '../../shared/run-result.ts';
import { loadSettingsSchema, type LoadSettingsInput } from '../../shared/schemas/settings.ts';
import { removeNginx, startNginx } from '../support/nginx.ts';
import { oddServer, ok } from '../support/odd-server.ts';
import { itWith } from '../support/tools.ts';
import { runCli } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Node's server, with the fields Host and the targets that it was asked for. */
async function listening(): Promise<{ target: string; hosts: string[]; urls: string[] }> {
  const seen = { hosts: [] as string[], urls: [] as string[] };
  const mine = createServer((request, response) => {
    seen.hosts.push(request.headers.host ?? '');
    seen.urls.push(request.url ?? '');
    response.end('hello');
  });
  server = mine;
  await new Promise<void>((resolve) => mine.listen(0, '127.0.0.1', resolve));
  const address = mine.address();
  return { target: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`, ...seen };
}

const load = (given: Pick<LoadSettingsInput, 'target'> & Partial<LoadSettingsInput>): Promise<LoadResult> =>
  loadOnce(
    loadSettingsSchema.parse({
      ...{ protocol: 'http', clients: [{ profile: 'closed' }], connections: 7, durationSeconds: 300 },
      ...given,
    }),
    {},
  );

const failures = ({ errors }: LoadResult): number => Object.values(errors).reduce((sum, count) => sum + count, 0);

describe('a run of so many requests asks so many, by the server’s own count', () => {
  const rate = { profile: 'rate', rate: 2000, arrival: 'poisson' } as const;
  it.each<[string, Partial<LoadSettingsInput>]>([
    ['closed', {}],
    ['closed, four threads', { threads: 4 }],
    ['in pipelines that do not divide it', { clients: [{ profile: 'closed', pipeline: 8 }] }],
    ['a connection for each', { clients: [{ profile: 'churn' }] }],
    ['open loop', { clients: [rate] }],
    ['open loop, three threads', { clients: [rate], threads: 3 }],
    ['half-closed', { clients: [{ profile: 'half-close' }] }],
    [
      'two profiles',
      {
        clients: [
          { profile: 'closed', connections: 2 },
          { ...rate, connections: 3 },
        ],
      },
    ],
    ['fewer than there are connections', { requests: 5, connections: 20 }],
  ])('%s', async (_, given) => {
    const { target, urls } = await listening();
    const result = await load({ target, requests: 501, ...given });
    const wanted = given.requests ?? 501;
    expect(failures(result)).toBe(0);
    expect(result.notices.filter(({ level }) => level !== 'info')).toEqual([]);
    expect({ asked: urls.length, answered: result.requests, sent: result.requestsSent }).toEqual({
      ...{ asked: wanted, answered: wanted, sent: wanted },
    });
    expect(result.latency.corrected.count).toBe(wanted);
    expect(result.requestLimit).toEqual({ requests: wanted, asked: wanted });
    expect(result.durationSeconds).toBeLessThan(300);
    if (result.rate) expect(result.rate.due).toBe(result.rate.sent);
  });

  it('those that fail are among them', async () => {
    const odd = await oddServer((_n, total) => ({ bytes: total % 10 === 0 ? 'nonsense\r\n\r\n' : ok }));
    const result = await load({ target: odd.target, requests: 200, connections: 2 });
    odd.close();
    expect(result.requestLimit).toEqual({ requests: 200, asked: 200 });
    expect([result.requests, result.errors.protocol, failures(result)]).toEqual([180, 20, 20]);
    expect([result.requestsSent, odd.counts.requests]).toEqual([200, 200]);
  });

  it('one that is sent again is asked once', async () => {
    const odd = await oddServer((_n, total) => (total % 10 === 0 ? { ends: true } : { bytes: ok }));
    const result = await load({ target: odd.target, requests: 200, connections: 2 });
    odd.close();
    expect([result.requests, failures(result)]).toEqual([200, 0]);
    expect(result.requestsRetried).toBeGreaterThan(0);
    expect(result.requestsSent).toBe(200 + result.requestsRetried);
    expect(odd.counts.requests).toBe(result.requestsSent);
  });

  it('ends where nobody listens, and says so', async () => {
    const { code, stdout, stderr } = await runCli([
      ...['load', '-T', '127.0.0.1:9', '-P', 'http', '-n', '100', '--timeout', '200ms', '--json'],
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('0 of 100 requests were asked in ');
    const { runs } = JSON.parse(stdout) as { runs: LoadResult[] };
    expect(runs[0]?.requestLimit).toEqual({ requests: 100, asked: 0 });
    expect(runs[0]?.errors.refused).toBeGreaterThan(0);
  });

  it('ends after its longest duration', async () => {
    const odd = await oddServer(() => ({ bytes: ok, afterMs: 20 }));
    const result = await load({ target: odd.target, requests: 1_000_000, durationSeconds: 0.5, connections: 1 });
    odd.close();
    expect(result.requestLimit?.asked).toBeLessThan(1000);
    expect(result.notices.map(({ code }) => code)).toContain('requestsNotAsked');
  });

  itWith('nginx', 'nginx logs as many, closed and open loop', async () => {
    const nginx = await startNginx('location / { return 200 hello; }');
    try {
      for (const flags of [[], ['--rate', '3000', '-t', '2']]) {
        const target = `127.0.0.1:${nginx.port}`;
        const { code, stderr } = await runCli(['load', '-T', target, '-P', 'http', '-n', '1500', '-c', '9', ...flags]);
        expect([code, stderr]).toEqual([0, '']);
      }
      await nginx.stop();
      const lines = nginx.log();
      expect(lines).toHaveLength(3000);
      expect(new Set(lines)).toEqual(new Set(['200 GET / HTTP/1.1 127.0.0.1']));
    } finally {
      await nginx.stop();
      removeNginx(nginx);
    }
  });
});

describe('a target', () => {
  it('may be a name with --connect-to, which is asked for and not looked up', async () => {
    const { target, hosts } = await listening();
    const result = await load({ target: 'shop.example:8080', connectTo: target, requests: 20 });
    expect(new Set(hosts)).toEqual(new Set(['shop.example:8080']));
    expect(result).toMatchObject({ requests: 20, target: 'shop.example:8080', connectedTo: target });
  });

  it('may be a URL, whose path is asked for', async () => {
    const { target, hosts, urls } = await listening();
    await load({ target: `http://${target}/a?b=1`, requests: 20 });
    expect(new Set(urls)).toEqual(new Set(['/a?b=1']));
    expect(new Set(hosts)).toEqual(new Set([target]));
  });

  it('is asked for by its own address, as every client does', async () => {
    const { target, hosts } = await listening();
    await load({ target, requests: 20 });
    expect(new Set(hosts)).toEqual(new Set([target]));
  });

  const [name, here] = ['shop.example:8080', '127.0.0.1:9'];
  it.each([
    [['-T', name], 'must be a numeric address with a port'],
    [['-T', name, '--connect-to', 'other.example:80'], '--connect-to must be a numeric address with a port'],
    [['-T', 'no port', '--connect-to', here], 'must be a name or an address with a port'],
    [['-T', name, '--connect-to', '192.0.2.1:80'], '--connect-to 192.0.2.1:80 is not on this machine; add'],
    [['-T', `ftp://${here}/`], 'is of another protocol than http'],
    [['-T', `http://me:pw@${here}/`], 'has a user in it: give a header Authorization'],
    [['-T', here, '-n', '0'], 'must be at least 1, not 0'],
    [['-T', here, '-n', '10', '--warmup', '1s'], 'there is no --warmup: leave one of them out'],
    [['-T', here, '--latency-log', '/nothing/there'], '--latency-log /nothing/there cannot be written'],
  ])('%j is one sentence, and exit code 2', async (flags, sentence) => {
    const { code, stdout, stderr } = await runCli(['load', '-P', 'http', ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('the log of latencies', () => {
  it('holds every latency once, by second, in the field’s own format', async () => {
    const { target } = await listening();
    const log = join(folder, 'latency.hlog');
    const flags = ['-T', target, '-P', 'http', '-n', '900', '--rate', '600', '-c', '5', '-t', '2'];
    const { code, stdout, stderr } = await runCli(['load', ...flags, '--latency-log', log, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const { runs } = JSON.parse(stdout) as { runs: LoadResult[] };
    const reader = new HistogramLogReader(readFileSync(log, 'utf8'), 64);
    const counts: Record<string, number> = {};
    let [lines, max] = [0, 0];
    for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
      counts[next.tag] = (counts[next.tag] ?? 0) + next.totalCount;
      if (next.tag === 'uncorrected') continue;
      lines++;
      max = Math.max(max, next.maxValue);
    }
    expect(counts).toEqual({ 'NO TAG': 900, uncorrected: 900 });
    expect(lines).toBeGreaterThan(1);
    expect(max / 1000).toBeCloseTo(runs[0]?.latency.corrected.max ?? 0, 0);
  });
});
