/** Text and tables of the report; whatever comes from a session is escaped. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div class="wide"><table><thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead>` +
  `<tbody>${rows
    .map((row) => `<tr>${row.map((cell, i) => (i === 0 ? headCell(cell) : `<td>${escaped(cell)}</td>`)).join('')}</tr>`)
    .join('\n')}</tbody></table></div>`;

const headCell = (cell: string): string => `<th scope="row">${escaped(cell)}</th>`;

/** Nothing where there is nothing to show. */
export const section = (title: string, body: string): string =>
  body === '' ? '' : `<section><h2>${escaped(title)}</h2>\n${body}</section>\n`;

export const verbatim = (text: string): string => (text === '' ? '' : `<pre>${escaped(text)}</pre>`);
