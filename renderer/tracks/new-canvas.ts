/** Canvases that no page shows. A program that has no page says where else they come from. */

export interface CanvasMaker {
  canvas(): HTMLCanvasElement;
  /** `svg` as in the attribute `d` of a path. */
  path(svg: string): Path2D;
}

const ofThePage: CanvasMaker = {
  canvas: () => document.createElement('canvas'),
  path: (svg) => new Path2D(svg),
};
let maker = ofThePage;

export function makeCanvasesWith(other: CanvasMaker): void {
  maker = other;
}

export const newCanvas = (): HTMLCanvasElement => maker.canvas();
export const newPath = (svg: string): Path2D => maker.path(svg);
