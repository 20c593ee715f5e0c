/** The chapters of the lessons, in reading order: from the first socket to a choice of one's own. */
export const lessonChapters = [
  'What is a socket?',
  'Threads, and what a switch costs',
  'Blocking: asleep in the kernel',
  'Non-blocking: asking again and again',
  'One call for many: select, poll, epoll',
  'All of these are synchronous; io_uring is not',
  'One request, many reads: the context by hand',
  'Coroutines: the context kept for you',
  'Choosing, on your own server',
] as const;

/** From 1. */
export const chapterTitle = (chapter: number): string => lessonChapters[chapter - 1] ?? `Chapter ${chapter}`;
