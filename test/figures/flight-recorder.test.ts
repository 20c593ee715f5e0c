/** Each trigger of the flight recorder on real engines: silent while all is well, and then tripped by what it is armed for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import type { z } from 'zod';
import { LabService } from '../../main/lab/lab-service.ts';
import { LiveLab } from '../../main/lab/live/live-lab.ts';
import { SessionLibrary } from '../../main/lab/sessions/library.ts';
import { SessionFile } from '../../main/lab/sessions/session-file.ts';
import { flightSettingsSchema, type FlightKept } from '../../shared/contract/flight.ts';
import { liveSettingsSchema, type LiveSettingsInput } from '../../shared/contract/live.ts';
import { decodeEvents, decodeFdStates, decodeOpened } from '../../shared/telemetry/codec.ts';
import { eventKinds, fdFlags, frameKinds } from '../../shared/telemetry/wire.ts';
import { settled } from '../support/server-under-test.ts';
import { measured, whenQuiet } from '../support/figures.ts';
import { RawClient } from '../support/raw-client.ts';

const beforeSeconds = 2;
const afterSeconds = 1;
/** No machine is so busy that a server at rest answers so late. */
const farTooLongMs = 1000;

const idleServer: LiveSettingsInput = {
  server: { model: 'epoll-lt' },
  connections: 4,
  clients: [{ profile: 'closed', thinkMs: 20 }],
};

interface Kept {
  readonly trip: FlightKept;
  /** Of a session: what is in it, by kind. */
  readonly startedNs: number;
  readonly endedNs: number;
  readonly eventTimesNs: readonly number[];
  readonly session: SessionFile;
}

const service = new LabService();

/** A lab with a flight recorder of its own. */
class Flight {
  readonly folder = mkdtempSync(join(tmpdir(), 'fdscope-flight-'));
  readonly lab = new LiveLab(service, new SessionLibrary(this.folder), service.recordingSettings);
  readonly kept: FlightKept[] = [];
  readonly #failed: string[] = [];
  #opened: SessionFile | undefined;

  constructor() {
    this.lab.flight.on({
      state: () => {},
      kept: (each) => this.kept.push(each),
      failed: (why) => this.#failed.push(why),
    });
  }

  async end(): Promise<void> {
    await this.lab.stop();
    await this.lab.disarmFlight();
    await this.#opened?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Arms, waits until the recorder holds what it may be asked for, and has said nothing. */
  async well(settings: LiveSettingsInput, changes: z.input<typeof flightSettingsSchema>): Promise<void> {
    const { lab, kept } = this;
    const armed = flightSettingsSchema.parse({ beforeSeconds, afterSeconds, ...changes });
    await lab.armFlight(armed);
    await lab.start(liveSettingsSchema.parse(settings));
    expect(lab.state.settings?.detail).toEqual({ level: 'events', switches: true });
    await settled(
      () => lab.flight.state.heldSeconds,
      (seconds) => seconds >= armed.beforeSeconds,
      60_000,
    );
    // A machine that gives no core for a second makes replies late and sockets wait.
    whenQuiet(() => expect(kept).toEqual([]));
    expect(lab.flight.state.isKeeping).toBe(false);
  }

  /** What the cause made it keep: one session, with what was before and after the moment. */
  async whatIsKept(): Promise<Kept> {
    await settled(
      () => this.kept.length + this.#failed.length,
      (count) => count > 0,
      60_000,
    );
    expect(this.#failed).toEqual([]);
    const [trip] = this.kept;
    if (!trip) throw new Error('nothing was kept');
    const session = (this.#opened = await SessionFile.open(join(this.folder, trip.file)));
    const eventTimesNs: number[] = [];
    for await (const { source, kind, payload } of session.frames()) {
      if (source !== 'server') continue;
      if (kind === frameKinds.events) eventTimesNs.push(...decodeEvents(payload).timesNs);
    }
    const { startedNs, endedNs } = session;
    return { trip, startedNs, endedNs, eventTimesNs, session };
  }
}

const inFlight = (context: TestContext, work: (flight: Flight) => Promise<void>): Promise<void> =>
  measured(context, async () => {
    const flight = new Flight();
    try {
      await work(flight);
    } finally {
      await flight.end();
    }
  });

/** Before the moment as much as was asked for, and after it; events on both sides. */
function surrounds({ trip, startedNs, endedNs, eventTimesNs, session }: Kept): void {
  expect(session.wasClosedWell).toBe(true);
  expect(session.manifest).toMatchObject({ notes: trip.sentence, tags: ['flight recorder', trip.trigger] });
  expect(trip.timeNs - startedNs).toBeGreaterThan(beforeSeconds * 0.9e9);
  expect(endedNs).toBeGreaterThan(trip.timeNs + afterSeconds * 0.5e9);
  const before = eventTimesNs.filter((timeNs) => timeNs < trip.timeNs);
  const after = eventTimesNs.filter((timeNs) => timeNs > trip.timeNs);
  expect(trip.timeNs - Math.min(...before)).toBeGreaterThan(beforeSeconds * 0.5e9);
  expect(Math.max(...after) - trip.timeNs).toBeGreaterThan(afterSeconds * 0.3e9);
}

// Side by side: what is armed is far from what so light a load can cause.
describe.concurrent('the flight recorder on real engines', { timeout: 240_000 }, () => {
  it('p99: a second in which replies are late', (context) =>
    inFlight(context, async (flight) => {
      const { lab } = flight;
      await flight.well(
        { ...idleServer, connections: 400, clients: [{ profile: 'closed', thinkMs: 500 }] },
        { p99Ms: farTooLongMs, beforeSeconds: 8 },
      );
      await lab.change({ waitMs: 2 * farTooLongMs });
      const all = await flight.whatIsKept();
      surrounds(all);
      expect(all.trip.trigger).toBe('p99');
      const [, measured = NaN] =
        /^The p99 of one second was ([\d.]+) ms, above 1000 ms\.$/.exec(all.trip.sentence) ?? [];
      expect(Number(measured)).toBeGreaterThan(farTooLongMs);
      // What made it late is in it.
      const moments = (await all.session.overview()).moments.map(({ name }) => name);
      expect(moments).toEqual(expect.arrayContaining(['change', 'flight-p99']));
    }));

  it('error: a client that speaks no HTTP', (context) =>
    inFlight(context, async (flight) => {
      const { lab } = flight;
      await flight.well(idleServer, { onError: true });
      const client = await RawClient.connect(lab.state.address?.port ?? 0);
      const { localPort } = client.socket;
      await client.write('\0\0\0\0 this is no request\r\n\r\n');
      expect((await client.readToEnd()).bytes.toString()).toMatch(/^HTTP\/1\.1 400 /);
      client.socket.destroy();
      const all = await flight.whatIsKept();
      surrounds(all);
      expect(all.trip).toMatchObject({ trigger: 'error', sentence: 'The server met 1 error (so far: protocol 1).' });
      // The guilty connection is among what was kept, from accept to close.
      const connectionIds = new Set<number>();
      const kinds: number[] = [];
      for await (const { source, kind, payload } of all.session.frames()) {
        if (source !== 'server') continue;
        if (kind === frameKinds.opened) {
          for (const { peer, connectionId } of decodeOpened(payload)) {
            if (peer === `127.0.0.1:${localPort}`) connectionIds.add(connectionId);
          }
        } else if (kind === frameKinds.events) {
          const events = decodeEvents(payload);
          events.kinds.forEach(
            (eventKind, i) => connectionIds.has(events.connectionIds[i] ?? 0) && kinds.push(eventKind),
          );
        }
      }
      expect(connectionIds.size).toBe(1);
      expect(kinds).toEqual(expect.arrayContaining([eventKinds.accepted, eventKinds.syscall, eventKinds.closed]));
    }));

  it('error: clients that reset their connections', (context) =>
    inFlight(context, async (flight) => {
      const { lab } = flight;
      await flight.well(idleServer, { onError: true });
      await lab.change({ clients: [{ profile: 'reset', intervalMs: 100 }] });
      const all = await flight.whatIsKept();
      surrounds(all);
      expect(all.trip.trigger).toBe('error');
      expect(all.trip.sentence).toMatch(/^The server met \d+ errors? \(so far: reset \d+\)\.$/);
    }));

  it('starved: sockets that no thread is left for', (context) =>
    inFlight(context, async (flight) => {
      const { lab } = flight;
      await flight.well({ ...idleServer, connections: 12 }, { starvedMs: farTooLongMs });
      // A pool serves its first connections for as long as they last; it takes over more than it has threads.
      await lab.switchTo({ model: 'blocking-pool', options: { poolSize: 4 } });
      const all = await flight.whatIsKept();
      surrounds(all);
      expect(all.trip.trigger).toBe('starved');
      const [, fd, connectionId, waitedMs] =
        /^fd (\d+) \(connection (\d+)\) was ready and not served for ([\d.]+) ms, above 1000 ms\.$/.exec(
          all.trip.sentence,
        ) ?? [];
      expect(Number(waitedMs)).toBeGreaterThanOrEqual(farTooLongMs);
      // Its record at that moment says the same, and others were served meanwhile.
      let longestUs = 0;
      const served = new Set<number>();
      for await (const { source, kind, payload } of all.session.frames()) {
        if (source !== 'server' || kind !== frameKinds.fdStates) continue;
        const states = decodeFdStates(payload);
        states.connectionIds.forEach((id, i) => {
          const flags = states.flags[i] ?? 0;
          if (
            states.timeNs > all.trip.timeNs - 0.5e9 &&
            states.timeNs <= all.trip.timeNs &&
            (flags & fdFlags.wrote) !== 0
          ) {
            served.add(id);
          }
          if (id !== Number(connectionId) || states.fds[i] !== Number(fd) || states.timeNs > all.trip.timeNs) return;
          if ((flags & fdFlags.waiting) !== 0) longestUs = Math.max(longestUs, states.waitingUs[i] ?? 0);
        });
      }
      expect(longestUs / 1000).toBeCloseTo(Number(waitedMs), 0);
      // Where cores are few, who waits for one may be the first that is told.
      whenQuiet(() => expect(served.has(Number(connectionId))).toBe(false));
      expect(served.size).toBeGreaterThan(0);
    }));

  it("the user's key, at once and without a cause", (context) =>
    inFlight(context, async (flight) => {
      const { lab } = flight;
      await flight.well(idleServer, {});
      await lab.flight.keep();
      const all = await flight.whatIsKept();
      surrounds(all);
      expect(all.trip).toMatchObject({ trigger: 'key', sentence: 'Kept by the key.' });
    }));

  it('keeps nothing of a run in which nothing happens, nor of its end', (context) =>
    inFlight(context, async (flight) => {
      const { lab } = flight;
      // Some clients are in the middle of a reply when it ends: what they have not read makes their close a reset.
      const busy: LiveSettingsInput = {
        server: { model: 'epoll-lt', responseBytes: 500_000 },
        connections: 8,
        clients: [
          { profile: 'closed', thinkMs: 100, weight: 1 },
          { profile: 'slow-reader', chunkBytes: 1000, intervalMs: 10, weight: 1 },
        ],
      };
      await flight.well(busy, { p99Ms: farTooLongMs, starvedMs: farTooLongMs, onError: true });
      // The longer, the more it proves; it can only be too short to see a fault.
      await sleep(2000);
      await lab.stop();
      whenQuiet(() => expect(flight.kept).toEqual([]));
      expect(lab.flight.state).toMatchObject({ kept: 0, isKeeping: false });
      expect((await lab.sessions.list()).sessions).toEqual([]);
    }));
});
