/** Shows the field of a setting in the sheet that is open, and gives it the focus. */

/** By the words of its label. Does nothing where the sheet has no such field now, as that of an upstream that there is not. */
export function focusSetting(label: string): void {
  const labels = [...document.querySelectorAll<HTMLLabelElement>('.popover label')];
  const found = labels.find(({ textContent }) => textContent.trim().startsWith(label));
  const field = found?.control;
  if (!(field instanceof HTMLElement)) return;
  field.scrollIntoView({ block: 'center' });
  field.focus();
}
