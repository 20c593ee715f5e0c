/** Colours of what is drawn on canvases, dark and light; dashes and hatches say the same once more. */
import { shareHex } from '../../shared/share-looks.ts';
import { seriesHex, type SeriesColour } from '../../shared/series-colours.ts';
import type { SocketState } from '../stores/socket-states.ts';
import type { ThreadState } from '../../shared/telemetry/wire.ts';

export interface Palette {
  readonly name: 'dark' | 'light';
  readonly background: string;
  readonly grid: string;
  readonly axis: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly series: Readonly<Record<SeriesColour, string>>;
  readonly sockets: Readonly<Record<SocketState, string>>;
  readonly threads: Readonly<Record<ThreadState, string>>;
  readonly arrow: string;
  readonly sliceInk: string;
}

const dark: Palette = {
  name: 'dark',
  background: '#11151b',
  grid: '#222a35',
  axis: '#3a4556',
  text: '#e8edf4',
  muted: '#8593a7',
  accent: '#5cc8ff',
  series: seriesHex.dark,
  sockets: { ...shareHex.dark, none: '#11151b', closed: '#5b6675', error: '#ff5547' },
  threads: {
    unknown: '#1a212b',
    running: '#1f9e7f',
    ready: '#f0902c',
    blocked: '#4a6486',
    sleeping: '#2a3646',
  },
  arrow: '#e8dc55',
  sliceInk: '#07120e',
};

const light: Palette = {
  name: 'light',
  background: '#fbfcfd',
  grid: '#e6eaf0',
  axis: '#b9c3d0',
  text: '#131a23',
  muted: '#586577',
  accent: '#0b66b5',
  series: seriesHex.light,
  sockets: { ...shareHex.light, none: '#fbfcfd', closed: '#99a5b4', error: '#cc1f12' },
  threads: {
    unknown: '#eef1f5',
    running: '#2ba887',
    ready: '#e07a00',
    blocked: '#7d93b0',
    sleeping: '#d3dbe6',
  },
  arrow: '#6b5f00',
  sliceInk: '#06140f',
};

export const palettes = { dark, light } as const;

/** A colour as the four bytes of a pixel, in the order in which ImageData has them on a little-endian machine. */
export function pixelOf(hex: string, alpha = 255): number {
  const rgb = Number.parseInt(hex.slice(1), 16);
  return ((alpha << 24) | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >>> 16)) >>> 0;
}

/** A pixel between two, `share` of the way to the second. */
export function blend(from: number, to: number, share: number): number {
  const part = (shift: number): number => {
    const a = (from >>> shift) & 255;
    return Math.round(a + (((to >>> shift) & 255) - a) * share) << shift;
  };
  return (part(24) | part(16) | part(8) | part(0)) >>> 0;
}
