/** The addresses of the shell's own pages. Nothing else is ever shown in its window. */

export const scheme = 'app';
const host = 'fdscope';

export const pageAddress = `${scheme}://${host}/`;
export const crashPath = '/crash';
export const crashStylePath = '/crash.css';

/** Where a page of ours is within `app://fdscope`, or undefined for any other address. */
export function pathIn(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const isOurs = url.protocol === `${scheme}:` && url.host === host && url.username === '' && url.password === '';
  return isOurs ? url.pathname : undefined;
}

/** Whether this is the app's page, which alone may use the bridge. */
export const isAppPage = (address: string): boolean => pathIn(address) === '/';

export const crashAddress = (reason: string, exitCode: number): string =>
  `${scheme}://${host}${crashPath}?${new URLSearchParams({ reason, code: String(exitCode) }).toString()}`;
