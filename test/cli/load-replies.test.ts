/** What the clients make of servers of other people: each case is a behaviour that RFC 9110, RFC 9112 or RESP allows, or does not. */
import { afterEach, describe, expect, it } from 'vitest';
import { loadOnce } from '../../main/lab/load.ts';
import type { LoadResult } from '../../shared/run-result.ts';
import { loadSettingsSchema, type LoadSettingsInput } from '../../shared/schemas/settings.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { oddServer, ok, type Answer, type OddServer } from '../support/odd-server.ts';

let server: OddServer | undefined;
afterEach(() => server?.close());

async function load(answer: Answer, settings: Partial<LoadSettingsInput> = {}, endOf?: string): Promise<LoadResult> {
  server = await oddServer(answer, endOf);
  const given = {
    ...{ target: server.target, protocol: 'http', clients: [{ profile: 'closed' }], connections: 2 },
    ...{ durationSeconds: 0.3, warmupSeconds: 0 },
  };
  return loadOnce(loadSettingsSchema.parse({ ...given, ...settings }), {});
}

/** As `load`, for as long as it takes until more than ten replies have come: on a busy machine a while. */
async function loadSome(...given: Parameters<typeof load>): Promise<LoadResult> {
  const [answer, settings, endOf] = given;
  for (const durationSeconds of [0.3, 2]) {
    const result = await load(answer, { ...settings, durationSeconds }, endOf);
    if (result.requests > 10) return result;
    server?.close();
  }
  return load(answer, { ...settings, durationSeconds: 20 }, endOf);
}

const errorsOf = ({ errors }: LoadResult): Record<string, number> =>
  Object.fromEntries(Object.entries(errors).filter(([, count]) => count > 0));
const codesOf = ({ notices }: LoadResult): string[] => notices.map(({ code }) => code);
const head = (status: string, ...fields: string[]): string =>
  `HTTP/1.1 ${status}\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`;

describe('replies that are whole', () => {
  it.each([
    ['an interim reply before it', head('103 Early Hints', 'Link: </a.css>; rel=preload') + ok],
    ['three interim replies before it', head('100 Continue') + head('102 Processing') + head('103 Early Hints') + ok],
    [
      'chunks, one with an extension',
      `${head('200 OK', 'Transfer-Encoding: chunked')}3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n`,
    ],
    ['chunks and a trailer', `${head('200 OK', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`],
    [
      'codings of which the last is chunked',
      `${head('200 OK', 'Transfer-Encoding: gzip, chunked')}5\r\nhello\r\n0\r\n\r\n`,
    ],
    [
      'a coding and a length, which does not count',
      `${head('200 OK', 'Content-Length: 99', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    ],
    ['no body by its status', head('204 No Content')],
    ['no body by its status, with a length', head('304 Not Modified', 'Content-Length: 99')],
    ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello'],
    ['the same length twice', `${head('200 OK', 'Content-Length: 5', 'Content-Length: 5')}hello`],
    ['the same length as a list', `${head('200 OK', 'content-length: 5, 5')}hello`],
    ['a folded field', `${head('200 OK', 'X-Long: a', ' b', 'Content-Length: 5')}hello`],
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'],
    ['a line end behind the body', `${ok}\r\n`],
    [
      'HTTP/1.0 that keeps the connection',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello',
    ],
  ])('%s', async (_, bytes) => {
    const result = await loadSome(() => ({ bytes }));
    expect(errorsOf(result)).toEqual({});
    expect(result.requests).toBeGreaterThan(10);
    // The final reply alone is counted, whatever came before it.
    const last = /HTTP\/1\.\d (\d+)(?![^]*HTTP\/1)/.exec(bytes)?.[1];
    expect(Object.keys(result.replies)).toEqual([last]);
    expect(result.serverCloses).toBe(0);
    expect(codesOf(result).filter((code) => code !== 'redirects')).toEqual([]);
  });
});

describe('the end of a connection', () => {
  it.each([
    ['Connection: close', `${head('200 OK', 'Content-Length: 5', 'Connection: close')}hello`],
    ['Keep-Alive: max=0', `${head('200 OK', 'Content-Length: 5', 'Keep-Alive: timeout=5, max=0')}hello`],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['a body that the end delimits', 'HTTP/1.1 200 OK\r\n\r\nhello'],
  ])('announced by %s: nothing more is asked on it, and it is no error', async (_, last) => {
    const result = await load((n) => (n % 3 === 0 ? { bytes: last, ends: true } : { bytes: ok }));
    expect(errorsOf(result)).toEqual({});
    expect(server?.counts.afterLast).toBe(0);
    expect(result.requests).toBeGreaterThan(3);
    expect(result.serverCloses).toBeGreaterThan(0);
  });

  it('that crosses a request: sent again, and no error', async () => {
    // Says nothing of it and closes 20 ms later, when the next request has long come.
    const result = await load((n) => (n === 3 ? { bytes: ok, ends: true } : { bytes: ok }));
    expect(errorsOf(result)).toEqual({});
    expect(result.closedEarly).toBeGreaterThan(0);
    expect(result.requestsRetried).toBe(result.closedEarly);
    expect(codesOf(result)).toContain('closedEarly');
  });

  it('that crosses a request with a body: told, and not sent again', async () => {
    const result = await load((n) => (n === 3 ? { bytes: ok, ends: true } : { bytes: ok }), { requestBytes: 1 });
    expect(errorsOf(result)).toEqual({});
    expect(result.closedEarly).toBeGreaterThan(0);
    expect(result.requestsRetried).toBe(0);
  });

  it('before any reply on it is an error', async () => {
    const result = await load(() => ({ ends: true }));
    expect(errorsOf(result).reset).toBeGreaterThan(0);
    expect(result.notices).toContainEqual(expect.objectContaining({ level: 'error', code: 'noReply' }));
  });
});

describe('replies that are broken are told at once, with the line', () => {
  it.each([
    ['a length that is no number', head('200 OK', 'Content-Length: five'), 'Content-Length: five'],
    ['two lengths', `${head('200 OK', 'Content-Length: 5, 6')}hello`, 'Content-Length: 5, 6'],
    [
      'a chunk size that is no number',
      `${head('200 OK', 'Transfer-Encoding: chunked')}xyz\r\nhello\r\n0\r\n\r\n`,
      'xyz',
    ],
    ['a chunk that is too long', `${head('200 OK', 'Transfer-Encoding: chunked')}3\r\nhello\r\n0\r\n\r\n`, 'lo'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'SSH-2.0'],
    ['a change of protocol', head('101 Switching Protocols', 'Upgrade: x'), '101 Switching Protocols'],
    ['a field without a colon', `${head('200 OK', 'nonsense', 'Content-Length: 5')}hello`, 'nonsense'],
  ])('%s', async (_, bytes, line) => {
    const result = await load(() => ({ bytes }));
    expect(Object.keys(errorsOf(result))).toEqual(['protocol']);
    const told = result.notices.find(({ code }) => code === 'brokenReply');
    expect(told?.text).toContain(line);
    expect(result.notices).toContainEqual(expect.objectContaining({ level: 'error', code: 'noReply' }));
  });

  it('an end within a reply', async () => {
    const result = await load(() => ({ bytes: `${head('200 OK', 'Content-Length: 500')}hello`, ends: true }));
    expect(Object.keys(errorsOf(result))).toEqual(['protocol']);
    expect(result.notices.find(({ code }) => code === 'brokenReply')?.text).toContain('495 bytes before');
  });

  it('bytes that nobody asked for', async () => {
    const result = await load(() => ({ bytes: `${ok}!!!` }));
    expect(errorsOf(result).mismatch ?? errorsOf(result).protocol).toBeGreaterThan(0);
  });
});

describe('servers that say no', () => {
  it('half of the time: a table by code, with the connections kept', async () => {
    const no = `${head('503 Busy', 'Content-Length: 5')}sorry`;
    const result = await load((n) => ({ bytes: n % 2 === 0 ? no : ok }));
    const { 200: good = 0, 503: bad = 0 } = result.replies;
    expect(Math.abs(good - bad)).toBeLessThanOrEqual(2 * result.connections);
    expect(Object.keys(errorsOf(result))).toEqual(['reply']);
    expect(server?.counts.connections).toBe(result.connections);
    expect(codesOf(result)).toEqual(['refusals']);
  });

  it('always: that is an error of the run', async () => {
    const result = await load(() => ({ bytes: `${head('404 Not Found', 'Content-Length: 5')}nope!` }));
    expect(result.notices).toContainEqual(expect.objectContaining({ level: 'error', code: 'onlyRefusals' }));
  });

  it.each([
    ['a RESP error', '-NOAUTH Authentication required.\r\n', '-NOAUTH'],
    ['a RESP3 bulk error', '!21\r\nSYNTAX invalid syntax\r\n', '-SYNTAX'],
    ['a RESP error behind something pushed', '>2\r\n+message\r\n:1\r\n-ERR no\r\n', '-ERR'],
  ])('%s', async (_, bytes, code) => {
    const result = await load(() => ({ bytes }), { protocol: 'resp' }, 'PING\r\n');
    expect(Object.keys(result.replies)).toEqual([code]);
    // The one reply that a loop is counting while measuring begins or ends may be in one of both.
    expect(Math.abs(result.errors.reply - result.requests)).toBeLessThanOrEqual(2);
    expect(result.requests).toBeGreaterThan(10);
    expect(codesOf(result).filter((told) => told !== 'earlyErrors')).toEqual(['onlyRefusals']);
  });

  it.each([
    ['a map', '%1\r\n+a\r\n:1\r\n'],
    ['an attribute before the reply', '|1\r\n+ttl\r\n:3600\r\n+PONG\r\n'],
    ['null, boolean and double', '*3\r\n_\r\n#t\r\n,1.5\r\n'],
    ['a verbatim string', '=8\r\ntxt:pong\r\n'],
    ['an error within an array, which is data', '*2\r\n+a\r\n-ERR b\r\n'],
  ])('but not %s of RESP3', async (_, bytes) => {
    const result = await loadSome(() => ({ bytes }), { protocol: 'resp' }, 'PING\r\n');
    expect(errorsOf(result)).toEqual({});
    expect(result.requests).toBeGreaterThan(10);
  });
});

describe('nobody waits for ever', () => {
  it('a server that never answers: told, though no limit was reached', async () => {
    const result = await load(() => ({}), { connections: 4 });
    expect(result.notices).toContainEqual(
      expect.objectContaining({
        level: 'error',
        text: expect.stringMatching(
          /^No request .* was answered; 4 requests were not answered; the oldest had waited/,
        ) as string,
      }),
    );
  });

  it('the first byte, and the rest of a reply, have the limit', async () => {
    const first = await load(() => ({}), { timeoutMs: 50 });
    expect(first.timeouts.firstByte).toBe(first.errors.timeout);
    expect(first.errors.timeout).toBeGreaterThan(2);
    const rest = await load(() => ({ bytes: ok.slice(0, -1) }), { timeoutMs: 50 });
    expect(rest.timeouts.reply).toBe(rest.errors.timeout);
    expect(rest.errors.timeout).toBeGreaterThan(2);
  });

  it('a half-closed client waits for the end no longer than that', async () => {
    const clients = [{ profile: 'half-close' as const }];
    const result = await load(() => ({ bytes: ok }), { timeoutMs: 50, clients });
    // The server of node:net ends its side by itself; this one is told to keep it.
    expect(result.errors.timeout).toBe(result.timeouts.closing);
  });

  it('what was given up is in the percentiles as at least so long', async () => {
    const result = await load((_, total) => ({ bytes: ok, afterMs: total % 10 === 0 ? 5000 : 0 }), {
      ...{ timeoutMs: 100, durationSeconds: 1, connections: 4 },
    });
    expect(result.errors.timeout).toBeGreaterThan(5);
    expect(result.latency.corrected.p99).toBeGreaterThan(95_000);
    expect(codesOf(result)).toContain('givenUp');
  });
});

describe('open loop', () => {
  it('a rate that the server cannot take is told with what was due, sent and late', (context) =>
    measured(context, async () => {
      const result = await load(() => ({ bytes: ok, afterMs: 20 }), {
        ...{ clients: [{ profile: 'rate', rate: 2000 }], durationSeconds: 0.5 },
      });
      const { rate } = result;
      expect(codesOf(result)).toContain('rateNotHeld');
      // What was due and never sent has waited, too.
      expect(result.clientsAtEnd?.unsent).toBeGreaterThan(500);
      whenQuiet(() => {
        // Arrivals are of chance: a thousand of them lie within five standard deviations, 158.
        expect(Math.abs((rate?.askedPerSecond ?? 0) - 2000)).toBeLessThan(316);
        expect(rate?.sentPerSecond).toBeLessThan(150);
        expect(rate?.meanLateMs).toBeGreaterThan(50);
      });
    }));

  it('a rate that is held is not told of, and every count means what its name says', (context) =>
    measured(context, async () => {
      const result = await load(() => ({ bytes: ok }), {
        clients: [{ profile: 'rate', rate: 200 }],
        durationSeconds: 0.5,
      });
      whenQuiet(() => {
        expect(result.rate?.sent).toBe(result.rate?.due);
        expect(codesOf(result)).toEqual([]);
      });
    }));
});

it('requests sent are requests, not batches: they are what the server counts', async () => {
  const clients = [{ profile: 'closed' as const, pipeline: 8 }];
  const result = await load(() => ({ bytes: ok }), { clients });
  // All that the server had: the interval is most of it.
  expect(result.requestsSent).toBeLessThanOrEqual(server?.counts.requests ?? 0);
  expect(result.requestsSent).toBeGreaterThan(result.requests * 0.9);
});
