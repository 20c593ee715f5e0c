/** The states that a socket's time goes to, in words and colours: raster, legend, inspector, tables and reports say the same. */
import type { ShareName } from './telemetry/wire.ts';

export const shareLabels: Readonly<Record<ShareName, string>> = {
  idle: 'idle',
  unsure: 'idle or waiting',
  waiting: 'data waits',
  reported: 'reported ready',
  serving: 'being served',
  inVain: 'asked in vain',
  writeBlocked: 'write blocked',
  unknown: 'not known',
};

type Hexes = Readonly<Record<ShareName, string>>;

export const shareHex: Readonly<Record<'dark' | 'light', Hexes>> = {
  dark: {
    idle: '#212b38',
    unsure: '#7d5426',
    waiting: '#f0902c',
    reported: '#e8dc55',
    serving: '#1f9e7f',
    inVain: '#4aa3e0',
    writeBlocked: '#e07fc4',
    unknown: '#3a3f52',
  },
  light: {
    idle: '#e1e7ee',
    unsure: '#f2cfa4',
    waiting: '#e07a00',
    reported: '#e0c919',
    serving: '#2ba887',
    inVain: '#4f9fd8',
    writeBlocked: '#b0408c',
    unknown: '#c3c2d4',
  },
};
