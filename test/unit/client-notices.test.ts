import { describe, expect, it } from 'vitest';
import { noticeClients } from '../../main/lab/client-notices.ts';
import type { ClientFiguresOnly } from '../../main/lab/measured-clients.ts';
import { Notices } from '../../main/lab/notices.ts';
import type { ResultNotice } from '../../shared/run-result.ts';
import { errorKinds } from '../../shared/telemetry/wire.ts';
import { countersFrame } from './session-frames.ts';

type Account = ClientFiguresOnly['account'];

const quiet: Account = {
  ...{ replies: {}, serverCloses: 0, closedEarly: 0, requestsRetried: 0, rate: null, profiles: {} },
  clientsAtEnd: { asked: 4, answered: 4, waiting: 4, connecting: 0, unsent: 0, oldestMs: 0.2 },
  timeouts: { connect: 0, firstByte: 0, reply: 0, closing: 0 },
};
const noErrors = Object.fromEntries(errorKinds.map((kind) => [kind, 0])) as ClientFiguresOnly['errors'];
const latency = { corrected: { p50: 1, p90: 1, p99: 1, p999: 1, max: 1, mean: 1, count: 1 } };

interface Given {
  readonly account?: Partial<Account>;
  readonly requests?: number;
  readonly errors?: Partial<ClientFiguresOnly['errors']>;
  readonly counters?: Parameters<typeof countersFrame>[1];
  readonly isOurs?: boolean;
}

function told({ account, requests = 1000, errors, counters = { requests }, isOurs = false }: Given): ResultNotice[] {
  const notices = new Notices();
  const atEnd = countersFrame(1, counters);
  noticeClients(
    notices,
    { target: '127.0.0.1:1', timeoutMs: 400, seconds: 1, atEnd, isOurs },
    { requests, errors: { ...noErrors, ...errors }, account: { ...quiet, ...account }, latency },
  );
  return [...notices.all];
}

describe('what the clients account for', () => {
  it('is not told where all is well', () => {
    expect(told({})).toEqual([]);
  });

  it.each([
    [
      'sent and never answered',
      { waiting: 4 },
      /^No request .* 4 requests were not answered; the oldest had waited 1\.2 s\.$/,
    ],
    ['never connected', { connecting: 10 }, /10 connections were neither opened nor refused/],
  ])('a server that answers nobody is a failure: %s', (_, open, sentence) => {
    const clientsAtEnd = { asked: 4, answered: 0, waiting: 0, connecting: 0, unsent: 0, oldestMs: 1200, ...open };
    const [notice] = told({ requests: 0, account: { clientsAtEnd } });
    expect(notice).toMatchObject({ level: 'error', code: 'noReply', text: expect.stringMatching(sentence) as string });
    // A lab may be about just that.
    expect(told({ requests: 0, account: { clientsAtEnd }, isOurs: true })[0]).toMatchObject({ level: 'warning' });
  });

  it('clients that only hold connections want no reply', () => {
    const clientsAtEnd = { asked: 0, answered: 0, waiting: 0, connecting: 0, unsent: 0, oldestMs: 0 };
    expect(told({ requests: 0, account: { clientsAtEnd } })).toEqual([]);
  });

  it('errors that kept every reply away are named', () => {
    const clientsAtEnd = { asked: 2, answered: 0, waiting: 0, connecting: 0, unsent: 0, oldestMs: 0 };
    const [notice] = told({ requests: 0, account: { clientsAtEnd }, counters: { errorRefused: 7 } });
    expect(notice).toMatchObject({ level: 'error', text: expect.stringContaining('errors: refused 7') as string });
  });

  it('those who were not served are counted beside those who were', () => {
    const clientsAtEnd = { asked: 500, answered: 16, waiting: 484, connecting: 0, unsent: 0, oldestMs: 3000 };
    expect(told({ account: { clientsAtEnd } })).toMatchObject([
      {
        code: 'unservedClients',
        text: expect.stringMatching(/^16 of 500 clients got a reply in 1 s; at the end 484/) as string,
      },
    ]);
  });

  it('refusals are told by code, and a server that only refuses was not measured', () => {
    const account = { replies: { '200': 500, '503': 500 } };
    expect(told({ account, errors: { reply: 500 } })).toMatchObject([
      { level: 'warning', code: 'refusals', text: '500 of 1,000 replies were refusals: 503 500 times.' },
    ]);
    expect(told({ account: { replies: { '-NOAUTH': 1000 } }, errors: { reply: 1000 } })).toMatchObject([
      { level: 'error', code: 'onlyRefusals', text: expect.stringContaining('-NOAUTH 1,000 times') as string },
    ]);
  });

  it('redirects are told', () => {
    expect(told({ account: { replies: { '301': 1000 } } })).toMatchObject([{ level: 'info', code: 'redirects' }]);
  });

  it('a server that ends its connections is told from one that ends a few', () => {
    const codes = (serverCloses: number, requests = 1000): string[] =>
      told({ requests, account: { serverCloses } }).map(({ code }) => code);
    expect(codes(998)).toEqual(['closedConnections']);
    expect(codes(600)).toEqual(['closedConnections']);
    expect(codes(20)).toEqual([]);
  });

  it('requests that crossed an end are told, and which of them were sent again', () => {
    const [all] = told({ account: { closedEarly: 12, requestsRetried: 12 } });
    expect(all).toMatchObject({ level: 'info', text: expect.stringContaining('they were sent again') as string });
    const [some] = told({ account: { closedEarly: 12, requestsRetried: 0 } });
    expect(some?.text).toContain('0 were sent again');
  });

  it('what was given up is told by what it waited for', () => {
    const account = { timeouts: { connect: 1, firstByte: 2, reply: 3, closing: 4 } };
    const [notice] = told({ account, errors: { timeout: 10 } });
    expect(notice?.text).toMatch(
      /^10 connections were given up after 400 ms: 1 while connecting, 2 before .*, 3 within .*, 4 waiting for the end/,
    );
  });

  it('a rate that was not held is told with what was due and what was sent', () => {
    const rate = { askedPerSecond: 50_000, sentPerSecond: 6300, due: 50_000, sent: 6300, meanLateMs: 400 };
    expect(told({ account: { rate } })).toMatchObject([
      {
        code: 'rateNotHeld',
        text: expect.stringMatching(/^50,000 requests a second were due and 6,300 were sent/) as string,
      },
    ]);
    expect(told({ account: { rate: { ...rate, sent: 49_000 } } })).toEqual([]);
  });
});
