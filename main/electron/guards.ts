/**
 * What the window may not do. Electron grants permissions, navigation and new windows unless it is told otherwise: all of
 * them are denied here, but for what the page needs.
 */
import { isAppPage, pageAddress, scheme } from './addresses.ts';
import type { App, Session, WebContents } from './api.ts';

/** Copying a table. Reading the clipboard is another permission. */
const granted: readonly string[] = ['clipboard-sanitized-write'];

/** Addresses that a page of ours may load, apart from its own: made by itself, or Electron's own tools. */
const localSchemes: readonly string[] = [`${scheme}:`, 'blob:', 'data:', 'devtools:'];

type GuardedSession = Pick<
  Session,
  | 'on'
  | 'setDevicePermissionHandler'
  | 'setPermissionCheckHandler'
  | 'setPermissionRequestHandler'
  | 'setUSBProtectedClassesHandler'
  | 'setBluetoothPairingHandler'
  | 'setDisplayMediaRequestHandler'
> & { readonly webRequest: Pick<Session['webRequest'], 'onBeforeRequest'> };

export function guardSession(session: GuardedSession): void {
  session.setPermissionRequestHandler((_contents, permission, callback, { requestingUrl, isMainFrame }) => {
    callback(isMainFrame && isAppPage(requestingUrl) && granted.includes(permission));
  });
  session.setPermissionCheckHandler((_contents, permission, requestingOrigin, { isMainFrame }) => {
    // An origin has no path, and comes with or without its last slash.
    const origin = requestingOrigin.replace(/\/$/, '');
    return isMainFrame && `${origin}/` === pageAddress && granted.includes(permission);
  });
  session.setDevicePermissionHandler(() => false);
  session.setUSBProtectedClassesHandler(({ protectedClasses }) => protectedClasses);
  session.setBluetoothPairingHandler((_details, callback) => callback({ confirmed: false }));
  session.setDisplayMediaRequestHandler((_request, callback) => callback({}));
  session.on('select-hid-device', (event, _details, callback) => {
    event.preventDefault();
    callback(null);
  });
  session.on('select-serial-port', (event, _ports, _contents, callback) => {
    event.preventDefault();
    callback('');
  });
  session.on('select-usb-device', (event, _details, callback) => {
    event.preventDefault();
    callback();
  });
  // The policy says so too; this holds for what no policy covers.
  session.webRequest.onBeforeRequest(({ url }, callback) => {
    callback({ cancel: !URL.canParse(url) || !localSchemes.includes(new URL(url).protocol) });
  });
}

/** Every page of every window that there is or will be. */
export function guardContents(app: Pick<App, 'on'>): void {
  app.on('web-contents-created', (_event, contents) => guardPage(contents));
}

type GuardedContents = Pick<WebContents, 'on' | 'setWindowOpenHandler'>;

function guardPage(contents: GuardedContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  // The crash page leads back to the app's page; nothing leads anywhere else.
  const onlyHome = (details: { readonly url: string; readonly isMainFrame: boolean; preventDefault(): void }): void => {
    if (!details.isMainFrame || !isAppPage(details.url)) details.preventDefault();
  };
  contents.on('will-navigate', onlyHome);
  contents.on('will-frame-navigate', onlyHome);
  contents.on('will-redirect', (details) => details.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.on('select-bluetooth-device', (event, _devices, callback) => {
    event.preventDefault();
    callback('');
  });
}
