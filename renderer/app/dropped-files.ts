/** Files that are dropped anywhere on the window: sessions join the library, scenarios are opened, others are refused in a sentence. */
import { useEventListener } from '@vueuse/core';
import { useNotices } from '../stores/notices.ts';
import { useScenarioEditor } from '../stores/scenario-editor.ts';
import { useSessions } from '../stores/sessions.ts';
import { useUi } from '../stores/ui.ts';

const isSession = ({ name }: File): boolean => /\.fdscope$/i.test(name);
const isScenario = ({ name }: File): boolean => /\.ya?ml$/i.test(name);

export function useDroppedFiles(): void {
  const notices = useNotices();
  const sessions = useSessions();
  const editor = useScenarioEditor();
  const ui = useUi();

  async function take(files: readonly File[]): Promise<void> {
    const ofSessions = files.filter(isSession);
    const [scenario] = files.filter(isScenario);
    for (const { name } of files.filter((file) => !isSession(file) && !isScenario(file)))
      notices.show('error', `${name} is neither a session (.fdscope) nor a scenario (.yaml): drop one of these.`);
    if (ofSessions.length > 0) {
      ui.screen = 'sessions';
      await sessions.importFiles(ofSessions);
    }
    // The editor has one text; where several come, it is the first.
    if (scenario) await editor.openFile(scenario);
  }

  // A browser shows what is dropped in the page's place, unless somebody takes it.
  useEventListener(window, 'dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
  });
  useEventListener(window, 'drop', (event) => {
    // A screen that takes drops by itself has said so.
    if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    void take([...event.dataTransfer.files]);
  });
}
