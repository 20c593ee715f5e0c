/** `app://fdscope`: the built page, with the headers of the web host. Files have no headers, so `file:` has no policy. */
import { pageHeaders } from '../web/page-policy.ts';
import { readStatic, type StaticFile } from '../web/static-files.ts';
import { crashPath, crashStylePath, pathIn, scheme } from './addresses.ts';
import type { ElectronApi } from './api.ts';
import { crashPage, crashStyle } from './crash-page.ts';

type Protocol = Pick<ElectronApi['protocol'], 'registerSchemesAsPrivileged'>;
type Handling = Pick<ElectronApi['protocol'], 'handle'>;

/** Before Electron is ready. `standard` gives the page an origin, `secure` what browsers keep for secure pages. */
export function registerScheme(protocol: Protocol): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** `files` are those of the page by their exact paths: an address that is not one of them, whatever it holds, is not there. */
export function serveScheme(protocol: Handling, files: ReadonlyMap<string, StaticFile>): void {
  protocol.handle(scheme, (request) => answer(request, files));
}

function answer({ url, method }: Request, files: ReadonlyMap<string, StaticFile>): Response {
  const path = pathIn(url);
  if (method !== 'GET' && method !== 'HEAD') return response(405, 'text/plain', 'The app is asked by GET.\n');
  if (path === crashPath) return response(200, 'text/html; charset=utf-8', crashPage(new URL(url).searchParams));
  if (path === crashStylePath) return response(200, 'text/css; charset=utf-8', crashStyle);
  const file = path === undefined ? undefined : files.get(path);
  const content = file && readStatic(file);
  if (!content) return response(404, 'text/plain', 'There is no such page.\n');
  return response(200, file.type, new Uint8Array(content));
}

const response = (status: number, type: string, body: string | Uint8Array<ArrayBuffer>): Response =>
  new Response(body, { status, headers: { ...pageHeaders, 'Content-Type': type } });
