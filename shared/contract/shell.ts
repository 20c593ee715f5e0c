/** What the Electron shell and its page tell each other, beside the lab's contract. Both sides check it. */
import { z } from 'zod';
import { scenarioCardSchema } from './lab.ts';

/** An action of the page as the native menu shows it. */
export const menuCommandSchema = z.strictObject({
  id: z.string().min(1).max(100),
  title: z.string().min(1).max(200),
  group: z.string().min(1).max(50),
  /** As the page names it, such as "Mod+K". The page answers it by itself: the menu only shows it. */
  keys: z.string().max(40).optional(),
  enabled: z.boolean(),
});
export type MenuCommand = z.infer<typeof menuCommandSchema>;

export const menuSchema = z.array(menuCommandSchema).max(500);

/** A file that was chosen in a dialog, named on the command line or opened from the desktop. */
export const openedFileSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('scenario'), card: scenarioCardSchema }),
  z.strictObject({ kind: z.literal('session'), path: z.string() }),
  /** It cannot be opened; the sentence says why. */
  z.strictObject({ kind: z.literal('refused'), sentence: z.string() }),
]);
export type OpenedFile = z.infer<typeof openedFileSchema>;

/** What the preload gives the page. */
export interface ShellBridge {
  /** Asks for a connection. The port comes as a message of the window to itself, whose data is `portHandover`. */
  connect(): void;
  offerCommands(commands: readonly MenuCommand[]): void;
  /** Called with the id of the command that was chosen in the menu. */
  onCommand(listener: (id: string) => void): void;
  chooseFile(): void;
  /** From here on opened files come, also those that were opened before. */
  onOpened(listener: (file: unknown) => void): void;
}
