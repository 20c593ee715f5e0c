/** The tracks alone on a page, for the bench and for looking at them: whoever drives the page feeds the frames. */
import { createPinia } from 'pinia';
import { createApp, h, reactive } from 'vue';
import { useSelection } from '../../../renderer/stores/selection.ts';
import { TelemetryHistory } from '../../../renderer/stores/history.ts';
import { useTimebase } from '../../../renderer/stores/timebase.ts';
import '../../../renderer/theme/base.css';
import '../../../renderer/theme/tokens.css';
import TracksPane from '../../../renderer/tracks/TracksPane.vue';
import { frameSources, type FrameSource } from '../../../shared/contract/channels.ts';
import { frameHeaderBytes } from '../../../shared/telemetry/wire.ts';
import { SyntheticServer } from './synthetic-server.ts';

const history = new TelemetryHistory();
const look = reactive<{ theme: 'dark' | 'light' }>({ theme: 'dark' });
const pinia = createPinia();
const animationMs: number[] = [];

// What each animation frame takes, whoever asked for it.
const request = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (callback) =>
  request((timeMs) => {
    const began = performance.now();
    callback(timeMs);
    animationMs.push(performance.now() - began);
  });

createApp({
  render: () => h(TracksPane, { history, theme: look.theme }),
})
  .use(pinia)
  .mount('#app');

const timebase = useTimebase(pinia);

/** A recording: u8 source, u32 bytes of the frame, the frame; over and over. */
async function load(url: string): Promise<number> {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const view = new DataView(bytes.buffer);
  let frames = 0;
  for (let at = 0; at < bytes.length; frames++) {
    const source: FrameSource = frameSources[view.getUint8(at)] ?? 'lab';
    const length = view.getUint32(at + 1, true);
    const frame = bytes.subarray(at + 5, at + 5 + length);
    history.take(source, view.getUint16(at + 5 + 4, true), frame.subarray(frameHeaderBytes));
    at += 5 + length;
  }
  return frames;
}

/** One for all: its time goes on from one drive to the next. */
let server: SyntheticServer | undefined;

/** What the main thread spent, in ms: on each frame that came, and on each animation frame. */
async function drive(options: {
  fds: number;
  threads: number;
  seconds: number;
  /** Frames are made and thrown away: what making them costs. */
  isIdle?: boolean;
}): Promise<{
  takeMs: number[];
  drawMs: number[];
  historyBytes: number;
}> {
  if (options.isIdle !== true) server ??= new SyntheticServer(options);
  const source = server !== undefined && options.isIdle !== true ? server : new SyntheticServer(options);
  const takeMs: number[] = [];
  const frames = Math.round(options.seconds * 20);
  const drawMs: number[] = [];
  for (let i = 0; i < frames; i++) {
    const payloads = source.next();
    const began = performance.now();
    for (const one of payloads) if (options.isIdle !== true) history.take(one.source, one.kind, one.payload);
    takeMs.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 50));
    drawMs.push(...animationMs.splice(0));
  }
  return { takeMs, drawMs, historyBytes: history.byteLength };
}

Object.assign(window, {
  tracksPage: {
    history,
    timebase,
    selection: useSelection(pinia),
    load,
    drive,
    setTheme(theme: 'dark' | 'light') {
      look.theme = theme;
      document.documentElement.dataset.theme = theme;
    },
  },
});
