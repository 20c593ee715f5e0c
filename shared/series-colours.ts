/**
 * Colours of lines and areas, for dark and light backgrounds; they follow Okabe and Ito's set, which people with every
 * common kind of colour blindness can tell apart. What a colour stands for is in `syscall-looks.ts` and
 * `model-colours.ts`; where it stands for a place in a chart, dashes say the same once more.
 */
export const seriesColours = ['sky', 'orange', 'green', 'purple', 'yellow', 'vermilion', 'blue', 'grey'] as const;
export type SeriesColour = (typeof seriesColours)[number];

type Hexes = Readonly<Record<SeriesColour, string>>;

export const seriesHex: Readonly<Record<'dark' | 'light', Hexes>> = {
  dark: {
    sky: '#56b4e9',
    orange: '#f0a02c',
    green: '#2fb894',
    purple: '#d58bbd',
    yellow: '#e8dc55',
    vermilion: '#ff7847',
    blue: '#6f8fff',
    grey: '#94a0b2',
  },
  light: {
    sky: '#1b7fb8',
    orange: '#b86e00',
    green: '#00795b',
    purple: '#a2487e',
    yellow: '#857700',
    vermilion: '#c24a00',
    blue: '#3a55cc',
    grey: '#687587',
  },
};
