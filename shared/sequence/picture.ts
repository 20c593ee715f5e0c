/** A sequence diagram as a picture of its own: with its title, its legend and where it comes from. */
import type { Sequence } from './entries.ts';
import { layOutSequence } from './layout.ts';
import type { Role, Shape, TextShape } from './shapes.ts';

export interface SequenceView {
  readonly widthPx: number;
  readonly theme: 'light' | 'dark';
  readonly title: string;
  /** Under the diagram: machine, kernel, date. */
  readonly source?: string;
}

/** `stroke` of lines, `fill` of texts and areas. */
export interface Look {
  readonly stroke?: string;
  readonly fill?: string;
}
export interface SequencePalette {
  readonly background: string;
  readonly roles: Readonly<Record<Role, Look>>;
}

export const uiFont = 'system-ui, Roboto, Noto Sans, DejaVu Sans, sans-serif';
export const monoFont = 'ui-monospace, Cascadia Mono, Noto Sans Mono, DejaVu Sans Mono, monospace';

const light: SequencePalette = {
  background: '#fbfcfd',
  roles: {
    lane: { stroke: '#b9c3d0' },
    title: { fill: '#131a23' },
    note: { fill: '#586577' },
    box: { stroke: '#b9c3d0', fill: '#f3f5f8' },
    'box-failed': { stroke: '#b3261e', fill: '#fdf0ef' },
    'box-asleep': { stroke: '#6f42c1', fill: '#f4effc' },
    call: { fill: '#131a23' },
    done: { fill: '#0c6e43' },
    failed: { fill: '#b3261e' },
    refused: { fill: '#8a5300' },
    asleep: { fill: '#6f42c1' },
    bar: { stroke: '#6f42c1', fill: '#d9c8f5' },
    time: { fill: '#586577' },
    crossing: { stroke: '#0b66b5', fill: '#0b66b5' },
    inferred: { stroke: '#586577', fill: '#586577' },
  },
};
const dark: SequencePalette = {
  background: '#11151b',
  roles: {
    lane: { stroke: '#3a4556' },
    title: { fill: '#e8edf4' },
    note: { fill: '#8593a7' },
    box: { stroke: '#3a4556', fill: '#171c24' },
    'box-failed': { stroke: '#ff8a80', fill: '#2a1a1b' },
    'box-asleep': { stroke: '#c4a0ff', fill: '#221c30' },
    call: { fill: '#e8edf4' },
    done: { fill: '#5ddb9b' },
    failed: { fill: '#ff8a80' },
    refused: { fill: '#ffc061' },
    asleep: { fill: '#c4a0ff' },
    bar: { stroke: '#c4a0ff', fill: '#4a3a6b' },
    time: { fill: '#8593a7' },
    crossing: { stroke: '#5cc8ff', fill: '#5cc8ff' },
    inferred: { stroke: '#8593a7', fill: '#8593a7' },
  },
};
export const sequencePalettes = { light, dark } as const;

/** Shapes and where they begin. */
export interface PicturePart {
  readonly top: number;
  readonly shapes: readonly Shape[];
}
export interface SequencePicture {
  readonly width: number;
  readonly height: number;
  readonly parts: readonly PicturePart[];
}

const titlePx = 34;
const legendPx = 44;
const leftPx = 8;

const line = (role: Role, x: number, text: string, widthPx: number, dash?: string): Shape[] => [
  { ...{ kind: 'path', role, d: `M${x} 14h22`, widthPx }, ...(dash !== undefined && { dash }) },
  words('note', x + 28, 18, text, 11),
];

function words(role: Role, x: number, y: number, text: string, sizePx: number, isBold = false): TextShape {
  return { kind: 'text', role, x, y, text, sizePx, anchor: 'start', isMono: false, isBold };
}

export function sequencePicture(
  sequence: Sequence,
  { widthPx, title, source }: Pick<SequenceView, 'widthPx' | 'title' | 'source'>,
): SequencePicture {
  const layout = layOutSequence(sequence, widthPx);
  const legend: Shape[] = [
    ...line('crossing', leftPx, 'counted by the kernel', 1.4),
    ...line('inferred', 172, 'inferred from the states', 1.4, '4 3'),
    { kind: 'rect', role: 'bar', x: 346, y: 8, width: 8, height: 12, radius: 2 },
    words('note', 362, 18, 'asleep in the kernel', 11),
    ...(source === undefined ? [] : [words('note', leftPx, 36, source, 11)]),
  ];
  return {
    width: widthPx,
    height: titlePx + layout.height + legendPx,
    parts: [
      { top: 0, shapes: [words('title', leftPx, 20, title, 14, true)] },
      { top: titlePx, shapes: [...layout.head, ...layout.behind] },
      ...layout.rows.map(({ top, shapes }) => ({ top: titlePx + top, shapes })),
      { top: titlePx + layout.height, shapes: legend },
    ],
  };
}
