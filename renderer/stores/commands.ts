/** Every action by its name and keys: the palette, the shortcuts, the menus and the overlay all read this list. */
import { defineStore } from 'pinia';
import { computed, onScopeDispose, shallowRef } from 'vue';
import { useUi, type Screen } from './ui.ts';

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** Such as "Mod+K", "Shift+1", "Space", "?"; Mod is Cmd on a Mac and Ctrl elsewhere. */
  readonly keys?: readonly string[];
  /** Keys that another part answers while it has the focus: shown, not bound. */
  readonly hintKeys?: readonly string[];
  /** Further words that people search for. */
  readonly words?: string;
  /**
   * Where what it does is seen; everywhere without. Elsewhere its keys do nothing, and whoever finds it in the palette or a
   * menu is taken to the first of them.
   */
  readonly screens?: readonly Screen[];
  readonly isEnabled?: () => boolean;
  readonly run: () => unknown;
}

export const isMac = typeof navigator !== 'undefined' && /mac/i.test(navigator.userAgent);

/** The name of what was pressed, as in Command.keys. Digits go by their place, so that Shift+1 works in every layout. */
export function keyName(event: KeyboardEvent): string {
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  const isSign = digit === undefined && event.key.length === 1 && !/[a-z0-9 ]/i.test(event.key);
  const parts = [
    (isMac ? event.metaKey : event.ctrlKey) ? 'Mod' : '',
    event.altKey ? 'Alt' : '',
    // The sign itself says that Shift was held.
    event.shiftKey && !isSign ? 'Shift' : '',
    digit ?? (event.key === ' ' ? 'Space' : event.key.length === 1 ? event.key.toUpperCase() : event.key),
  ];
  return parts.filter((part) => part !== '').join('+');
}

const keyWords: Readonly<Record<string, string>> = {
  Mod: isMac ? '⌘' : 'Ctrl',
  Shift: '⇧',
  Alt: isMac ? '⌥' : 'Alt',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  Escape: 'Esc',
};
/** The caps to show for one of Command.keys. */
export const keyCaps = (keys: string): readonly string[] =>
  // The plus sign itself is a key, too.
  keys.split(/(?<=.)\+(?=.)/).map((key) => keyWords[key] ?? key);

export const useCommands = defineStore('commands', () => {
  const ui = useUi();
  const isSeen = ({ screens }: Command): boolean => screens?.includes(ui.screen) ?? true;
  const lists = shallowRef<readonly (() => readonly Command[])[]>([]);
  const all = computed(() => lists.value.flatMap((list) => list()));
  const byKey = computed(
    () => new Map(all.value.flatMap((command) => (command.keys ?? []).map((key) => [key, command] as const))),
  );
  const groups = computed(() => {
    const found = new Map<string, Command[]>();
    for (const command of all.value) found.set(command.group, [...(found.get(command.group) ?? []), command]);
    return [...found];
  });

  /** For as long as the calling component or scope lives. Throws where a key or an id is taken. */
  function register(list: () => readonly Command[]): void {
    const clash = list().find(
      (command) => all.value.some(({ id }) => id === command.id) || command.keys?.some((key) => byKey.value.has(key)),
    );
    if (clash) throw new Error(`The command "${clash.id}" takes an id or a key that another one has.`);
    lists.value = [...lists.value, list];
    onScopeDispose(() => (lists.value = lists.value.filter((each) => each !== list)));
  }

  function run(command: Command): void {
    if (!(command.isEnabled?.() ?? true)) return;
    const [place] = command.screens ?? [];
    if (place !== undefined && !isSeen(command)) ui.screen = place;
    void command.run();
  }

  /** Runs the command of a key press, unless it is meant for what has the focus. */
  function press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.repeat) return;
    const name = keyName(event);
    const command = byKey.value.get(name);
    if (!command || !isSeen(command) || belongsToFocus(event.target, name)) return;
    event.preventDefault();
    // A button that was clicked keeps the focus, and Space would press it again.
    if (name === 'Space' && event.target instanceof HTMLElement) event.target.blur();
    run(command);
  }

  return { all, groups, register, run, press };
});

function belongsToFocus(target: EventTarget | null, name: string): boolean {
  if (!(target instanceof HTMLElement) || name.startsWith('Mod+')) return false;
  if (target.closest('[role="dialog"]') || target.isContentEditable) return true;
  // Letters mean nothing to a slider or a box that is ticked.
  if (target.matches('input[type="range"], input[type="checkbox"], input[type="radio"]')) {
    return !/^(Shift\+)?[A-Z?]$/.test(name);
  }
  if (target.matches('input, textarea, select')) return true;
  return (
    name === 'Space' && target.matches('button, summary, [role="tab"], [tabindex]') && target.matches(':focus-visible')
  );
}
