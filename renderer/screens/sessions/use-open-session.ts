/** Opens a session for replay; while a lab runs it says what to do first. Those of the bench open on its own screen. */
import type { SessionCard } from '../../../shared/contract/sessions.ts';
import { useBench } from '../../stores/bench.ts';
import { useLab } from '../../stores/lab.ts';
import { useNotices } from '../../stores/notices.ts';
import { useReplay } from '../../stores/sessions-replay.ts';
import { useUi } from '../../stores/ui.ts';

/** The tag that the lab gives it; no model served. */
const isOfBench = ({ tags, models }: SessionCard): boolean => models.length === 0 && tags.includes('bench');

export function useOpenSession(): (card: SessionCard) => void {
  const bench = useBench();
  const lab = useLab();
  const ui = useUi();
  const notices = useNotices();
  const replay = useReplay();
  return (card) => {
    if (isOfBench(card)) {
      void bench.replay(card.file).then((isShown) => isShown && (ui.screen = 'sockets'));
      return;
    }
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
