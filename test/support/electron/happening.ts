/** As Electron's events are: a listener may keep the default from happening. */
export class Happening {
  isPrevented = false;
  preventDefault(): void {
    this.isPrevented = true;
  }
}
