/** Text and tables of the report; whatever comes from a session is escaped. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

const figure = /^[−-]?\d[\d.,]*[kMG]?( (s|ms|µs|MiB|GiB))?$/;

/** Columns of figures stand on the right, so that their digits are beneath each other. `isDense`: of many columns, small on paper. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { isDense = false }: { readonly isDense?: boolean } = {},
): string {
  const classes = head.map((_, i) => {
    const areFigures = rows.every((row) => row[i] === '–' || figure.test(row[i] ?? ''));
    return areFigures ? ' class="figure"' : '';
  });
  const cell = (text: string, i: number): string =>
    i === 0 ? `<th scope="row"${classes[i]}>${escaped(text)}</th>` : `<td${classes[i] ?? ''}>${escaped(text)}</td>`;
  return (
    `<div class="wide${isDense ? ' dense' : ''}"><table><thead><tr>${head.map((text, i) => `<th scope="col"${classes[i]}>${escaped(text)}</th>`).join('')}</tr></thead>` +
    `<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody></table></div>`
  );
}

/** Nothing where there is nothing to show. */
export const section = (title: string, body: string): string =>
  body === '' ? '' : `<section><h2>${escaped(title)}</h2>\n${body}</section>\n`;

export const verbatim = (text: string): string => (text === '' ? '' : `<pre>${escaped(text)}</pre>`);
