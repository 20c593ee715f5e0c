/**
 * Texts of files and peers for whoever reads them on a terminal. There a control character is an order: it moves the
 * cursor, paints over what stands there, sets the window's title. So each is written out, as are those that cannot be
 * seen or turn the direction of what follows.
 */

/** Control, format, lone surrogates, line and paragraph separators; see "General_Category" of Unicode. */
const orders = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** They make lines, columns, letters of some scripts and joined emoji, and no more. */
const harmless: ReadonlySet<string> = new Set(['\n', '\t', '\u200c', '\u200d']);

function writtenOut(order: string): string {
  const code = order.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** `\x1b` for the character that begins a terminal's orders, and so on. Ends of lines stay, those of CSV too. */
export const visible = (text: string): string =>
  text.replaceAll('\r\n', '\n').replaceAll(orders, (order) => (harmless.has(order) ? order : writtenOut(order)));

/** For one line: nothing in it can begin a line that this program did not write. */
export const visibleLine = (text: string): string => visible(text.trim().replaceAll(/\s*[\r\n\t\v\f]+\s*/g, ' '));

/** JSON of the same meaning, without any of them. */
export const visibleJson = (json: string): string =>
  json.replaceAll(orders, (order) =>
    harmless.has(order)
      ? order
      : Array.from(order.split(''), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  );

/** A copy of a result in which every text is as `visibleLine` has it; what is no plain data is what it was. */
export function visibleTexts<T>(value: T): T {
  if (typeof value === 'string') return visibleLine(value) as T;
  if (Array.isArray(value)) return value.map(visibleTexts) as T;
  if (typeof value !== 'object' || value === null) return value;
  const kind: unknown = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [visibleLine(key), visibleTexts(each)])) as T;
}
