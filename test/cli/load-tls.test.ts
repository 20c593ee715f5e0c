/** Targets given as https://, against nginx and Node: certificates, versions, what a handshake costs, counts of others. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askEngineDoctor } from '../../main/lab/engine-query.ts';
import { loadOnce } from '../../main/lab/load.ts';
import type { LoadResult } from '../../shared/run-result.ts';
import { loadSettingsSchema, type LoadSettingsInput } from '../../shared/schemas/settings.ts';
import { removeNginx, startNginx } from '../support/nginx.ts';
import { isInstalled, itWith } from '../support/tools.ts';
import { runCli } from './command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'fdscope-tls-'));
const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
const body = 'x'.repeat(100_000);

/** Of Node: the connections that it secured, the requests that it had, and the versions that were spoken. */
const seen = { secured: 0, requests: 0, versions: new Set<string | null>(), hosts: new Set<string | undefined>() };
let server: Server | undefined;
let port = 0;

const canSpeak = isInstalled('openssl') && (await askEngineDoctor()).tls?.available === true;
const why = isInstalled('openssl') ? 'OpenSSL 3 (libssl3) is not installed' : 'openssl is not installed';
/** Skipped with its reason where TLS cannot be spoken here. */
const itSpeaks = (name: string, run: () => Promise<void>): void =>
  canSpeak ? it(name, run) : it.skip(`${name} — skipped: ${why}`);

beforeAll(async () => {
  if (!canSpeak) return;
  const subject = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example,IP:127.0.0.1'];
  const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...form, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  const mine = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    seen.requests++;
    seen.hosts.add(request.headers.host);
    if (request.socket instanceof TLSSocket) seen.versions.add(request.socket.getProtocol());
    response.end(request.url === '/large' ? body : 'hello');
  });
  mine.on('secureConnection', () => seen.secured++);
  server = mine;
  await new Promise<void>((resolve) => mine.listen(0, '127.0.0.1', resolve));
  const address = mine.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const load = (given: Partial<LoadSettingsInput> = {}): Promise<LoadResult> =>
  loadOnce(
    loadSettingsSchema.parse({
      ...{ protocol: 'http', clients: [{ profile: 'closed' }], connections: 4, durationSeconds: 300, requests: 200 },
      ...{ target: `https://127.0.0.1:${port}`, caFile: cert },
      ...given,
    }),
    {},
  );

const failures = ({ errors }: LoadResult): number => Object.values(errors).reduce((sum, count) => sum + count, 0);

describe('targets of https', () => {
  itSpeaks('are asked by TLS 1.3, with the certificate checked, and handshakes are figures of their own', async () => {
    const before = { ...seen };
    const result = await load();
    expect([result.requests, failures(result), result.notices]).toEqual([200, 0, []]);
    expect(seen.requests - before.requests).toBe(200);
    expect([...seen.versions]).toEqual(['TLSv1.3']);
    expect(result.tls).toMatchObject({ version: 'TLSv1.3', verified: true, failed: 0, protocol: 'http/1.1' });
    // A connection that came when all had been asked may be greeted on one side alone.
    for (const handshakes of [result.tls?.handshakes, seen.secured - before.secured]) {
      expect(handshakes).toBeGreaterThan(0);
      expect(handshakes).toBeLessThanOrEqual(4);
    }
    const { p50 = 0, p99 = 0, max = 0 } = result.tls?.times ?? {};
    expect(p50).toBeGreaterThan(0);
    expect([p50, p99, max]).toEqual([p50, p99, max].sort((a, b) => a - b));
    // The clients' CPU time is a part of the time that a handshake takes.
    expect(result.tls?.cpuMicrosEach).toBeGreaterThan(10);
    expect(result.tls?.cpuMicrosEach).toBeLessThanOrEqual(result.tls?.times.mean ?? 0);
  });

  itSpeaks('have replies of many records, on four threads and in an open loop', async () => {
    const clients = [{ profile: 'rate', rate: 400 } as const];
    const result = await load({ path: '/large', threads: 4, clients });
    expect([result.requests, failures(result)]).toEqual([200, 0]);
    expect(result.bytesIn).toBeGreaterThan(200 * body.length);
    expect(result.latency.corrected.count).toBe(200);
  });

  itSpeaks('are greeted anew by each connection of churn', async () => {
    const before = { ...seen };
    const result = await load({ clients: [{ profile: 'churn' }], requests: 40, connections: 2 });
    expect([result.requests, failures(result)]).toEqual([40, 0]);
    expect(result.tls?.handshakes).toBeGreaterThanOrEqual(40);
    // One that the run's end met in its handshake may be whole on one side alone.
    expect(Math.abs((result.tls?.handshakes ?? 0) - (seen.secured - before.secured))).toBeLessThanOrEqual(2);
  });

  itSpeaks('may have a name, which the certificate must be of', async () => {
    const connectTo = `127.0.0.1:${port}`;
    const named = await load({ target: 'https://shop.example', connectTo });
    expect([named.requests, failures(named)]).toEqual([200, 0]);
    expect(seen.hosts.has('shop.example:443')).toBe(true);
    const other = await load({ target: 'https://other.example', connectTo, requests: 10, timeoutMs: 200 });
    expect([other.requests, other.tls?.handshakes]).toEqual([0, 0]);
    expect(other.tls?.failed).toBeGreaterThan(0);
    // The account was taken when the time was over, and the errors were counted a moment later.
    expect(other.errors.connect).toBeGreaterThanOrEqual(other.tls?.failed ?? Infinity);
    expect(failures(other)).toBe(other.errors.connect);
    const told = other.notices.find(({ code }) => code === 'handshakeFailed')?.text;
    expect(told).toBe('A TLS handshake with other.example failed: its certificate is not trusted (hostname mismatch).');
  });

  itSpeaks('whose certificate nobody signs are refused, or measured with --insecure, which says so', async () => {
    const flags = ['load', '-T', `https://127.0.0.1:${port}`, '-P', 'http', '-n', '20', '-c', '2'];
    const refused = await runCli([...flags, '--timeout', '200ms']);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('its certificate is not trusted (self-signed certificate)');
    const { code, stdout } = await runCli([...flags, '--insecure']);
    expect(code).toBe(0);
    expect(stdout).toContain('was not checked (--insecure): anybody may have answered.');
    expect(stdout).toMatch(/^TLSv1\.3, TLS_\w+, certificate not checked: [12] handshakes \(0 failed\), p50 \d+ µs/m);
  });

  itSpeaks('that speak no TLS are told as that', async () => {
    const plain = await startPlain();
    const result = await load({ target: `https://127.0.0.1:${plain.port}`, requests: 10, timeoutMs: 200 });
    plain.close();
    expect(result.requests).toBe(0);
    expect(result.notices.map(({ code }) => code)).toContain('handshakeFailed');
  });

  if (canSpeak)
    itWith('nginx', 'of nginx, which logs as many requests, under TLS 1.2 too', async () => {
      for (const version of ['TLSv1.3', 'TLSv1.2']) {
        const nginx = await startNginx(
          `ssl_certificate ${cert}; ssl_certificate_key ${key}; ssl_protocols ${version}; location / { return 200 hello; }`,
          'ssl',
        );
        try {
          const result = await load({ target: `https://127.0.0.1:${nginx.port}/a`, requests: 700 });
          await nginx.stop();
          expect([result.requests, failures(result), result.tls?.version]).toEqual([700, 0, version]);
          expect(nginx.log().filter((line) => line.startsWith('200 GET /a HTTP/1.1'))).toHaveLength(700);
        } finally {
          await nginx.stop();
          removeNginx(nginx);
        }
      }
    });
});

async function startPlain(): Promise<{ port: number; close: () => void }> {
  const { createServer: create } = await import('node:net');
  const plain = create((socket) => {
    socket.on('error', () => {});
    socket.end('220 this is no TLS\r\n');
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const address = plain.address();
  return { port: typeof address === 'object' && address ? address.port : 0, close: () => plain.close() };
}

describe('without TLS', () => {
  it.each([
    [['-T', '127.0.0.1:9', '--insecure'], '--insecure is about TLS: give a '],
    [['-T', '127.0.0.1:9', '--ca-file', '/a'], '--ca-file is about TLS: give a '],
    [['-T', 'https://shop.example'], 'must be a numeric address with a port'],
  ])('%j is one sentence, and exit code 2', async (flags, sentence) => {
    const { code, stdout, stderr } = await runCli(['load', '-P', 'http', ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
  });

  itSpeaks('authorities that cannot be read are named', async () => {
    const { code, stderr } = await runCli([
      ...['load', '-P', 'http', '-T', `https://127.0.0.1:${port}`, '--ca-file', '/nothing/there'],
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('The authorities /nothing/there cannot be read: give a file of certificates in PEM.');
  });
});
