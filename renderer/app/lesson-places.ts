/** Lessons as places that can be gone to: the palette finds them, and words and conclusions lead there. */
import { useLessons } from '../stores/lessons.ts';
import { usePlaces, type Target } from '../stores/places.ts';

export function useLessonPlaces(): void {
  const lessons = useLessons();
  usePlaces().add(() =>
    lessons.entries.flatMap(({ name, head }): Target[] =>
      head === undefined
        ? []
        : [{ ...{ kind: 'lesson', name, title: head.title, words: head.question }, go: () => lessons.read(name) }],
    ),
  );
}
