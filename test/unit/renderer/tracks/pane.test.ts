import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import {
  counterNames,
  frameHeaderBytes,
  frameKinds,
  gaugeNames,
  syscallNames,
} from '../../../../shared/telemetry/wire.ts';
import { encodeCounters, encodeFdStates, encodeJson } from '../../../../shared/telemetry/codec.ts';
import { TelemetryHistory } from '../../../../renderer/stores/history.ts';
import { notFromOutside } from '../../../../renderer/stores/outside.ts';
import { useSelection } from '../../../../renderer/stores/selection.ts';
import { useTimebase } from '../../../../renderer/stores/timebase.ts';
import { palettes } from '../../../../renderer/theme/palette.ts';
import { makeTracks } from '../../../../renderer/tracks/catalogue.ts';
import { trackAsSvg } from '../../../../renderer/tracks/export.ts';
import { momentsOver } from '../../../../renderer/tracks/over-tracks.ts';
import { captionOf } from '../../../../shared/session/caption.ts';
import { FrameScheduler } from '../../../../renderer/tracks/frame-scheduler.ts';
import { Markers } from '../../../../renderer/tracks/markers.ts';
import { RingImage } from '../../../../renderer/tracks/ring-image.ts';
import { toCsv } from '../../../../renderer/tracks/track.ts';
import TracksPane from '../../../../renderer/tracks/TracksPane.vue';
import { tellOutsideRun } from '../outside-frames.ts';
import { fdFrame, startNs, tickNs } from './given.ts';

function countersAt(tick: number, requests: number, detailLevel = 1): Uint8Array {
  const counters = new Float64Array(counterNames.length);
  counters[counterNames.indexOf('requests')] = requests;
  const syscalls = new Float64Array(syscallNames.length);
  syscalls[syscallNames.indexOf('read')] = 2 * requests;
  const gauges = new Float64Array(gaugeNames.length).fill(3);
  gauges[gaugeNames.indexOf('detailLevel')] = detailLevel;
  const none = new Float64Array(0);
  return encodeCounters({
    timeNs: startNs + tick * tickNs,
    sequence: tick,
    snapshotId: 0,
    gauges,
    counters,
    syscalls,
    stepHits: none,
    stepNs: none,
  });
}

/** Ten seconds of a server that answers 1000 requests a second, or more of them in its last second. */
function historyOfTenSeconds(inLastSecond = 1000): TelemetryHistory {
  const history = new TelemetryHistory();
  for (let tick = 0; tick <= 200; tick++) {
    const requests = 50 * tick + Math.max(0, tick - 180) * (inLastSecond / 20 - 50);
    history.take('server', frameKinds.counters, countersAt(tick, requests).subarray(frameHeaderBytes));
    const sockets = fdFrame(startNs + tick * tickNs, [{ id: 1, state: 'serving' }]);
    history.take('server', frameKinds.fdStates, encodeFdStates(sockets).subarray(frameHeaderBytes));
  }
  const model = {
    timeNs: startNs + 5e9,
    model: 'poll',
    previous: 'select',
    sourceFile: '',
    steps: [],
    keptConnections: 12,
  };
  history.take('server', frameKinds.model, encodeJson(frameKinds.model, model).subarray(frameHeaderBytes));
  return history;
}

class ResizeObserverStub implements ResizeObserver {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
}

class IntersectionObserverStub {
  observe = vi.fn();
  disconnect = vi.fn();
}

let pane: VueWrapper | undefined;
beforeEach(() => {
  localStorage.clear();
  setActivePinia(createPinia());
  vi.stubGlobal('ResizeObserver', ResizeObserverStub);
  vi.stubGlobal('IntersectionObserver', IntersectionObserverStub);
});
afterEach(() => {
  pane?.unmount();
  pane = undefined;
  vi.unstubAllGlobals();
});

const frame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => resolve()));
async function mounted(history: TelemetryHistory): Promise<VueWrapper> {
  pane = mount(TracksPane, { props: { history, theme: 'dark' }, attachTo: document.body });
  await frame();
  await nextTick();
  return pane;
}

describe('the pane', () => {
  it('says what will be seen while there is nothing', async () => {
    const wrapper = await mounted(new TelemetryHistory());
    const texts = wrapper.findAll('.empty').map((text) => text.text());
    expect(texts.length).toBe(wrapper.findAll('[data-track]').length);
    expect(texts[0]).toContain('press Run');
  });

  it('shows what the clients saw where nothing of the server was recorded, and says so where that is all', async () => {
    const history = new TelemetryHistory();
    for (let tick = 0; tick <= 60; tick++) {
      history.take('clients', frameKinds.counters, countersAt(tick, 50 * tick).subarray(frameHeaderBytes));
    }
    const wrapper = await mounted(history);
    expect(wrapper.find('[data-track=throughput] .empty').exists()).toBe(false);
    expect(wrapper.get('[data-track=throughput] .legend').text()).toBe('served–replies1000/s');
    expect(wrapper.get('[data-track=switches] .empty').text()).toBe(
      'Only its clients were recorded, nothing of the server.',
    );
  });

  it('says why a figure is not there, to the eye and to the ear', async () => {
    const history = new TelemetryHistory();
    tellOutsideRun(history);
    const wrapper = await mounted(history);
    expect(wrapper.get('[data-track=throughput] .legend li').attributes('title')).toBe(notFromOutside);
    expect(wrapper.get('[data-track=throughput] .plot').attributes('aria-label')).toBe(
      'Throughput: served not available, replies 1000/s',
    );
  });

  it('reads the figures of a run out', async () => {
    const wrapper = await mounted(historyOfTenSeconds());
    expect(wrapper.get('[data-track=throughput] .legend').text()).toContain('served1000/s');
    expect(wrapper.get('[data-track=sockets] .legend').text()).toContain('being served, seen100%');
    expect(wrapper.get('[data-track=throughput] .plot').attributes('aria-label')).toContain('served 1000/s');
  });

  it('reads what follows over two seconds, and what is held where it ends', async () => {
    // Over the frames that enclose them: 41, of which 20 had three times as many.
    const wrapper = await mounted(historyOfTenSeconds(3000));
    const legend = (id: string): string => wrapper.get(`[data-track=${id}] .legend`).text();
    expect(legend('throughput')).toContain('served1976/s');
    expect(legend('syscalls')).toContain('read3951/s');
    expect(legend('clients')).toContain('open connections3');
    const timebase = useTimebase();
    timebase.show({ fromNs: startNs + 2e9, toNs: startNs + 3e9 });
    await nextTick();
    expect(legend('throughput')).toContain('served1000/s');
    expect(legend('syscalls')).toContain('read2000/s');
    expect(wrapper.get('[data-track=throughput] .legend').attributes('title')).toBe('At the right edge');
    timebase.follow();
    await nextTick();
    expect(legend('throughput')).toContain('served1976/s');
    timebase.cursorNs = startNs + 9.5e9;
    await nextTick();
    expect(legend('throughput')).toContain('served3000/s');
  });

  it('reads the model that serves alone, and nothing until there is enough of it', async () => {
    const switched = async (atNs: number, mark?: string): Promise<(id: string) => string> => {
      const history = historyOfTenSeconds(3000);
      const served = { timeNs: atNs, model: 'epoll-lt', previous: 'poll', sourceFile: '', steps: [], name: mark };
      const kind = mark === undefined ? frameKinds.model : frameKinds.mark;
      history.take(mark === undefined ? 'server' : 'lab', kind, encodeJson(kind, served).subarray(frameHeaderBytes));
      pane?.unmount();
      const wrapper = await mounted(history);
      return (id) => wrapper.get(`[data-track=${id}] .legend`).text();
    };
    let legend = await switched(startNs + 8.99e9);
    expect(legend('throughput')).toContain('served3000/s');
    expect(legend('syscalls')).toContain('read6000/s');
    legend = await switched(startNs + 9.8e9);
    expect(legend('throughput')).toContain('served–');
    expect(legend('syscalls')).toContain('read–');
    // A state is one at once.
    expect(legend('clients')).toContain('open connections3');
    legend = await switched(startNs + 8.99e9, 'change');
    expect(legend('throughput')).toContain('served3000/s');
    // What the user marks changes nothing.
    legend = await switched(startNs + 8.99e9, 'user');
    expect(legend('throughput')).toContain('served1976/s');
  });

  it('has no figures of sockets once nobody records them, but those at the cursor', async () => {
    const history = historyOfTenSeconds();
    for (let tick = 201; tick <= 260; tick++) {
      history.take('server', frameKinds.counters, countersAt(tick, 50 * tick, 0).subarray(frameHeaderBytes));
    }
    const wrapper = await mounted(history);
    const legend = (): string => wrapper.get('[data-track=sockets] .legend').text();
    // Of the window that is shown: its first part was recorded.
    expect(legend()).toContain('being served, seen100%');
    useTimebase().cursorNs = startNs + 12.9e9;
    await nextTick();
    expect(legend()).toContain('being served–');
    expect(wrapper.get('[data-track=sockets] .legend li').attributes('title')).toContain('detail level “fds”');
    useTimebase().cursorNs = startNs + 5e9;
    await nextTick();
    expect(legend()).toContain('being served, seen100%');
    expect(wrapper.get('[data-track=sockets] .legend li').attributes('title')).toBeUndefined();
  });

  it('hides, shows and moves tracks', async () => {
    const wrapper = await mounted(historyOfTenSeconds());
    const ids = (): (string | undefined)[] =>
      wrapper.findAll('[data-track]').map((row) => row.attributes('data-track'));
    const [first, second] = ids();
    await wrapper.get(`[data-track=${first}] .plot`).trigger('keydown', { key: 'ArrowDown', altKey: true });
    expect(ids().slice(0, 2)).toEqual([second, first]);
    useTimebase().changeTrack(second ?? '', { isHidden: true });
    await nextTick();
    expect(ids()).not.toContain(second);
  });

  it('shows a track as a table of the selection, and statistics of all', async () => {
    const wrapper = await mounted(historyOfTenSeconds());
    useTimebase().select(startNs + 1e9, startNs + 2e9);
    await wrapper
      .findAll('button')
      .find((button) => button.text() === 'Figures')
      ?.trigger('click');
    expect(wrapper.get('.drawer').text()).toContain('the selection, 1 s');
    expect(wrapper.get('.drawer tbody').text()).toContain('Throughputserved1000/s');
    await wrapper.get('.drawer select').setValue('throughput');
    expect(wrapper.findAll('.drawer tbody tr')).toHaveLength(21);
    useTimebase().select(startNs, startNs + 10e9);
    await nextTick();
    await vi.waitFor(() =>
      expect(Number(wrapper.get('.drawer table').attributes('aria-rowcount'))).toBeGreaterThan(150),
    );
    // Rows that nobody sees are not in the page.
    expect(wrapper.findAll('.drawer tbody tr').length).toBeLessThan(60);
  });

  it('forgets selection and what was picked when another run begins', async () => {
    const history = historyOfTenSeconds();
    await mounted(history);
    useTimebase().select(1, 2);
    useSelection().pick({ kind: 'thread', threadId: 1, timeNs: 1 });
    history.reset();
    await frame();
    expect(useTimebase().selection).toBeUndefined();
    expect(useSelection().picked).toBeUndefined();
  });
});

describe('markers', () => {
  it('tell of a live switch, and those that lie close share a place', () => {
    const history = historyOfTenSeconds();
    const mark = { name: 'change', timeNs: startNs + 5.01e9, text: 'clients 40 → 80' };
    history.take('lab', frameKinds.mark, encodeJson(frameKinds.mark, mark).subarray(frameHeaderBytes));
    const markers = new Markers(history);
    const scale = { fromNs: startNs, toNs: startNs + 10e9, widthPx: 1000 };
    expect(markers.placed(scale, 0.5)).toHaveLength(2);
    const [shared] = markers.placed(scale, 10);
    expect(shared?.marker.text).toBe('select → poll, 12 connections stayed open');
    expect(shared?.all).toHaveLength(2);
    expect(shared?.px).toBe(500);
  });
});

describe('what goes out', () => {
  it('a track is an SVG document with its name, axis and legend', () => {
    const history = historyOfTenSeconds();
    const throughput = makeTracks(history).find(({ id }) => id === 'throughput');
    if (throughput === undefined) throw new Error('There is no such track.');
    const view = {
      fromNs: startNs,
      toNs: startNs + 10e9,
      widthPx: 800,
      heightPx: 96,
      pixelRatio: 1,
      palette: palettes.light,
    };
    const svg = trackAsSvg(throughput, view, startNs);
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
    expect(parsed.querySelector('title')?.textContent).toBe('Throughput');
    expect(svg).toContain('>served</text>');
    expect(svg).toContain('>2 s</text>');
    expect(parsed.querySelectorAll('path').length).toBeGreaterThan(1);
    expect(svg).not.toContain('NaN');
  });

  it('with a caption it is for paper: letters of 8 pt at 160 mm, titles at its axes, what was measured, and where', () => {
    const history = historyOfTenSeconds();
    for (const [name, seconds] of [
      ['steady', 2],
      ['loadDone', 8],
    ] as const) {
      const mark = { name, timeNs: startNs + seconds * 1e9 };
      history.take('clients', frameKinds.mark, encodeJson(frameKinds.mark, mark).subarray(frameHeaderBytes));
    }
    const range = { fromNs: startNs, toNs: startNs + 10e9, widthPx: 1200, heightPx: 96, pixelRatio: 1 };
    const view = { ...range, palette: palettes.light };
    const caption = captionOf({
      ...{ models: ['epoll-lt'], settings: { connections: 40, clients: [{ profile: 'closed' }] } },
      machine: { cpus: 2, cpuModel: 'A CPU', kernel: '6.1.0' },
      ...{ wallMs: Date.UTC(2026, 10, 27, 14, 58), version: '0.1.0' },
    });
    expect(caption).toBe(
      'epoll-lt; 40 connections (closed); 2 CPUs, A CPU, Linux 6.1.0; 2026-11-27 14:58 UTC; fdscope 0.1.0',
    );
    const track = makeTracks(history).find(({ id }) => id === 'throughput');
    if (track === undefined) throw new Error('There is no such track.');
    const svg = trackAsSvg(track, view, startNs, { caption, drawOver: momentsOver(history) });
    const parsed = new DOMParser().parseFromString(svg, 'image/svg+xml');
    const root = parsed.documentElement;
    expect(root.getAttribute('width')).toBe('1200');
    const [, , widthPx = 0] = (root.getAttribute('viewBox') ?? '').split(' ').map(Number);
    const texts = [...parsed.querySelectorAll('text')];
    const pointsPerPx = ((160 / 25.4) * 72) / widthPx;
    for (const text of texts) expect(Number(text.getAttribute('font-size')) * pointsPerPx).toBeGreaterThanOrEqual(8);
    const words = texts.map(({ textContent }) => textContent);
    expect(words).toEqual(expect.arrayContaining(['time since the start', 'measured']));
    expect(words.join(' ')).toContain(caption);
    // The interval from 2 to 8 of 10 seconds.
    const plotPx = widthPx - 74;
    const tint = [...parsed.querySelectorAll('rect')].find((rect) => rect.getAttribute('height') === '2');
    expect(Number(tint?.getAttribute('x'))).toBeCloseTo(0.2 * plotPx, 0);
    expect(Number(tint?.getAttribute('width'))).toBeCloseTo(0.6 * plotPx, 0);
  });

  it('CSV quotes what needs it and leaves missing figures empty', () => {
    const csv = toCsv({
      columns: ['a', 'b, c'],
      rows: [
        ['say "x"', Number.NaN],
        ['line\nbreak', 1.5],
      ],
    });
    expect(csv).toBe('a,"b, c"\r\n"say ""x""",\r\n"line\nbreak",1.5\r\n');
  });
});

describe('the ring', () => {
  it('paints only what is new while the window moves on, and all again where its key changes', () => {
    const context = {
      createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: vi.fn(),
    };
    const getContext = vi.fn().mockReturnValue(context);
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockImplementation(getContext);
    const painted: number[] = [];
    const paint = (first: number, count: number): void => {
      for (let i = 0; i < count; i++) painted.push(first + i);
    };
    const plan = { key: 'a', columnNs: 10, firstColumn: 0, columns: 100, heightPx: 5, settledNs: 905, paint };
    const ring = new RingImage();
    ring.update(plan);
    expect(ring.painted).toBe(100);
    painted.length = 0;
    ring.update({ ...plan, firstColumn: 7, settledNs: 1035 });
    expect(painted).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106]);
    expect(ring.parts({ ...plan, firstColumn: 7 }).map(({ x, width }) => [x, width])).toEqual([
      [7, 93],
      [0, 7],
    ]);
    painted.length = 0;
    ring.update({ ...plan, firstColumn: 2, settledNs: 2000 });
    expect(painted).toEqual([2, 3, 4, 5, 6]);
    ring.update({ ...plan, key: 'b' });
    expect(ring.painted).toBe(100);
    vi.restoreAllMocks();
  });
});

describe('the scheduler', () => {
  it('draws each once a frame, and nothing while nothing changes', async () => {
    const scheduler = new FrameScheduler();
    const drawable = { draw: vi.fn() };
    const each = vi.fn(() => scheduler.invalidate(drawable));
    const end = scheduler.onFrame(each);
    scheduler.invalidate(drawable);
    scheduler.request();
    await frame();
    await frame();
    await frame();
    expect(drawable.draw).toHaveBeenCalledTimes(1);
    expect(each).toHaveBeenCalledTimes(1);
    end();
  });
});
