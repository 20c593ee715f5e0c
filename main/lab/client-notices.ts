/** What the clients' account means to who reads the figures: who was not served, what was given up, what was not sent. */
import { errorCounter, isRefusal, type LatencySummary } from '../../shared/run-result.ts';
import { counterOf, type Counters } from '../../shared/telemetry/codec.ts';
import type { ClientFiguresOnly } from './measured-clients.ts';
import { countedErrors, type Notices } from './notices.ts';

export interface ClientsContext {
  readonly target: string;
  readonly timeoutMs: number;
  readonly seconds: number;
  /** Counters of the load engine when the measured interval was over. */
  readonly atEnd: Counters;
  /** A server of the lab may be meant to serve nobody: that is a warning there, and a failure of any other server. */
  readonly isOurs: boolean;
}

/** A server that holds back more than this share of an open loop was not measured at the rate that was asked for. */
const heldShare = 0.95;

type Figures = Pick<ClientFiguresOnly, 'requests' | 'errors' | 'account'> & {
  readonly latency: { readonly corrected: LatencySummary };
};

const number = (value: number): string => Math.round(value).toLocaleString('en-US');
const counted = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;
const secondsText = (seconds: number): string => `${Number(seconds.toPrecision(2))} s`;
const codesText = (codes: Readonly<Record<string, number>>): string =>
  Object.entries(codes)
    .sort((a, b) => b[1] - a[1])
    .map(([code, count]) => `${code} ${number(count)} times`)
    .join(', ');

/** What was still open at the end, in words; '' where nothing was. */
function openText({ clientsAtEnd }: Figures['account']): string {
  if (clientsAtEnd === null) return '';
  const { waiting, connecting, unsent, oldestMs } = clientsAtEnd;
  const parts = [
    ...(waiting > 0 ? [`${counted(waiting, 'request was', 'requests were')} not answered`] : []),
    ...(connecting > 0
      ? [`${counted(connecting, 'connection was', 'connections were')} neither opened nor refused`]
      : []),
    ...(unsent > 0 ? [`${counted(unsent, 'request was', 'requests were')} due and not sent`] : []),
  ];
  return parts.length === 0 ? '' : `${parts.join(', ')}; the oldest had waited ${secondsText(oldestMs / 1000)}`;
}

function noticeUnserved(notices: Notices, context: ClientsContext, figures: Figures): void {
  const { target, seconds, atEnd, isOurs } = context;
  const { account } = figures;
  const asked = account.clientsAtEnd?.asked ?? 0;
  const answered = account.clientsAtEnd?.answered ?? 0;
  const level = isOurs ? 'warning' : 'error';
  const met = countedErrors((kind) => counterOf(atEnd, errorCounter(kind)));
  const open = openText(account);
  if (counterOf(atEnd, 'requests') === 0 && (met !== '' || (asked > 0 && open !== ''))) {
    const what = [...(open === '' ? [] : [open]), ...(met === '' ? [] : [`the clients met errors: ${met}`])].join('; ');
    const text = `No request to ${target} was answered; ${what}.`;
    notices.add('lab', { level, code: 'noReply', text });
    return;
  }
  if (asked === 0 || answered >= asked) return;
  notices.warn(
    'unservedClients',
    `${number(answered)} of ${counted(asked, 'client')} got a reply in ${secondsText(seconds)}${open === '' ? '' : `; at the end ${open}`}.`,
  );
}

/** A password that is refused is one before any request. */
function refusalsText(refused: number, requests: number, codes: string): string {
  if (requests === 0) return `The server let no client in: ${codes}.`;
  return refused >= requests
    ? `Every reply was a refusal (${codes}): these figures are of refusing and not of serving.`
    : `${number(refused)} of ${number(requests)} replies were refusals: ${codes}.`;
}

function noticeReplies(notices: Notices, { isOurs }: ClientsContext, { requests, errors, account }: Figures): void {
  const refusals = Object.fromEntries(Object.entries(account.replies).filter(([code]) => isRefusal(code)));
  const redirects = Object.fromEntries(Object.entries(account.replies).filter(([code]) => code.startsWith('3')));
  if (errors.reply > 0) {
    const all = errors.reply >= requests;
    const text = refusalsText(errors.reply, requests, codesText(refusals));
    notices.add('lab', { level: all && !isOurs ? 'error' : 'warning', code: all ? 'onlyRefusals' : 'refusals', text });
  }
  if (Object.keys(redirects).length > 0) {
    const text = `Redirects are counted and not followed: ${codesText(redirects)}.`;
    notices.add('lab', { level: 'info', code: 'redirects', text });
  }
}

/** Its connections end with nearly every reply: then connecting is what is measured, whatever profile was asked for. */
function noticeEndedConnections(notices: Notices, { requests, errors, account }: Figures): void {
  const { serverCloses, closedEarly, requestsRetried } = account;
  const ends = serverCloses + errors.reset;
  if (requests > 0 && ends >= requests / 2) {
    const replies = ends >= requests * 0.9 ? 'nearly every reply' : 'every other reply or more';
    notices.warn(
      'closedConnections',
      `The server ended the connection after ${replies} (${number(ends)} times), so that connecting is measured with it; who means that asks for the profile churn.`,
    );
  }
  if (closedEarly === 0) return;
  const again = requestsRetried === closedEarly ? 'they were sent again' : `${number(requestsRetried)} were sent again`;
  notices.add('lab', {
    level: 'info',
    code: 'closedEarly',
    text: `${counted(closedEarly, 'request')} crossed the end of a connection that the server closed; ${again}, and count from when they were first sent.`,
  });
}

function noticeTimeouts(notices: Notices, { timeoutMs }: ClientsContext, { errors, account }: Figures): void {
  if (errors.timeout === 0) return;
  const { connect, firstByte, reply, closing } = account.timeouts;
  const parts = [
    ...(connect > 0 ? [`${number(connect)} while connecting`] : []),
    ...(firstByte > 0 ? [`${number(firstByte)} before the first byte of a reply`] : []),
    ...(reply > 0 ? [`${number(reply)} within a reply`] : []),
    ...(closing > 0 ? [`${number(closing)} waiting for the end of the stream`] : []),
  ];
  notices.warn(
    'givenUp',
    `${counted(errors.timeout, 'connection was', 'connections were')} given up after ${number(timeoutMs)} ms: ${parts.join(', ')}. Their requests are in the latencies as having taken as long as they were waited for, so what is above that is at least so much.`,
  );
}

function noticeRate(notices: Notices, { rate }: Figures['account'], requests: number): void {
  if (rate === null || rate.sent >= rate.due * heldShare) return;
  notices.warn(
    'rateNotHeld',
    `${number(rate.askedPerSecond)} requests a second were due and ${number(rate.sentPerSecond)} were sent: ${number(rate.due - rate.sent)} of ${number(rate.due)} found no connection that was free${requests === 0 ? '' : '; the server takes no more, or there are too few connections'}.`,
  );
}

/** Where TLS was spoken with whoever answered. */
export const noticeUnchecked = (notices: Notices, target: string): void =>
  notices.warn(
    'certificateNotChecked',
    `The certificate of ${target} was not checked (--insecure): anybody may have answered.`,
  );

/** Of a run of so many requests that ended before all were asked: by its longest duration, or as nobody was answered. */
export function noticeUnasked(
  notices: Notices,
  { requests, asked }: { readonly requests: number; readonly asked: number },
  seconds: number,
): void {
  if (asked >= requests) return;
  const text = `${number(asked)} of ${counted(requests, 'request')} were asked in ${secondsText(seconds)}; then the run was ended.`;
  notices.add('lab', { level: 'error', code: 'requestsNotAsked', text });
}

/** Tells all of it, each thing where it is the case. */
export function noticeClients(notices: Notices, context: ClientsContext, figures: Figures): void {
  noticeUnserved(notices, context, figures);
  noticeReplies(notices, context, figures);
  noticeEndedConnections(notices, figures);
  noticeTimeouts(notices, context, figures);
  noticeRate(notices, figures.account, figures.requests);
}
