/** The library of recorded sessions: its list, what people change in it, and files that come from outside. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { Params } from '../../shared/contract/contract.ts';
import { maxUploadPieceBytes, type SessionCard, type SessionList } from '../../shared/contract/sessions.ts';
import { sessionExtension } from '../../shared/session/format.ts';
import type { LabLink } from '../app/link.ts';
import { useLab } from './lab.ts';
import { useNotices } from './notices.ts';

/** Of `btoa`'s argument at once: a call takes only so many arguments. */
const spreadBytes = 8192;

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += spreadBytes) {
    text += String.fromCharCode(...bytes.subarray(at, at + spreadBytes));
  }
  return btoa(text);
}

/** Everything of a card that a search looks at. */
const wordsOf = ({ name, notes, tags, models, scenario, file }: SessionCard): string =>
  [name, notes, file, scenario?.title ?? '', ...tags, ...models].join('\n').toLowerCase();

export const useSessions = defineStore('sessions', () => {
  const lab = useLab();
  const notices = useNotices();
  const library = shallowRef<SessionList>();
  const search = ref('');
  const chosenFile = ref<string>();
  /** A file that comes piece by piece: its name, and the share that is here. */
  const incoming = shallowRef<{ readonly name: string; readonly share: number }>();
  /** Every live run is recorded. */
  const isAutomatic = ref(false);
  let isListing = false;
  let isStale = false;

  const sessions = computed(() => library.value?.sessions ?? []);
  const shown = computed(() => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return sessions.value.filter((card) => words.every((word) => wordsOf(card).includes(word)));
  });
  const chosen = computed(() => sessions.value.find(({ file }) => file === chosenFile.value));

  async function connect(link: LabLink): Promise<void> {
    link.onEvent('sessions.changed', () => void refresh());
    const settings = await lab.attempt((open) => open.request('recording.settings'));
    isAutomatic.value = settings?.automatic ?? false;
    await refresh();
  }

  /** Changes that come while it lists make it list once more, not once each. */
  async function refresh(): Promise<void> {
    isStale = true;
    if (isListing) return;
    isListing = true;
    while (isStale) {
      isStale = false;
      const next = await lab.attempt((open) => open.request('sessions.list'));
      if (next) library.value = next;
    }
    isListing = false;
  }

  function put(card: SessionCard): void {
    if (!library.value) return;
    const others = library.value.sessions.map((each) => (each.file === card.file ? card : each));
    library.value = { ...library.value, sessions: others };
  }

  async function change(file: string, what: Omit<Params<'sessions.change'>, 'file'>): Promise<void> {
    const card = await lab.attempt((open) => open.request('sessions.change', { file, ...what }));
    if (card) put(card);
  }

  async function remove(card: SessionCard): Promise<void> {
    const trashed = await lab.attempt((open) => open.request('sessions.delete', { files: [card.file] }));
    if (!trashed) return;
    const keys = trashed.map(({ key }) => key);
    notices.show('info', `“${card.name}” is deleted.`, { title: 'Undo', run: () => void restore(keys) });
    if (chosenFile.value === card.file) chosenFile.value = undefined;
    await refresh();
  }

  async function restore(keys: readonly string[]): Promise<void> {
    const cards = await lab.attempt((open) => open.request('sessions.restore', { keys: [...keys] }));
    await refresh();
    if (cards?.[0]) chosenFile.value = cards[0].file;
  }

  /** Before the list is asked for anew: whether what was brought had been there, and stays as it is. */
  function tellIfKnown({ file, name }: SessionCard): boolean {
    const isKnown = sessions.value.some((each) => each.file === file);
    if (isKnown) notices.show('info', `“${name}” was in the library already, and is as it was.`);
    return isKnown;
  }

  async function importFile(file: File): Promise<void> {
    if (!file.name.endsWith(sessionExtension)) {
      notices.show('error', `“${file.name}” is no session: sessions are files that end in ${sessionExtension}.`);
      return;
    }
    const upload = crypto.randomUUID();
    const last = Math.max(0, Math.ceil(file.size / maxUploadPieceBytes) - 1);
    for (let piece = 0; piece <= last; piece++) {
      const offset = piece * maxUploadPieceBytes;
      incoming.value = { name: file.name, share: file.size === 0 ? 0 : offset / file.size };
      const answer = await lab.attempt(async (open) => {
        const bytes = new Uint8Array(await file.slice(offset, offset + maxUploadPieceBytes).arrayBuffer());
        const part = { upload, name: file.name, offset, base64: base64Of(bytes), isLast: piece === last };
        return open.request('sessions.upload', part);
      });
      if (!answer) break; // why is shown already
      if (answer.card) {
        if (!tellIfKnown(answer.card)) notices.show('good', `“${answer.card.name}” is in the library.`);
        chosenFile.value = answer.card.file;
      }
    }
    incoming.value = undefined;
    await refresh();
  }

  /** A file of the lab's machine, where the host lets its window name one. Resolves to its name in the library. */
  async function importPath(path: string): Promise<string | undefined> {
    const card = await lab.attempt((open) => open.request('sessions.import', { path }));
    if (!card) return undefined; // why is shown already
    tellIfKnown(card);
    chosenFile.value = card.file;
    await refresh();
    return card.file;
  }

  async function importFiles(files: Iterable<File>): Promise<void> {
    for (const file of files) await importFile(file);
  }

  async function setAutomatic(automatic: boolean): Promise<void> {
    const settings = await lab.attempt((open) => open.request('recording.configure', { automatic }));
    if (settings) isAutomatic.value = settings.automatic;
  }

  return {
    library,
    sessions,
    shown,
    search,
    chosenFile,
    chosen,
    incoming,
    isAutomatic,
    connect,
    refresh,
    change,
    remove,
    restore,
    importPath,
    importFiles,
    setAutomatic,
  };
});
