/** A canvas that has as many pixels as the screen, and is drawn on in CSS pixels. */
import { CanvasPen } from './pen.ts';

/** The pen for a canvas, cleared; undefined where it has no size or the browser gives it no memory. */
export function beginDrawing(
  canvas: HTMLCanvasElement,
  widthPx: number,
  heightPx: number,
  background: string,
): CanvasPen | undefined {
  if (widthPx < 1 || heightPx < 1) return undefined;
  const ratio = window.devicePixelRatio;
  const width = Math.round(widthPx * ratio);
  const height = Math.round(heightPx * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return undefined;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = background;
  context.fillRect(0, 0, widthPx, heightPx);
  return new CanvasPen(context);
}
