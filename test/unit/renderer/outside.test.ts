/** A server of the user's own: what the kernel tells of it is shown, and what nobody can count is not 0. */
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterNames } from '../../../shared/telemetry/wire.ts';
import ColourLegend from '../../../renderer/screens/scope/ColourLegend.vue';
import type { Told } from '../../../renderer/screens/scope/inspector-told.ts';
import { tell } from '../../../renderer/screens/scope/inspector-words.ts';
import SourcePane from '../../../renderer/screens/scope/SourcePane.vue';
import { aboutFigure, figureSpecs, figuresBetween } from '../../../renderer/stores/figures.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { isCounterCounted } from '../../../shared/telemetry/counted.ts';
import { notFromOutside } from '../../../renderer/stores/outside.ts';
import { history as shown } from '../../../renderer/stores/telemetry.ts';
import { palettes } from '../../../renderer/theme/palette.ts';
import { makeTracks } from '../../../renderer/tracks/catalogue.ts';
import { trackAsSvg } from '../../../renderer/tracks/export.ts';
import { Markers } from '../../../renderer/tracks/markers.ts';
import { statisticsTable } from '../../../renderer/tracks/statistics.ts';
import { toCsv, type Track } from '../../../renderer/tracks/track.ts';
import { fdWords } from '../../../renderer/tracks/socket-words.ts';
import { sortedRows } from '../../../renderer/tracks/socket-order.ts';
import { socketTable } from '../../../renderer/tracks/raster-table.ts';
import { busyId, busyPid, sharedFd, tellOutsideRun, waitingId, waitingPid, type OutsideRun } from './outside-frames.ts';
import { joined } from './scope-tools.ts';
import { fdFrame, startNs, tickNs, type SocketTold } from './tracks/given.ts';

function told(run?: OutsideRun): TelemetryHistory {
  const history = new TelemetryHistory();
  tellOutsideRun(history, run);
  return history;
}
const history = told();
const range = [startNs + 1e9, startNs + 9e9] as const;

function trackOf(of: TelemetryHistory, id: string): Track {
  const found = makeTracks(of).find((track) => track.id === id);
  if (found === undefined) throw new Error(`There is no track ${id}.`);
  return found;
}
const legendOf = (of: TelemetryHistory, id: string): Record<string, string> =>
  Object.fromEntries(
    trackOf(of, id)
      .legend(undefined, palettes.light)
      .map(({ label, value }) => [label, value]),
  );
const absentIn = (of: TelemetryHistory, id: string): string[] =>
  trackOf(of, id)
    .legend(undefined, palettes.light)
    .flatMap(({ label, absence }) => (absence === undefined ? [] : [label]));

describe('what is known', () => {
  it('is what the model frame says of who serves', () => {
    expect(history.isWatchedFromOutside).toBe(true);
    expect(told({ model: 'epoll-lt' }).isWatchedFromOutside).toBe(false);
    expect(new TelemetryHistory().isWatchedFromOutside).toBe(false);
    const next = told();
    next.reset();
    expect(next.isWatchedFromOutside).toBe(false);
    tellOutsideRun(next, { model: 'epoll-lt' });
    expect(next.counters.server.rateBetween('counter.requests', ...range)).toBe(0);
  });

  it('is what the kernel counts, and the rest is unknown and not 0', () => {
    const { server, clients } = history.counters;
    const known = counterNames.filter((name) => Number.isFinite(server.rateBetween(`counter.${name}`, ...range)));
    expect(known).toEqual(counterNames.filter((name) => isCounterCounted('outside', name)));
    expect(server.rateBetween('counter.voluntarySwitches', ...range)).toBeCloseTo(2000);
    expect(server.rateBetween('syscall.read', ...range)).toBeNaN();
    expect(clients.rateBetween('counter.errorReset', ...range)).toBe(0);
    expect(history.threads.total(1, 'voluntarySwitches')).toBe(7);
    expect(history.threads.total(1, 'requests')).toBeNaN();
  });

  it('connections of several processes with one fd have a row each', () => {
    const rows = [busyId, waitingId].map((id) => history.sockets.rowOfSocket(id, 'client'));
    expect(new Set(rows).size).toBe(2);
    expect(rows.map((row) => history.sockets.latestTenant(row ?? -1)?.fd)).toEqual([sharedFd, sharedFd]);
  });

  it('connections of several processes with one fd are told apart by pid, and keep the rows of their process', () => {
    const { sockets } = told();
    const row = (id: number): number => sockets.rowOfSocket(id, 'client') ?? -1;
    const rows = { busy: row(busyId), waiting: row(waitingId) };
    const words = (at: number): string => fdWords(sockets.latestTenant(at) ?? { fd: -1, pid: 0 }, sockets);
    expect([words(rows.busy), words(rows.waiting)]).toEqual([
      `fd ${sharedFd} · pid ${busyPid}`,
      `fd ${sharedFd} · pid ${waitingPid}`,
    ]);
    // The lower pid is on top, in whichever order they came.
    expect(Array.from(sortedRows(sockets, 'fd')).slice(1)).toEqual([rows.waiting, rows.busy]);
    const table = socketTable({ sockets, isWatchedFromOutside: true }, sortedRows(sockets, 'fd'), ...range, startNs);
    expect(table.columns.slice(0, 2)).toEqual(['fd', 'pid']);
    expect(table.rows.map((cells) => cells[1])).toEqual([Number.NaN, waitingPid, busyPid]);
    // Both are closed at once, and the process of the lower row gets the next connection.
    const ended = startNs + 11e9;
    const closed = (connectionId: number): SocketTold => ({ id: connectionId, state: 'closed', fd: sharedFd });
    sockets.take(fdFrame(ended, [closed(busyId), closed(waitingId)]));
    const next = { timeNs: ended + tickNs, connectionId: 77, fd: sharedFd, role: 'client', pid: waitingPid } as const;
    sockets.takeOpened([{ ...next, local: '', peer: '' }]);
    sockets.take(fdFrame(ended + tickNs, [{ id: 77, state: 'serving', fd: sharedFd }]));
    expect(row(77)).toBe(rows.waiting);
  });

  it('a session of before the pids opens with the fds alone', () => {
    const { sockets } = told({ isOld: true });
    const tenants = [busyId, waitingId].map((id) => sockets.latestTenant(sockets.rowOfSocket(id, 'client') ?? -1));
    expect(tenants.map((tenant) => tenant && fdWords(tenant, sockets))).toEqual([`fd ${sharedFd}`, `fd ${sharedFd}`]);
    expect(new Set(tenants.map((tenant) => tenant?.row)).size).toBe(2);
    const table = socketTable({ sockets, isWatchedFromOutside: true }, sortedRows(sockets, 'fd'), ...range, startNs);
    expect(table.columns).not.toContain('pid');
  });
});

describe('figures', () => {
  const figures = figuresBetween(history, ...range);

  it('are for each reply that the clients saw', () => {
    expect(figures.requestsPerSecond).toBeCloseTo(1000);
    expect(figures.cpuMicrosPerRequest).toBeCloseTo(100);
    expect(figures.switchesPerRequest).toBeCloseTo(2);
    expect(figures.syscallsPerRequest).toBeUndefined();
    expect(figures.eagainPerRequest).toBeUndefined();
  });

  it('say how they were obtained, and why one is not there', () => {
    const about = Object.fromEntries(figureSpecs.map((spec) => [spec.id, aboutFigure(spec, figures)]));
    expect(about.syscallsPerRequest).toBe(notFromOutside);
    expect(about.requestsPerSecond).toContain('the clients checked');
    const ofLab = figuresBetween(told({ model: 'epoll-lt' }), ...range);
    expect(figureSpecs.map((spec) => aboutFigure(spec, ofLab))).not.toContain(notFromOutside);
  });
});

describe('the tracks', () => {
  it('have a dash, and the reason, where the lab’s own servers have figures', () => {
    expect(legendOf(history, 'throughput')).toEqual({ served: '–', replies: '1000/s' });
    expect(absentIn(history, 'throughput')).toEqual(['served']);
    expect(legendOf(history, 'switches')).toEqual({ voluntary: '2000/s', involuntary: '0/s', coroutine: '–' });
    expect(absentIn(history, 'switches')).toEqual(['coroutine']);
    expect(legendOf(history, 'cpu')).toEqual({ user: '5%', kernel: '5%' });
    expect(legendOf(history, 'memory')).toEqual({ RSS: '3 MiB' });
    expect(legendOf(history, 'clients')).toMatchObject({ 'open connections': '2', 'errors/s': '0' });
  });

  it('of one of the lab have figures, and 0 is 0', () => {
    const ofLab = told({ model: 'epoll-lt' });
    for (const { id } of makeTracks(ofLab)) expect(absentIn(ofLab, id)).toEqual([]);
    expect(legendOf(ofLab, 'throughput')).toMatchObject({ served: '0/s' });
    expect(legendOf(ofLab, 'sockets')).toMatchObject({ 'reported ready, seen': '0%', 'error, seen': '0%' });
  });

  it('system calls say who could count them', () => {
    const syscalls = trackOf(history, 'syscalls');
    expect(syscalls.emptyText()).toContain(notFromOutside);
    expect(syscalls.emptyText()).toContain('strace -c -f -p PID');
    expect(syscalls.table(...range)).toMatchObject({ rows: [], note: syscalls.emptyText() });
  });

  it('sockets are served, wait or are idle, and in no state that nobody sees', () => {
    expect(legendOf(history, 'sockets')).toEqual({
      ...{ 'being served': '33.3%', 'data waits': '33.3%', idle: '33.3%', closed: '0%' },
      ...{ 'reported ready': '–', 'asked in vain': '–', 'write blocked': '–', error: '–' },
    });
    expect(trackOf(history, 'sockets').help).toContain(notFromOutside);
  });

  it('threads that wait for a core are known only where switches are recorded', () => {
    expect(legendOf(history, 'threads')).toMatchObject({ 'on a core': '33.3%', 'ready, waits for a core': '0%' });
    expect(absentIn(history, 'threads')).toEqual(['sleeps until a time']);
    const withoutPerf = told({ recordsSwitches: false });
    expect(legendOf(withoutPerf, 'threads')).toMatchObject({ 'ready, waits for a core': '–' });
    const { columns, rows } = trackOf(withoutPerf, 'threads').table(...range);
    expect(rows[0]?.[columns.indexOf('ready ms')]).toBeNaN();
  });

  it('have empty cells in tables, and no lines in pictures', () => {
    const cellOf = (id: string, column: string, row = -1): string | number | undefined => {
      const { columns, rows } = trackOf(history, id).table(...range);
      return rows.at(row)?.[columns.indexOf(column)];
    };
    expect(cellOf('throughput', 'served 1/s')).toBeNaN();
    expect(cellOf('throughput', 'replies 1/s')).toBeCloseTo(1000);
    expect(cellOf('switches', 'coroutine 1/s')).toBeNaN();
    expect(cellOf('threads', 'requests', 0)).toBeNaN();
    expect(cellOf('threads', 'sleeping ms', 0)).toBeNaN();
    expect(cellOf('threads', 'running ms', 0)).toBeCloseTo(8000);
    expect(cellOf('sockets', 'reported ready ms', 1)).toBeNaN();
    expect(cellOf('sockets', 'being served ms', 1)).toBeNaN();
    const csv = toCsv(statisticsTable(makeTracks(history), ...range));
    expect(csv).toContain('Throughput,served,\r\n');
    expect(csv).toContain('System calls,all names,\r\n');
    expect(csv).toContain('Readiness,reported ready,\r\n');
    expect(csv).not.toContain('–');
    const view = { fromNs: range[0], toNs: range[1], widthPx: 800, heightPx: 96, pixelRatio: 1 };
    const svg = trackAsSvg(trackOf(history, 'throughput'), { ...view, palette: palettes.light }, startNs);
    expect(svg).not.toContain('>served</text>');
    expect(svg).toContain('>replies</text>');
    expect(svg).not.toContain('NaN');
  });

  it('the flag at its beginning does not call it a model', () => {
    expect(new Markers(history).all[0]?.text).toBe('Your own server, watched from outside from here on');
  });
});

describe('the inspector', () => {
  const timeNs = startNs + 5e9;
  const when = {
    at: { from: 'click', timeNs },
    now: { timeNs, words: 'Now' },
    over: { words: 'window', fromNs: startNs, toNs: timeNs },
  } as const;
  const socket = (id: number): Told => {
    const row = history.sockets.rowOfSocket(id, 'client') ?? -1;
    return tell(history, { kind: 'socket', row, connectionId: id, role: 'client', fd: sharedFd, timeNs }, when);
  };
  const factsOf = ({ parts }: Told): Record<string, string> =>
    Object.fromEntries(parts.flatMap(({ facts }) => facts.map(({ name, value }) => [name, value])));

  it('says what was seen of a socket, and not what the server did', () => {
    expect(socket(busyId).parts[0]).toMatchObject({
      heading: 'At 5.0 s, where you clicked',
      sentence: 'being served: Bytes were taken from it, or given to it to be sent, since the last look.',
      eventsNote: notFromOutside,
    });
    expect(socket(waitingId).parts[0]?.sentence).toContain('the server has not taken them');
    expect(socket(waitingId).title).toBe(`Connection, fd ${sharedFd} · pid ${waitingPid}`);
    expect(factsOf(socket(waitingId))).toMatchObject({
      process: `pid ${waitingPid}`,
      'first seen': '0.0 s',
      'receive queue': '64 B',
      'data waits': '500 µs',
    });
  });

  it('counts no requests of a thread', () => {
    const told = tell(history, { kind: 'thread', threadId: 1, timeNs }, when);
    expect(factsOf(told)).toMatchObject({ requests: '–', 'voluntary switches': '7' });
    expect(told.parts[0]?.eventsNote).toBe(notFromOutside);
  });
});

describe('beside the tracks', () => {
  beforeEach(async () => {
    await joined();
  });
  afterEach(() => {
    shown.reset();
    vi.unstubAllGlobals();
  });

  it('the legend of colours has those that can be seen, as soon as it is known', async () => {
    const legend = mount(ColourLegend);
    expect(legend.text()).toContain('reported ready');
    tellOutsideRun(shown);
    await flushPromises();
    expect(legend.text()).not.toContain('reported ready');
    expect(legend.text()).not.toContain('sleeps until a time');
    expect(legend.text()).toContain('Bytes were taken from it');
    expect(legend.text()).toContain(notFromOutside);
  });

  it('the source is not told to be that of the server', async () => {
    const pane = mount(SourcePane);
    await flushPromises();
    expect(pane.text()).not.toContain('your own server');
    tellOutsideRun(shown);
    await flushPromises();
    expect(pane.text()).toContain('The tracks show your own server');
  });
});
