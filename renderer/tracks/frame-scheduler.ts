/** One animation frame for everything that is drawn, and none while nothing changes: drawing shares cores with the lab. */

export interface Drawable {
  draw(): void;
}

export class FrameScheduler {
  readonly #dirty = new Set<Drawable>();
  readonly #before = new Set<() => void>();
  #handle = 0;
  /** What asks to be drawn before the drawing of a frame began is drawn in that frame. */
  #isPreparing = false;
  /** What a drawing takes of late, in ms. */
  drawingMs = 0;

  /** Runs in every frame before anything is drawn. Returns how to end that. */
  onFrame(callback: () => void): () => void {
    this.#before.add(callback);
    return () => this.#before.delete(callback);
  }

  invalidate(drawable: Drawable): void {
    this.#dirty.add(drawable);
    this.request();
  }

  forget(drawable: Drawable): void {
    this.#dirty.delete(drawable);
  }

  request(): void {
    if (this.#handle === 0 && !this.#isPreparing) this.#handle = requestAnimationFrame(this.#run);
  }

  stop(): void {
    cancelAnimationFrame(this.#handle);
    this.#handle = 0;
    this.#dirty.clear();
  }

  readonly #run = (): void => {
    this.#handle = 0;
    this.#isPreparing = true;
    for (const callback of this.#before) callback();
    this.#isPreparing = false;
    if (this.#dirty.size === 0) return;
    const drawables = [...this.#dirty];
    this.#dirty.clear();
    const beganMs = performance.now();
    for (const drawable of drawables) drawable.draw();
    this.drawingMs += (performance.now() - beganMs - this.drawingMs) / 4;
  };
}
