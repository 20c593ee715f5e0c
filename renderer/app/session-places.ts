/** Recorded sessions as places that can be gone to. */
import { useOpenSession } from '../screens/sessions/use-open-session.ts';
import { usePlaces } from '../stores/places.ts';
import { useSessions } from '../stores/sessions.ts';
import { useUi } from '../stores/ui.ts';

export function useSessionPlaces(): void {
  const ui = useUi();
  const sessions = useSessions();
  const open = useOpenSession();
  usePlaces().add(() =>
    sessions.sessions.map((card) => ({
      kind: 'session',
      name: card.file,
      title: card.name,
      words: [card.scenario?.title ?? '', card.notes, ...card.tags, ...card.models].join(' '),
      go: () => {
        ui.screen = 'sessions';
        open(card);
      },
    })),
  );
}
