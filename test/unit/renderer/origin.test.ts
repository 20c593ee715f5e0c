/** Time in the Scope is told from the start of the run, whenever a window came to see it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeCounters, encodeJson } from '../../../shared/telemetry/codec.ts';
import { counterNames, frameKinds, gaugeNames, syscallNames } from '../../../shared/telemetry/wire.ts';
import { useChannels } from '../../../renderer/stores/channels.ts';
import { useLab } from '../../../renderer/stores/lab.ts';
import { useMoments } from '../../../renderer/stores/moments.ts';
import { useReplay } from '../../../renderer/stores/sessions-replay.ts';
import { useSetup } from '../../../renderer/stores/setup.ts';
import { history } from '../../../renderer/stores/telemetry.ts';
import { makeTracks } from '../../../renderer/tracks/catalogue.ts';
import type { LabDouble } from './lab-double.ts';
import { joined } from './scope-tools.ts';

const startedNs = 5e12;
const atNs = (seconds: number): number => startedNs + seconds * 1e9;

function frameAt(seconds: number): Uint8Array {
  return encodeCounters({
    timeNs: atNs(seconds),
    sequence: 1,
    snapshotId: 0,
    gauges: new Float64Array(gaugeNames.length),
    counters: new Float64Array(counterNames.length),
    syscalls: new Float64Array(syscallNames.length),
    stepHits: new Float64Array(0),
    stepNs: new Float64Array(0),
  });
}

let double: LabDouble;
beforeEach(async () => {
  ({ double } = await joined());
});

/** Times in the first column of a table, in seconds. */
function tableTimes(fromSeconds: number, toSeconds: number): (string | number | undefined)[] {
  const track = makeTracks(history).find(({ id }) => id === 'throughput');
  return track?.table(atNs(fromSeconds), atNs(toSeconds)).rows.map(([time]) => time) ?? [];
}

describe('time since the start', () => {
  it('is that of the run, in a window that joins in its middle', async () => {
    const running = { ...(await double.request('live.start', useSetup().toStart)), startedNs };
    double.state = running;
    await useLab().connect(double);
    for (const seconds of [61, 62, 63]) double.send('server', frameAt(seconds));
    double.send('lab', encodeJson(frameKinds.mark, { name: 'note', timeNs: atNs(62), text: 'here' }));
    useChannels().sample();
    useMoments().sample();
    expect(useChannels().elapsedSeconds).toBe(63);
    expect(useMoments().originNs).toBe(startedNs);
    expect(tableTimes(61, 63)).toEqual([61, 62, 63]);
  });

  it('does not move when the oldest frames are forgotten', async () => {
    double.state = { ...(await double.request('live.start', useSetup().toStart)), startedNs };
    await useLab().connect(double);
    const { ring } = history.counters.server;
    // More than the ring holds.
    for (let i = 0; ring.oldestNs === atNs(1) || i < 2; i++) double.send('server', frameAt(1 + i));
    expect(ring.oldestNs).toBeGreaterThan(atNs(1));
    expect(history.originNs).toBe(startedNs);
  });

  it('begins anew with another run, and with no word of its start at its first frame', async () => {
    await useLab().start(useSetup().toStart);
    double.tell('live.state', { phase: 'starting', paused: false, startedNs });
    expect(history.originNs).toBeNaN();
    double.send('server', frameAt(0.25));
    expect(history.originNs).toBe(startedNs);
    history.reset();
    double.send('server', frameAt(7));
    expect(history.originNs).toBe(atNs(7));
  });

  it('of a session is told from where the session begins', async () => {
    await useReplay().connect(double);
    double.tell('live.state', { phase: 'replaying', paused: false });
    const state = {
      file: 'a.fdscope',
      isPlaying: false,
      speed: 1,
      positionNs: atNs(40),
      endedNs: atNs(60),
      missing: [],
      epoch: 1,
    };
    double.tell('replay.state', { ...state, startedNs: atNs(30) });
    double.send('server', frameAt(39));
    expect(history.originNs).toBe(atNs(30));
  });
});
