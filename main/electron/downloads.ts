/** What the page saves, as a native dialog: figures, tables and traces that it made itself. Nothing is fetched. */
import { basename, dirname, extname, join } from 'node:path';
import { pageAddress } from './addresses.ts';
import type { ElectronApi, Session } from './api.ts';

/** Made by the page: a blob of its own origin, or text in the address. */
const isOwn = (address: string): boolean => address.startsWith(`blob:${pageAddress}`) || address.startsWith('data:');

const typeNames: Readonly<Record<string, string>> = {
  csv: 'Table (CSV)',
  fdscope: 'fdscope session',
  html: 'Report (HTML)',
  json: 'JSON',
  png: 'Picture (PNG)',
  svg: 'Drawing (SVG)',
};

export function saveDownloads(
  session: Pick<Session, 'on'>,
  { app, dialog }: Pick<ElectronApi, 'app' | 'dialog'>,
): void {
  let folder: string | undefined;
  session.on('will-download', (event, item) => {
    if (!isOwn(item.getURL())) {
      event.preventDefault();
      return;
    }
    // The page proposes a name, never a place.
    const name = basename(item.getFilename());
    const type = extname(name).slice(1);
    item.setSaveDialogOptions({
      title: `Save ${name}`,
      defaultPath: join(folder ?? app.getPath('documents'), name),
      filters: type === '' ? [] : [{ name: typeNames[type] ?? type.toUpperCase(), extensions: [type] }],
    });
    item.once('done', (_event, state) => {
      const path = item.getSavePath();
      if (state === 'completed') folder = dirname(path);
      if (state === 'interrupted') {
        dialog.showErrorBox(
          `${name} was not saved`,
          `${path} could not be written: choose a folder with room that you may write to.`,
        );
      }
    });
  });
}
