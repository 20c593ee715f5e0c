/** Opens a session for replay; while a lab runs it says what to do first. */
import type { SessionCard } from '../../../shared/contract/sessions.ts';
import { useLab } from '../../stores/lab.ts';
import { useNotices } from '../../stores/notices.ts';
import { useReplay } from '../../stores/sessions-replay.ts';

export function useOpenSession(): (card: SessionCard) => void {
  const lab = useLab();
  const notices = useNotices();
  const replay = useReplay();
  return (card) => {
    if (!lab.isRunning) {
      void replay.open(card.file);
      return;
    }
    notices.show('warning', 'A lab runs, and its picture would be lost: stop it to open a session.', {
      title: `Stop it and open “${card.name}”`,
      run: () => void lab.stop().then(() => replay.open(card.file)),
    });
  };
}
