/** A sequence diagram on a canvas: the shapes of its SVG, painted. */
import type { Sequence } from '../../shared/sequence/entries.ts';
import {
  monoFont,
  sequencePalettes,
  sequencePicture,
  uiFont,
  type SequencePalette,
  type SequenceView,
} from '../../shared/sequence/picture.ts';
import type { Shape } from '../../shared/sequence/shapes.ts';
import { newCanvas, newPath } from '../tracks/new-canvas.ts';

/** `ratio`: pixels of the picture for each of the diagram. Throws where there is no memory for it. */
export function paintSequence(sequence: Sequence, view: SequenceView, ratio: number): HTMLCanvasElement {
  const palette = sequencePalettes[view.theme];
  const { width, height, parts } = sequencePicture(sequence, view);
  const canvas = newCanvas();
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('There is no memory left for a picture of this size: keep it as SVG.');
  context.scale(ratio, ratio);
  context.fillStyle = palette.background;
  context.fillRect(0, 0, width, height);
  for (const { top, shapes } of parts) {
    context.save();
    context.translate(0, top);
    for (const shape of shapes) paint(context, shape, palette);
    context.restore();
  }
  return canvas;
}

const anchors = { start: 'left', middle: 'center', end: 'right' } as const;

function paint(context: CanvasRenderingContext2D, shape: Shape, { roles }: SequencePalette): void {
  const { stroke, fill } = roles[shape.role];
  context.setLineDash([]);
  context.lineWidth = 1;
  if (shape.kind === 'text') {
    const font = shape.isMono ? monoFont : uiFont;
    context.font = `${shape.isBold === true ? '600 ' : ''}${shape.sizePx}px ${font}`;
    context.textAlign = anchors[shape.anchor];
    context.fillStyle = fill ?? stroke ?? '#000';
    context.fillText(shape.text, shape.x, shape.y);
    return;
  }
  const path = newPath(shape.kind === 'path' ? shape.d : '');
  if (shape.kind === 'rect') path.roundRect(shape.x, shape.y, shape.width, shape.height, shape.radius);
  if (fill !== undefined && (shape.kind === 'rect' || shape.isFilled === true)) {
    context.fillStyle = fill;
    context.fill(path);
  }
  if (stroke === undefined) return;
  context.strokeStyle = stroke;
  if (shape.kind === 'path') {
    context.lineWidth = shape.widthPx;
    if (shape.dash !== undefined) context.setLineDash(shape.dash.split(' ').map(Number));
  } else if (shape.isOpen === true) {
    // Its lower end stays open, as what it stands for goes on.
    const [right, bottom] = [shape.x + shape.width, shape.y + shape.height];
    context.setLineDash([3, 3]);
    context.stroke(newPath(`M${shape.x} ${bottom}V${shape.y}H${right}V${bottom}`));
    return;
  }
  context.stroke(path);
}
