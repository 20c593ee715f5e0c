/** A session: keeps the handlers that it is given, and asks them as Chromium would. */
import { EventEmitter } from 'node:events';
import type * as Electron from 'electron/main';

type RequestHandler = NonNullable<Parameters<Electron.Session['setPermissionRequestHandler']>[0]>;
type CheckHandler = NonNullable<Parameters<Electron.Session['setPermissionCheckHandler']>[0]>;
type DeviceHandler = NonNullable<Parameters<Electron.Session['setDevicePermissionHandler']>[0]>;

type UsbHandler = NonNullable<Parameters<Electron.Session['setUSBProtectedClassesHandler']>[0]>;
type PairingHandler = NonNullable<Parameters<Electron.Session['setBluetoothPairingHandler']>[0]>;
type ScreenHandler = NonNullable<Parameters<Electron.Session['setDisplayMediaRequestHandler']>[0]>;
type BeforeRequest = (details: { url: string }, callback: (response: { cancel?: boolean }) => void) => void;
type Permission = Parameters<RequestHandler>[1];

export class SessionDouble extends EventEmitter {
  #onRequest: RequestHandler | undefined;
  #onCheck: CheckHandler | undefined;
  #onDevice: DeviceHandler | undefined;
  usb: UsbHandler | undefined;
  pairing: PairingHandler | undefined;
  screen: ScreenHandler | undefined;
  #beforeRequest: BeforeRequest | undefined;

  readonly webRequest = {
    onBeforeRequest: (listener: BeforeRequest) => {
      this.#beforeRequest = listener;
    },
  };

  setPermissionRequestHandler(handler: RequestHandler | null): void {
    this.#onRequest = handler ?? undefined;
  }
  setPermissionCheckHandler(handler: CheckHandler | null): void {
    this.#onCheck = handler ?? undefined;
  }
  setDevicePermissionHandler(handler: DeviceHandler | null): void {
    this.#onDevice = handler ?? undefined;
  }
  setUSBProtectedClassesHandler(handler: UsbHandler | null): void {
    this.usb = handler ?? undefined;
  }
  setBluetoothPairingHandler(handler: PairingHandler | null): void {
    this.pairing = handler ?? undefined;
  }
  setDisplayMediaRequestHandler(handler: ScreenHandler | null): void {
    this.screen = handler ?? undefined;
  }

  /** Whether a page is granted what it asks for. Electron grants where nobody decides. */
  ask(permission: Permission, requestingUrl: string, isMainFrame = true): boolean {
    let isGranted = this.#onRequest === undefined;
    const details = { requestingUrl, isMainFrame };
    this.#onRequest?.(undefined as never, permission, (granted) => (isGranted = granted), details);
    return isGranted;
  }
  check(permission: Permission, origin: string, isMainFrame = true): boolean {
    const details = { isMainFrame, requestingUrl: origin };
    return this.#onCheck?.(null, permission, origin, details) ?? true;
  }
  get grantsDevices(): boolean {
    return this.#onDevice?.({ deviceType: 'hid', origin: 'app://fdscope', device: {} } as never) ?? true;
  }
  /** Whether a request of a page leaves. */
  lets(url: string): boolean {
    let isCancelled = false;
    this.#beforeRequest?.({ url }, ({ cancel }) => (isCancelled = cancel === true));
    return !isCancelled;
  }
}

export class DownloadDouble extends EventEmitter {
  readonly #url: string;
  readonly #name: string;
  saveDialog: Electron.SaveDialogOptions | undefined;
  savePath = '';

  constructor(url: string, name: string) {
    super();
    this.#url = url;
    this.#name = name;
  }
  getURL(): string {
    return this.#url;
  }
  getFilename(): string {
    return this.#name;
  }
  setSaveDialogOptions(options: Electron.SaveDialogOptions): void {
    this.saveDialog = options;
  }
  getSavePath(): string {
    return this.savePath;
  }
}
