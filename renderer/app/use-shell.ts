/** What the page does for the Electron shell: its commands as a native menu, and files that the user opens. */
import { useDebounceFn } from '@vueuse/core';
import { computed, watch } from 'vue';
import { openedFileSchema, type MenuCommand, type OpenedFile, type ShellBridge } from '../../shared/contract/shell.ts';
import { useCommands, type Command } from '../stores/commands.ts';
import { useLab } from '../stores/lab.ts';
import { useNotices } from '../stores/notices.ts';
import { useReplay } from '../stores/sessions-replay.ts';
import { useSessions } from '../stores/sessions.ts';
import { useSetup } from '../stores/setup.ts';
import { useUi } from '../stores/ui.ts';

/** A menu is rebuilt as a whole, so that it waits until changes have settled. */
const settleMs = 200;

const menuEntry = ({ id, title, group, keys, hintKeys, isEnabled }: Command): MenuCommand => {
  const shown = keys?.[0] ?? hintKeys?.[0];
  return { id, title, group, enabled: isEnabled?.() ?? true, ...(shown === undefined ? {} : { keys: shown }) };
};

/**
 * Does nothing in a browser, where there is no bridge. What it returns is to be called when the lab is there: from then on
 * opened files come, which the shell keeps until they are asked for.
 */
export function useShell(bridge: ShellBridge | undefined): () => void {
  if (!bridge) return () => {};
  const commands = useCommands();
  const take = useOpenedFiles();
  commands.register(() => [
    {
      id: 'file.open',
      title: 'Open a session or a scenario …',
      group: 'File',
      keys: ['Mod+O'],
      run: () => bridge.chooseFile(),
    },
  ]);
  // As text, so that only what the menu shows is a change.
  const menu = computed(() => JSON.stringify(commands.all.map(menuEntry)));
  const offer = (): void => bridge.offerCommands(commands.all.map(menuEntry));
  watch(menu, useDebounceFn(offer, settleMs), { immediate: true });
  bridge.onCommand((id) => {
    const command = commands.all.find((each) => each.id === id);
    if (command) commands.run(command);
  });
  let isTaking = false;
  return () => {
    if (isTaking) return;
    isTaking = true;
    bridge.onOpened((file) => {
      const checked = openedFileSchema.safeParse(file);
      if (checked.success) take(checked.data);
    });
  };
}

function useOpenedFiles(): (file: OpenedFile) => void {
  const lab = useLab();
  const notices = useNotices();
  const setup = useSetup();
  const ui = useUi();
  const sessions = useSessions();
  const replay = useReplay();

  async function openSession(path: string): Promise<void> {
    ui.screen = 'sessions';
    const file = await sessions.importPath(path);
    if (file !== undefined) await replay.open(file);
  }

  /** Files that come at once are opened one after the other: all are in the library then, and the last is shown. */
  let opening = Promise.resolve();

  return (file) => {
    switch (file.kind) {
      case 'scenario': {
        const { live, name, title } = file.card;
        setup.take(live, name);
        ui.screen = 'scope';
        // What runs is somebody's experiment: it ends by their word only.
        const restart = { title: 'Restart with it', run: () => void lab.restart(setup.toStart) };
        notices.show('info', `${title} is set.`, lab.isRunning ? restart : undefined);
        break;
      }
      case 'session':
        opening = opening.then(() => openSession(file.path));
        break;
      case 'refused':
        notices.show('error', file.sentence);
    }
  };
}
