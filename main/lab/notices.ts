/** Facts that a reader of figures must know, from the engines and from the figures themselves; each once. */
import { noiseSentence, type MachineNoise } from '../../shared/machine-noise.ts';
import type { ResultNotice } from '../../shared/run-result.ts';
import { errorCounter } from '../../shared/run-result.ts';
import { counterOf, type Counters } from '../../shared/telemetry/codec.ts';
import { errorKinds, type ErrorKind } from '../../shared/telemetry/wire.ts';
import type { Notice } from '../../shared/engine-messages.ts';

/** Above this share of their cores the clients are the limit, not the server. */
export const clientLimitShare = 0.9;

export class Notices {
  readonly #notices: ResultNotice[] = [];

  add(source: ResultNotice['source'], { level, code, text }: Notice): void {
    const known = this.#notices.some(
      (notice) => notice.source === source && notice.code === code && notice.text === text,
    );
    if (!known) this.#notices.push({ level, code, text, source });
  }

  warn(code: string, text: string): void {
    this.add('lab', { level: 'warning', code, text });
  }

  get all(): readonly ResultNotice[] {
    return this.#notices;
  }
}

export const countedErrors = (countOf: (kind: ErrorKind) => number): string =>
  errorKinds
    .map((kind) => ({ kind, count: countOf(kind) }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${kind} ${count}`)
    .join(', ');

/** What happened before the measured interval, while connections were opened, and so is missing in its figures. */
export function noticeEarlyErrors(notices: Notices, clientsAtSteady: Counters): void {
  // Refusals have a notice of their own, and a server that refuses does so from the first request on.
  const early = countedErrors((kind) => (kind === 'reply' ? 0 : counterOf(clientsAtSteady, errorCounter(kind))));
  if (early === '') return;
  notices.warn(
    'earlyErrors',
    `Before the measured interval the clients met errors that its figures do not hold: ${early}.`,
  );
}

/** What the server could not hold, since it began. */
export function noticeServerLimits(notices: Notices, serverAtEnd: Counters): void {
  const outOfRange = counterOf(serverAtEnd, 'errorSelectRange');
  if (outOfRange > 0) {
    notices.warn(
      'selectRange',
      `select closed ${outOfRange} connections at once, as their fd was 1024 (FD_SETSIZE) or more: an fd_set has no bit for it.`,
    );
  }
  const noFd = counterOf(serverAtEnd, 'errorFdLimit');
  if (noFd > 0) {
    notices.warn(
      'fdLimit',
      `The server had no file descriptor left ${noFd} times; \`ulimit -n\` says how many it may have.`,
    );
  }
}

/** `share` is CPU time over interval and threads. */
export function noticeClientLimit(notices: Notices, share: number, threads: number): void {
  if (share <= clientLimitShare) return;
  const cores = threads === 1 ? 'its core' : `each of its ${threads} cores`;
  notices.warn(
    'clientLimit',
    `The load engine used ${Math.round(share * 100)}% of ${cores}: the clients, not the server, limit these figures.`,
  );
}

export function noticeMismatches(notices: Notices, mismatches: number): void {
  if (mismatches === 0) return;
  notices.add('lab', {
    level: 'error',
    code: 'mismatch',
    text: `${mismatches} replies were not, byte for byte, what the server should have sent.`,
  });
}

/** Of a run that Ctrl-C ended within its measured interval. */
export function noticeCut(notices: Notices, isCut: boolean, seconds: number, wantedSeconds: number): void {
  if (!isCut) return;
  const text = `Interrupted after ${seconds.toFixed(1)} s of ${wantedSeconds} s: the figures are of that time.`;
  notices.add('lab', { level: 'warning', code: 'interrupted', text });
}

/** What others took from the measured interval. */
export function noticeNoise(notices: Notices, noise: MachineNoise | undefined): void {
  const busy = noise && noiseSentence(noise);
  if (busy !== undefined) notices.warn('machineBusy', busy);
}

export function noticeSharedCore(notices: Notices, cpus: number): void {
  if (cpus > 1) return;
  notices.warn('sharedCore', "Server and clients share one CPU here and take each other's time.");
}
