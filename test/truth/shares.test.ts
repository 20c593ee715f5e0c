/** What the shares of sockets promise, in every model: they add up, and nothing is served or reported that was not. */
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventKinds, fdRoles, syscallNames } from '../../shared/telemetry/wire.ts';
import { openNs, shareOf } from '../../shared/telemetry/shares.ts';
import { allModels } from '../support/engines.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { Inspection } from '../support/inspection.ts';
import { runLoad } from '../support/load-engine.ts';
import { ServerUnderTest } from '../support/server-under-test.ts';

const models = allModels().filter(({ id, available }) => available && id !== 'node');

/** Calls on a socket that are service; others only say something about it. */
const serviceCalls = new Set(['read', 'readv', 'recvfrom', 'write', 'writev', 'sendto', 'accept4', 'connect']);
/** The telemetry thread reads sums while their threads go on: so much may be told a tick early or late. */
const slackNs = 2e6;
const { EAGAIN } = constants.errno;

interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

const within = (spans: readonly Span[], untilNs: number): number =>
  spans.reduce((sum, { fromNs, toNs }) => sum + Math.max(0, Math.min(toNs, untilNs) - fromNs), 0);

/** By connection: when a thread was at it, by its calls, its handler and what lay between two of them; and reports. */
function spansOf({ events, opened }: Inspection): { serving: Map<number, Span[]>; reported: Map<number, Span[]> } {
  const serving = new Map<number, Span[]>();
  const reported = new Map<number, Span[]>();
  const push = (map: Map<number, Span[]>, key: number, span: Span): void => {
    const spans = map.get(key);
    if (spans) spans.push(span);
    else map.set(key, [span]);
  };
  const clients = new Set(opened.filter(({ role }) => role === 'client').map(({ connectionId }) => connectionId));
  const byThread = new Map<
    number,
    { kind: number; code: number; id: number; result: number; fromNs: number; toNs: number }[]
  >();
  for (const frame of events) {
    const list = byThread.get(frame.threadId) ?? [];
    byThread.set(frame.threadId, list);
    for (let i = 0; i < frame.count; i++) {
      const fromNs = frame.timesNs[i] ?? 0;
      const { kinds, codes, connectionIds, results, durationsNs } = frame;
      list.push({
        ...{ kind: kinds[i] ?? 0, code: codes[i] ?? 0, id: connectionIds[i] ?? 0, result: results[i] ?? 0 },
        ...{ fromNs, toNs: fromNs + (durationsNs[i] ?? 0) },
      });
    }
  }
  const reportedAt: { id: number; atNs: number }[] = [];
  const waits = new Set(['epoll_wait', 'epoll_pwait2', 'poll', 'pselect6', 'rt_sigtimedwait', 'io_uring_enter']);
  const touchedAt = new Map<number, number[]>();
  for (const list of byThread.values()) {
    let turn: { id: number; fromNs: number; toNs: number } | undefined;
    let waitedNs = 0;
    for (const { kind, code, id, result, fromNs, toNs } of list) {
      // All that a wait tells of is reported when it returns, and then looked at one after the other.
      if (kind === eventKinds.syscall && waits.has(syscallNames[code] ?? '')) waitedNs = toNs;
      if (kind === eventKinds.ready && clients.has(id)) reportedAt.push({ id, atNs: waitedNs });
      // To ask in vain is no service, and does not begin a turn; within one it is part of it.
      if (result === -EAGAIN && turn?.id !== id) continue;
      const serves =
        kind === eventKinds.handled ||
        (kind === eventKinds.ready && (code & 16) !== 0) ||
        (kind === eventKinds.syscall && serviceCalls.has(syscallNames[code] ?? ''));
      if (serves && clients.has(id)) {
        const touched = touchedAt.get(id);
        if (touched) touched.push(fromNs);
        else touchedAt.set(id, [fromNs]);
        if (turn?.id === id) turn.toNs = Math.max(turn.toNs, toNs);
        else {
          if (turn) push(serving, turn.id, turn);
          turn = { id, fromNs, toNs };
        }
      } else if (kind === eventKinds.syscall && id !== turn?.id) {
        if (turn) push(serving, turn.id, turn);
        turn = undefined;
      } else if (turn && kind === eventKinds.step) {
        // Between two calls of a turn, or the end of its handler.
        turn.toNs = Math.max(turn.toNs, fromNs);
      }
    }
    if (turn) push(serving, turn.id, turn);
  }
  for (const touched of touchedAt.values()) touched.sort((a, b) => a - b);
  for (const { id, atNs } of reportedAt) {
    const next = touchedAt.get(id)?.find((touchedNs) => touchedNs >= atNs);
    push(reported, id, { fromNs: atNs, toNs: next ?? Number.POSITIVE_INFINITY });
  }
  return { serving, reported };
}

describe.each(models)('shares of $id', ({ id: model }) => {
  it('add up, and serve and report nothing that its events do not', (context) =>
    measured(context, async () => {
      const server = await ServerUnderTest.start(model, { level: 'events', workUs: 300 });
      const inspection = new Inspection(server);
      try {
        await runLoad({
          ...{ target: `127.0.0.1:${server.port}`, protocol: 'http', handler: 'respond', responseBytes: 128 },
          ...{ durationMs: 800, warmupMs: 0, clients: [{ profile: 'rate', connections: 4, rate: 200 }] },
        });
        await sleep(150);
        expect(await server.stop()).toMatchObject({ code: 0 });
        expect(inspection.fdShares.length).toBeGreaterThan(2);
        const { serving, reported } = spansOf(inspection);
        const told = new Map<number, { serving: number; reported: number }>();
        let served = 0;
        let lastNs = 0;
        for (const frame of inspection.fdShares) {
          // One span after the other, without a gap.
          if (lastNs !== 0 && frame.timeNs !== lastNs) expect(frame.timeNs - frame.spanNs).toBe(lastNs);
          lastNs = frame.timeNs;
          for (let row = 0; row < frame.count; row++) {
            const id = frame.connectionIds[row] ?? 0;
            const isWhole = inspection.opened.some(
              ({ connectionId, timeNs }) => connectionId === id && timeNs < frame.timeNs - frame.spanNs,
            );
            expect(openNs(frame, row)).toBeLessThanOrEqual(frame.spanNs);
            const isLast = inspection.fdStates.some(
              (states) => states.connectionIds.includes(id) && states.timeNs === frame.timeNs && server.port > 0,
            );
            if (isWhole && !isLast) expect(openNs(frame, row)).toBe(frame.spanNs);
            if (fdRoles[frame.roles[row] ?? 0] !== 'client') continue;
            const sum = told.get(id) ?? { serving: 0, reported: 0 };
            sum.serving += shareOf(frame, row, 'serving');
            sum.reported += shareOf(frame, row, 'reported');
            told.set(id, sum);
            served += shareOf(frame, row, 'serving');
            const at = `connection ${id} at ${frame.timeNs}`;
            // A thread that loses its core between two looks at the clock tells one of them late.
            whenQuiet(() => {
              expect(sum.serving, at).toBeLessThanOrEqual(within(serving.get(id) ?? [], frame.timeNs) + slackNs);
              expect(sum.reported, at).toBeLessThanOrEqual(within(reported.get(id) ?? [], frame.timeNs) + slackNs);
            });
          }
        }
        // The handler alone takes so long, and was seen.
        expect(served).toBeGreaterThan(0);
      } finally {
        server.kill();
      }
    }));
});
